/** Where models and servers put their answer if not, as it is, into the content of the message. */
export type Elsewhere =
  | 'thinks'
  | 'thinks-inside'
  | 'fenced'
  | 'prose'
  | 'chunks'
  | 'reasoning-content'
  | 'reasoning'
  | 'tool-call'
  | 'wrapped'
  | 'thinks-too-long';

type Completion = { choices: { message: object; finish_reason: string }[] };

/** A draft as a model that thinks aloud makes it before its answer. */
const DRAFT = '{"headline":"A draft","risks":[],"questions":[],"lean":"deny"}';

/** The completion with its answer put elsewhere. */
export function saidElsewhere(way: Elsewhere, answer: string, completion: Completion): Completion {
  const [choice] = completion.choices;
  return { ...completion, choices: [{ ...choice, ...put(way, answer) }] };
}

function put(way: Elsewhere, answer: string): { message: object; finish_reason: string } {
  const said = (message: object, finish_reason = 'stop') => ({
    message: { role: 'assistant', refusal: null, ...message },
    finish_reason,
  });
  switch (way) {
    case 'thinks':
      return said({ content: `<think>\nA first try: ${DRAFT}\nNo.\n</think>\n\n${answer}` });
    case 'thinks-inside':
      return said({ content: `<think>The braces { of prose. ${answer}</think>` });
    case 'fenced':
      return said({ content: `\`\`\`json\n${answer}\n\`\`\`` });
    case 'prose':
      return said({
        content: `Here is my answer, as {asked}:\n\n${answer}\n\nLet me know if you need more.`,
      });
    case 'chunks':
      return said({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: DRAFT }] },
          { type: 'text', text: answer.slice(0, 9) },
          { type: 'text', text: answer.slice(9) },
        ],
      });
    case 'reasoning-content':
      return said({ content: null, reasoning_content: answer });
    case 'reasoning':
      return said({ content: '', reasoning: `So: ${answer}` });
    case 'tool-call':
      return said({
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'answer', arguments: answer } }],
      });
    case 'wrapped':
      return said({ content: `{"answer": ${answer}}` });
    case 'thinks-too-long':
      return said({ content: '', reasoning_content: 'First I look at each fact. ' }, 'length');
  }
}
