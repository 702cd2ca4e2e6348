import { expect, test } from 'vitest';
import { nameKey } from '../../src/core/name-key.ts';

test.each([
  ['Anypoint-Orders', 'anypoint-orders'],
  ['ＯＲＤＥＲＳ', 'orders'],
  ['orders\u3000read', 'orders read'],
  ['ΟΔΟΣ', 'οδοσ'],
  ['ς', 'σ'],
  ['Cafe\u0301', 'café'],
  ['ﬁn', 'ﬁn'],
])('%s goes by %s', (name, key) => {
  expect(nameKey(name)).toBe(key);
});
