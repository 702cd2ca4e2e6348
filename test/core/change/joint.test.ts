import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import { meantInThread } from '../../../src/core/change/joint.ts';

type Part = Pick<Change, 'state' | 'questions'> & { n: number };

function part(
  n: number,
  state: Change['state'],
  asked: (readonly [minute: number, isAnswered: boolean])[] = [],
): Part {
  const said = (minute: number) => ({
    by: 'p' as never,
    name: 'Olga',
    at: new Date(Date.UTC(2026, 0, 1, 12, minute)),
    text: 'Why?',
    clickId: `c${minute}`,
  });
  const questions = asked.map(([minute, isAnswered], i) => ({
    id: i + 1,
    ...said(minute),
    answers: isAnswered ? [said(minute + 1)] : [],
  }));
  return { n, state, ...(questions.length === 0 ? {} : { questions }) };
}

describe('which part is meant by words in the thread about all of them', () => {
  test.each([
    [
      'the question that is open longest',
      [part(0, 'asking', [[9, false]]), part(1, 'asking', [[3, false]])],
      1,
    ],
    ['none of what is decided', [part(0, 'denied', [[3, false]]), part(1, 'asking', [[9, false]])], 1],
    [
      'an open question before one that is answered',
      [part(0, 'asking', [[3, true]]), part(1, 'asking', [[9, false]])],
      1,
    ],
    [
      'what was asked about last, once all is answered',
      [part(0, 'asking', [[3, true]]), part(1, 'asking', [[9, true]])],
      1,
    ],
    [
      'the first that waits, where nobody asked anything',
      [part(0, 'inEffect'), part(1, 'asking'), part(2, 'asking')],
      1,
    ],
    ['the first, where nothing waits any more', [part(0, 'ended'), part(1, 'denied')], 0],
  ] as const)('%s', (_what, parts, n) => {
    expect(meantInThread(parts)?.n).toBe(n);
  });
});
