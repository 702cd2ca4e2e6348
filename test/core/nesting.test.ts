import { expect, test } from 'vitest';
import { nestsDeeperThan } from '../../src/core/nesting.ts';

test.each<[text: string, limit: number, is: boolean]>([
  ['{"a":1}', 1, false],
  ['{"a":{}}', 1, true],
  ['[[1],[2],[3]]', 2, false],
  ['[{},{},{}]', 2, false],
  ['[[1],[2],[[3]]]', 2, true],
  ['{"a":[{}]}', 2, true],
  ['{"a":[1]}', 2, false],
  // Brackets inside a string nest nothing, whatever is escaped in it.
  ['{"a":"[[[{{{"}', 1, false],
  ['{"a":"\\"[[["}', 1, false],
  ['{"a":"\\\\","b":[{}]}', 2, true],
  ['', 0, false],
])('%s nests deeper than %i: %s', (text, limit, is) => {
  expect(nestsDeeperThan(text, limit)).toBe(is);
});
