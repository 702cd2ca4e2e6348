import { describe, expect, test } from 'vitest';
import { type AnswerMessage, answerIn } from '../../src/model/answer-json.ts';

const fits = (value: unknown) =>
  typeof value === 'object' && value !== null && 'lean' in value ? (value as { lean: string }) : undefined;
const found = (message: AnswerMessage) => answerIn(message, fits)?.lean;
const said = (content: unknown) => found({ content });

describe('the answer is found', () => {
  test.each([
    ['as it is', '{"lean":"deny"}'],
    ['with blanks around it', '\n  {"lean":"deny"}\n'],
    ['already taken apart', { lean: 'deny' }],
    ['in a fence', '```json\n{"lean":"deny"}\n```'],
    ['in a fence without a name', '```\n{"lean":"deny"}\n```'],
    ['in a fence that is never closed', '```json\n{"lean":"deny"}'],
    ['with a fence in one of its texts', '{"lean":"deny","text":"```x``` {"}'],
    ['after an empty fence', '```json\n```\n{"lean":"deny"}'],
    ['after thoughts', '<think>{"lean":"approve"}</think>{"lean":"deny"}'],
    ['after thoughts that only end', 'First I look at {this}.\n</think>\n\n{"lean":"deny"}'],
    ['after thoughts in another mark', '[THINK]{"lean":"approve"}[/THINK]{"lean":"deny"}'],
    ['in thoughts, where nothing else is said', '<think>So: {"lean":"deny"}</think>'],
    ['in thoughts that never end', '<think>So: {"lean":"deny"}'],
    ['after another', 'First {"lean":"approve"}, no: {"lean":"deny"}'],
    ['after braces of prose', 'Given {facts and so on, it is {"lean":"deny"} }'],
    ['in a list', '[{"lean":"deny"}]'],
    ['in a wrapping', '{"answer":{"lean":"deny"}}'],
    [
      'in chunks',
      [
        { type: 'text', text: '{"lean":' },
        { type: 'text', text: '"deny"}' },
      ],
    ],
    ['in chunks of text alone', ['{"lean":', '"deny"}']],
    ['after a chunk of thoughts', [{ thinking: '{"lean":"approve"}' }, { text: '{"lean":"deny"}' }]],
    ['in a chunk of thoughts', [{ type: 'thinking', thinking: [{ type: 'text', text: '{"lean":"deny"}' }] }]],
  ])('%s', (_how, content) => {
    expect(said(content)).toBe('deny');
  });

  test.each<[string, AnswerMessage]>([
    ['in reasoning_content', { content: null, reasoning_content: '{"lean":"deny"}' }],
    ['in reasoning', { content: '', reasoning: 'So {"lean":"deny"}' }],
    [
      'in the content rather than in the reasoning',
      { content: '{"lean":"deny"}', reasoning: '{"lean":"approve"}' },
    ],
    ['in a call', { content: null, tool_calls: [{ function: { arguments: '{"lean":"deny"}' } }] }],
    [
      'in a call, taken apart',
      { content: null, tool_calls: [{ function: { arguments: { lean: 'deny' } } }] },
    ],
  ])('%s', (_how, message) => {
    expect(found(message)).toBe('deny');
  });
});

describe('nothing is made of', () => {
  test.each([
    ['prose', 'I lean to deny.'],
    ['half an answer', '{"risks":[],"lean":"de'],
    ['an object in a text of an object', '{"text":"{\\"lean\\":\\"approve\\"}","more":1}'],
    ['nothing', ''],
    ['null', null],
    ['a number', 7],
    ['another shape', '{"verdict":"fine","score":7}'],
  ])('%s', (_what, content) => {
    expect(said(content)).toBeUndefined();
  });

  test('no message', () => {
    expect(answerIn(undefined, fits)).toBeUndefined();
    expect(answerIn(null, fits)).toBeUndefined();
  });

  test('braces without end, soon', () => {
    const startedMs = performance.now();
    expect(said('{'.repeat(64 * 1024))).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});
