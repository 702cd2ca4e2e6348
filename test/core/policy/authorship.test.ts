import { describe, expect, test } from 'vitest';
import { decideOnClick } from '../../../src/core/change/settle.ts';
import { authorshipOf, type Coverage } from '../../../src/core/policy/authorship.ts';
import { type ApproverPlan, isApproved, withAuthorKnown } from '../../../src/core/policy/routing.ts';
import {
  approvedBy,
  approver,
  asking,
  asks,
  entitlement,
  later,
  person,
  planOfOne,
  target,
} from '../given.ts';

const noticed = later(0);
const log = (rest: Partial<NonNullable<Coverage>> = {}): Coverage => ({
  coveredTo: null,
  refusedAt: null,
  ...rest,
});

describe('who did what was found', () => {
  test.each<
    [
      given: string,
      isTold: boolean,
      eventSources: { log: Coverage; isHooked: boolean },
      seconds: number,
      is: string,
    ]
  >([
    ['an event source has told', true, { log: null, isHooked: false }, 0, 'told'],
    [
      'the log was not read since',
      false,
      { log: log({ coveredTo: later(-1) }), isHooked: false },
      1,
      'awaited',
    ],
    [
      'it was read at once, and is written a little later',
      false,
      { log: log({ coveredTo: later(4) }), isHooked: true },
      5,
      'awaited',
    ],
    [
      'it was read since and does not say',
      false,
      { log: log({ coveredTo: later(5) }), isHooked: true },
      6,
      'untold',
    ],
    ['it can’t be read, and it is early', false, { log: log(), isHooked: false }, 599, 'awaited'],
    ['it can’t be read for ten minutes', false, { log: log(), isHooked: true }, 600, 'untold'],
    ['it is refused', false, { log: log({ refusedAt: later(-9) }), isHooked: false }, 0, 'untold'],
    [
      'it is refused, but a hook tells',
      false,
      { log: log({ refusedAt: later(-9) }), isHooked: true },
      0,
      'awaited',
    ],
    ['there is none', false, { log: null, isHooked: false }, 0, 'untold'],
    ['there is none, but a hook tells', false, { log: null, isHooked: true }, 599, 'awaited'],
    ['there is none, and the hook told nothing', false, { log: null, isHooked: true }, 600, 'untold'],
  ])('given %s', (_given, isTold, eventSources, seconds, is) => {
    expect(authorshipOf(isTold, noticed, eventSources, later(seconds)).is).toBe(is);
  });
});

test.each<[why: string, eventSources: Parameters<typeof authorshipOf>[2]]>([
  [
    'the log of the identity provider does not say so far who did it, which can take some minutes there',
    { log: log({ coveredTo: later(900) }), isHooked: false, isLogLate: true },
  ],
  [
    'the log of the identity provider does not say who did it',
    { log: log({ coveredTo: later(900) }), isHooked: false },
  ],
  ['there is no log of the identity provider that says who did it', { log: null, isHooked: true }],
  [
    'the identity provider does not let Latchkey read its log of who did it',
    { log: log({ refusedAt: later(1) }), isHooked: true },
  ],
  [
    'the log of the identity provider that says who did it could not be read in time',
    { log: log(), isHooked: true },
  ],
])('nobody will tell, for %s', (why, eventSources) => {
  expect(authorshipOf(false, noticed, eventSources, later(900))).toEqual({ is: 'untold', why });
});

test('it is awaited for ten minutes', () => {
  expect(authorshipOf(false, noticed, { log: log(), isHooked: false }, later(1))).toEqual({
    is: 'awaited',
    until: later(600).toISOString(),
  });
});

describe('while that is awaited', () => {
  const plan = planOfOne(
    { slots: [{ source: 'owner', people: [approver('olga')], pinged: true }] },
    { author: { is: 'awaited', until: later(600).toISOString() }, revert: [approver('sam')] },
  );
  const facts = (name: string, rest: Partial<ApproverPlan> = {}) => ({
    clicker: { id: person(name), name },
    plan: { ...plan, ...rest },
    verdict: asks,
    entitlement: entitlement(),
    target,
    grantId: 'g' as never,
    revokeId: 'r' as never,
    heldUntil: null,
    now: later(60),
  });
  const change = asking({ cause: 'finding', requesterId: null });
  const keep = { id: 'c', round: 1, verb: 'approve', seconds: null } as const;
  const revert = { id: 'c', round: 1, verb: 'deny', reason: 'nobody asked' } as const;
  const types = (outcome: unknown) => (outcome as { type: string }[]).map((event) => event.type);

  test('nobody’s word is enough to keep it', () => {
    expect(isApproved(plan, approvedBy('olga'))).toBe(false);
    expect(isApproved(withAuthorKnown(plan), approvedBy('olga'))).toBe(true);
    expect(types(decideOnClick(change, keep, facts('olga')))).toEqual(['approvalGiven']);
  });

  test('it is taken away at once, also by who may only do that', () => {
    for (const name of ['olga', 'sam'])
      expect(types(decideOnClick(change, revert, facts(name)))[0]).toBe('changeDenied');
    expect(decideOnClick(change, keep, facts('sam'))).toMatchObject({ reason: 'notAnApprover' });
  });
});
