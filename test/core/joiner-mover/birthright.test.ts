import { describe, expect, test } from 'vitest';
import type { EntitlementKey } from '../../../src/core/ids.ts';
import { fateOf, outgrown } from '../../../src/core/joiner-mover/birthright.ts';
import type { Conflict } from '../../../src/core/policy/separation.ts';
import type { Verdict } from '../../../src/core/policy/verdict.ts';
import { asks, entitlement } from '../given.ts';

const hold = { text: 'a trainee', clause: 'AC-8', needs: 'person' } as const;
const conflict: Conflict = {
  with: 'payments-api-read' as EntitlementKey,
  title: 'Payments API',
  how: 'held',
  because: null,
  text: 'kept apart',
};

describe('what becomes of what rules would give', () => {
  test.each<[string, Verdict, ReturnType<typeof fateOf>]>([
    ['allowed by rule', { effect: 'autoApprove', grounds: [] }, 'given'],
    ['forbidden to ask for', { effect: 'refuse', grounds: [] }, 'withheld'],
    ['forbidden to be given by rule', asks, 'withheld'],
    ['held', { ...asks, holds: [hold] }, 'asked'],
    ['must be kept apart from what they have', { ...asks, conflicts: [conflict] }, 'asked'],
    ['can’t be evaluated', { ...asks, unsure: ['a rule: needs the hour, which is not known'] }, 'asked'],
    ['nothing out of the ordinary', { ...asks, holds: [], conflicts: [], unsure: [] }, 'withheld'],
    ['forbidden, though also held', { effect: 'refuse', grounds: [], holds: [hold] }, 'withheld'],
  ])('%s: %s', (_, verdict, fate) => {
    expect(fateOf(verdict)).toBe(fate);
  });

  test('who has moved meanwhile does not get it any more; a request is another matter', () => {
    const given = entitlement({ birthright: { departments: ['Support'] } });
    expect(outgrown({ cause: 'birthright' }, given, 'Support')).toBeNull();
    expect(outgrown({ cause: 'renewal' }, given, 'Sales')).toBe('rules do not give it in Sales');
    expect(outgrown({ cause: 'birthright' }, given, null)).toBe('rules do not give it without a department');
    expect(outgrown({ cause: 'request' }, given, 'Sales')).toBeNull();
  });
});
