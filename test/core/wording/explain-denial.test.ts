import { expect, test } from 'vitest';
import { type ChangeState, lifeCycle } from '../../../src/core/change/life-cycle.ts';
import { whyInWords } from '../../../src/core/wording/explain-denial.ts';
import { changeAfter, wayTo } from '../given.ts';

const told = (state: ChangeState) => whyInWords(changeAfter(...wayTo[state]), 'Orders API');

test.each(Object.keys(lifeCycle) as ChangeState[])('%s: whole sentences, nothing missing', (state) => {
  const lines = told(state);
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) {
    expect(line).toMatch(/[.!?]$|^Their reason: /);
    expect(line).not.toMatch(/undefined|null|\[object/);
  }
});

test('a denial names who and the reason, and what the rules said with their clauses', () => {
  const text = told('denied').join(' ');
  expect(text).toMatch(/tom denied it\./);
  expect(text).toContain('What the rules said: tier medium (AC-3).');
  expect(text).toContain('ask again with /access');
});

test('a refusal by rule says that nobody was asked', () => {
  const text = told('refused').join(' ');
  expect(text).toContain('refused by rule, so nobody was asked');
  expect(text).toContain('Not open to you.');
  expect(text).toContain('Ask the owner.');
});
