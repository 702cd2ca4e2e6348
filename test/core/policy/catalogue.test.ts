import { describe, expect, test } from 'vitest';
import {
  approversTaken,
  isForSomebody,
  isSameGroupName,
  mayRequest,
  sameEmail,
} from '../../../src/core/policy/catalogue.ts';
import { ruleOfOne } from '../given.ts';

describe('how many it takes by the catalogue', () => {
  const sources = [{ manager: true }, { owner: true }] as const;
  test.each([
    ['any', 1, 1],
    ['any', 3, 3],
    ['all', 1, 2],
    ['all', 3, 3],
  ] as const)('%s of two, %i: %i', (of, quorum, taken) => {
    expect(approversTaken(ruleOfOne(of, quorum, ...sources))).toBe(taken);
  });
});

describe('there can be somebody who may request it', () => {
  test.each([
    ['everyone' as const, true],
    [{ departments: ['Orders'] }, true],
    [{ people: ['ines@acme.example'] }, true],
    [{ departments: [], people: ['ines@acme.example'] }, true],
    [{ departments: [], people: [] }, false],
    [{}, false],
  ])('%j: %s', (who, is) => {
    expect(isForSomebody(who)).toBe(is);
  });
});

test('who has no department is in none, and still somebody by name', () => {
  const nobody = { email: 'ines@acme.example', department: null };
  expect(mayRequest({ departments: ['Orders'] }, nobody)).toBe(false);
  expect(mayRequest({ people: ['ines@acme.example'] }, nobody)).toBe(true);
  expect(mayRequest({ people: ['tom@acme.example', 'ines@acme.example'] }, nobody)).toBe(true);
  expect(mayRequest({ people: ['tom@acme.example'] }, { ...nobody, department: 'Orders' })).toBe(false);
});

test('groups go by their name in any case and form, addresses in any case', () => {
  expect(isSameGroupName('anypoint-orders', 'anypoint-orders')).toBe(true);
  expect(isSameGroupName('Anypoint-Orders', 'anypoint-ＯRDERS')).toBe(true);
  expect(isSameGroupName('Cafe\u0301', 'café')).toBe(true);
  expect(isSameGroupName('ΟΔΟΣ', 'οδος')).toBe(true);
  expect(isSameGroupName('anypoint-orders', 'anypoint-order')).toBe(false);
  expect(sameEmail('Ines@ACME.example', 'ines@acme.example')).toBe(true);
  expect(sameEmail('ines@acme.example', 'ines@acme.example.org')).toBe(false);
});
