import { describe, expect, test } from 'vitest';
import {
  type Emergency,
  mayBreakGlass,
  refusedByRules,
  refuseEmergency,
  reviewDueAt,
  reviewEmergency,
} from '../../../src/core/break-glass/break-glass.ts';
import type { BreakGlassRule } from '../../../src/core/policy/catalogue.ts';
import { later, person, T0 } from '../given.ts';

const rule: BreakGlassRule = { for: { onCall: true }, maxSeconds: 3_600, perDay: 2 };
const erik = { email: 'erik@acme.example', department: 'Orders' };

describe('who may take it at once', () => {
  test.each<[what: string, who: BreakGlassRule['for'], isOnCall: boolean, isInGroup: boolean, may: boolean]>([
    ['on call, and the rule names who is on call', { onCall: true }, true, false, true],
    ['not on call', { onCall: true }, false, true, false],
    [
      'on call, and the rule does not name who is on call',
      { people: ['olga@acme.example'] },
      true,
      true,
      false,
    ],
    ['by name', { people: ['ERIK@acme.example'] }, false, false, true],
    ['by department', { departments: ['Orders'] }, false, false, true],
    ['of another department', { departments: ['Payments'] }, false, false, false],
    ['in the group', { group: 'incident-managers' }, false, true, true],
    ['in no group', { group: 'incident-managers' }, true, false, false],
    ['one of several is enough', { departments: ['Payments'], onCall: true }, true, false, true],
    ['nobody is named', {}, true, true, false],
  ])('%s', (_what, who, isOnCall, isInGroup, may) => {
    expect(mayBreakGlass({ ...rule, for: who }, { person: erik, isOnCall, isInGroup })).toBe(may);
  });
});

describe('an emergency does not do without the rules', () => {
  const grounds = [{ text: 'production is frozen', clause: 'AC-9' }];
  test.each<[what: string, verdict: Parameters<typeof refusedByRules>[0], says: RegExp | null]>([
    ['a person would decide', { effect: 'ask', grounds: [] }, null],
    ['it would be approved by rule', { effect: 'autoApprove', grounds: [] }, null],
    ['a rule forbids it', { effect: 'refuse', grounds }, /not in an emergency either: production is frozen/],
    [
      'a rule can’t be evaluated',
      { effect: 'ask', grounds: [], unsure: ['freeze: no such attribute'] },
      /might forbid/,
    ],
  ])('%s', (_what, verdict, says) => {
    const refusal = refusedByRules(verdict, { email: 'olga@acme.example' });
    if (says === null) expect(refusal).toBeNull();
    else expect(refusal?.text).toMatch(says);
  });
});

describe('an emergency', () => {
  const asked = { reason: 'orders are lost', seconds: 3_600, used: 0, heldUntil: null };
  test.each<[what: string, of: Partial<Parameters<typeof refuseEmergency>[2]>, reason: string | null]>([
    ['is taken', {}, null],
    ['is taken for less', { seconds: 60 }, null],
    ['is taken a second time', { used: 1 }, null],
    ['is not taken a third time', { used: 2 }, 'emergencyTooOften'],
    ['is no longer than the rule says', { seconds: 3_601 }, 'durationTooLong'],
    ['is no time at all', { seconds: 0 }, 'durationTooLong'],
    ['says what is broken', { reason: '  help     ' }, 'reasonMissing'],
    ['is of no use to whoever has it', { heldUntil: later(60) }, 'alreadyHeld'],
  ])('%s', (_what, of, reason) => {
    expect(refuseEmergency('Deploy', rule, { ...asked, ...of })?.reason ?? null).toBe(reason);
  });
});

describe('its review', () => {
  const emergency: Emergency = {
    changeId: 'c',
    personId: person('erik'),
    openedAt: T0,
    review: null,
    clock: null,
  };
  const said = { found: 'justified' as const, comment: ' orders were lost ', clickId: 'click-1' };
  const olga = { id: person('olga'), name: 'Olga', mayReview: true };
  const done = {
    found: 'justified' as const,
    by: olga.id,
    name: 'Olga',
    at: T0,
    comment: 'x',
    clickId: 'click-1',
  };

  test('is what somebody else says, with why', () => {
    expect(reviewEmergency(emergency, said, olga, later(9))).toEqual({
      found: 'justified',
      by: olga.id,
      name: 'Olga',
      at: later(9),
      comment: 'orders were lost',
      clickId: 'click-1',
    });
  });

  test.each<[what: string, of: Emergency, by: Partial<typeof olga>, comment: string, reason: string]>([
    ['is nobody’s own, an admin’s neither', emergency, { id: person('erik') }, 'x', 'selfApproval'],
    ['is not everybody’s', emergency, { mayReview: false }, 'x', 'notAnApprover'],
    ['says why', emergency, {}, '   ', 'reasonMissing'],
    ['is given once', { ...emergency, review: { ...done, clickId: 'before' } }, {}, 'x', 'alreadySettled'],
  ])('%s', (_what, of, by, comment, reason) => {
    expect(reviewEmergency(of, { ...said, comment }, { ...olga, ...by }, later(9))).toMatchObject({ reason });
  });

  test('counts once however often its click comes', () => {
    expect(reviewEmergency({ ...emergency, review: done }, said, olga, later(9))).toBeNull();
  });

  test.each([
    ['2026-03-02T09:00:00Z', '2026-03-04T09:00:00Z'],
    ['2026-03-05T09:00:00Z', '2026-03-09T09:00:00Z'],
    ['2026-03-06T23:00:00Z', '2026-03-10T23:00:00Z'],
    ['2026-03-07T09:00:00Z', '2026-03-10T09:00:00Z'],
  ])('of what was taken at %s is due at %s: two working days', (taken, due) => {
    expect(reviewDueAt(new Date(taken))).toEqual(new Date(due));
  });
});
