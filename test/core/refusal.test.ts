import { expect, test } from 'vitest';
import { isRefusal, refuse } from '../../src/core/refusal.ts';

test('a refusal is told from everything else', () => {
  const refusal = refuse('notEligible', 'Not open to you.', 'Ask the owner.');
  expect(refusal).toEqual({
    refused: true,
    reason: 'notEligible',
    text: 'Not open to you.',
    next: 'Ask the owner.',
  });
  expect(isRefusal(refusal)).toBe(true);
  for (const other of [null, undefined, 'refused', [], {}, { refused: false }, { refused: 'yes' }])
    expect(isRefusal(other)).toBe(false);
});
