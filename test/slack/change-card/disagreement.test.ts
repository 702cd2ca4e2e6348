import { expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/policy/verdict.ts';
import { disagreement } from '../../../src/slack/change-card/disagreement.ts';

const verdict = (more: Partial<Verdict> = {}): Verdict => ({ effect: 'ask', grounds: [], ...more });
const held = verdict({ holds: [{ needs: 'secondApprover', text: 'kept apart', clause: 'AC-10' }] });

test.each([
  ['it would approve what rules hold', held, 'approve', 'The rules stand.'],
  [
    'it would approve what no rule could be evaluated for',
    verdict({ unsure: ['a fact is missing'] }),
    'approve',
    'The rules stand.',
  ],
  ['it would deny what rules gave', verdict({ effect: 'autoApprove' }), 'deny', 'The rules stand.'],
  ['it would deny what no rule speaks against', verdict(), 'deny', 'It is yours to decide.'],
] as const)('%s: said, with who has the last word', (_what, ruled, lean, words) => {
  expect(disagreement(ruled, lean)).toContain('disagree');
  expect(disagreement(ruled, lean)).toContain(words);
});

test.each([
  [verdict(), 'approve'],
  [held, 'deny'],
  [held, 'ask more'],
  [verdict(), 'ask more'],
  [null, 'deny'],
] as const)('where they agree, or there is nothing to compare, nothing is said', (ruled, lean) => {
  expect(disagreement(ruled, lean)).toBeNull();
});
