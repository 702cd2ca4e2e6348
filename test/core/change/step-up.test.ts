import { describe, expect, test } from 'vitest';
import { decideOnApprovals } from '../../../src/core/change/approved.ts';
import type { Change } from '../../../src/core/change/change.ts';
import { type Click, type ClickFacts, decideOnClick } from '../../../src/core/change/settle.ts';
import { stepUpEnded } from '../../../src/core/change/step-up.ts';
import type { ChangeId, GrantId } from '../../../src/core/ids.ts';
import type { Verdict } from '../../../src/core/policy/verdict.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import type { StepUpProof } from '../../../src/core/step-up/step-up.ts';
import {
  anybody,
  approver,
  asking,
  asks,
  changeAfter,
  entitlement,
  events,
  later,
  person,
  planOfOne,
  target,
  wayTo,
} from '../given.ts';

const now = later(600);
const wants: Verdict = {
  ...asks,
  holds: [{ needs: 'stepUp', text: 'administration', clause: 'AC-22', rule: 'r' }],
};
const proof: StepUpProof = { at: later(590), acr: 'urn:okta:loa:2fa:any', amr: ['pwd', 'otp'] };
const offered = { id: 'step-up-9', proof: null };
const proven = { id: 'step-up-9', proof };
const two = planOfOne({
  of: 'all',
  quorum: 2,
  slots: [
    { source: 'owner', people: [approver('tom')], pinged: true },
    { source: 'group security', people: [approver('olga'), approver('sam')], pinged: true },
  ],
});
const approve: Click = { id: 'click-9', round: 1, verb: 'approve', seconds: null };
const less: Click = { ...approve, seconds: 3_600 };
const deny: Click = { id: 'click-9', round: 1, verb: 'deny', reason: 'not needed' };
const waiting = { ...events.stepUpAsked.stepUp, id: 'step-up-9', clickId: 'click-9' };
const given = (name: string, stepUp?: StepUpProof) => ({
  by: person(name),
  name,
  at: later(60),
  seconds: null,
  clickId: `click-${name}`,
  ...(stepUp === undefined ? {} : { stepUp }),
});

function facts(rest: Partial<ClickFacts>): ClickFacts {
  return {
    clicker: { id: person('tom'), name: 'tom' },
    plan: anybody,
    verdict: wants,
    entitlement: entitlement(),
    target,
    grantId: 'grant-1' as GrantId,
    revokeId: 'revoke-1' as ChangeId,
    heldUntil: null,
    now,
    ...rest,
  };
}

/** The outcome of a click: the events, or the reason of the refusal. */
function cameTo(change: Change, click: Click, rest: Partial<ClickFacts>): string[] | string {
  const outcome = decideOnClick(change, click, facts(rest));
  return isRefusal(outcome) ? outcome.reason : outcome.map(({ type }) => type);
}

type Row = [
  what: string,
  change: Partial<Change>,
  click: Click,
  facts: Partial<ClickFacts>,
  cameTo: string[] | string,
];

const who = (name: string) => ({ clicker: { id: person(name), name } });

test.each<Row>([
  ['an approver clicks: it waits for their sign-in', {}, approve, { stepUp: offered }, ['stepUpAsked']],
  ['for less time: it waits too', {}, less, { stepUp: offered }, ['stepUpAsked']],
  ['they signed in: it counts', {}, approve, { stepUp: proven }, ['approvalGiven', 'changeApproved']],
  [
    'they signed in, of two: it counts and waits',
    {},
    approve,
    { stepUp: proven, plan: two },
    ['approvalGiven'],
  ],
  [
    'the second of two clicks: it waits for theirs',
    { approvals: [given('tom', proof)] },
    approve,
    { ...who('olga'), stepUp: offered, plan: two },
    ['stepUpAsked'],
  ],
  [
    'the second of two signed in: it is decided',
    { approvals: [given('tom', proof)] },
    approve,
    { ...who('olga'), stepUp: proven, plan: two },
    ['approvalGiven', 'changeApproved'],
  ],
  [
    'one approved before a sign-in was wanted: that counts no more',
    { approvals: [given('tom')] },
    approve,
    { ...who('olga'), stepUp: proven, plan: two },
    ['approvalGiven'],
  ],
  [
    'they approved before a sign-in was wanted: they may again',
    { approvals: [given('tom')] },
    approve,
    { stepUp: offered, plan: two },
    ['stepUpAsked'],
  ],
  [
    'they approved with a sign-in: once is enough',
    { approvals: [given('tom', proof)] },
    approve,
    { stepUp: offered, plan: two },
    'alreadyApprovedByYou',
  ],
  [
    'no sign-in is wanted: none is asked for',
    {},
    approve,
    { verdict: asks, stepUp: offered },
    ['approvalGiven', 'changeApproved'],
  ],
  [
    'no sign-in is wanted and none can be asked for',
    {},
    approve,
    { verdict: asks },
    ['approvalGiven', 'changeApproved'],
  ],
  ['one is wanted and none can be asked for', {}, approve, {}, 'stepUpUnavailable'],
  ['the very same click again, while it waits', { stepUps: [waiting] }, approve, { stepUp: offered }, []],
  [
    'another click, while one waits: another link',
    { stepUps: [waiting] },
    { ...approve, id: 'click-10' },
    { stepUp: { id: 'step-up-10', proof: null } },
    ['stepUpAsked'],
  ],
  [
    'the click that waits, signed in',
    { stepUps: [waiting] },
    approve,
    { stepUp: proven },
    ['approvalGiven', 'changeApproved'],
  ],
  ['the requester signs in for their own', {}, approve, { ...who('ines'), stepUp: proven }, 'selfApproval'],
  ['somebody who is no approver signs in', {}, approve, { ...who('nadia'), stepUp: proven }, 'notAnApprover'],
  [
    'somebody who is no approver clicks: nobody is sent to sign in',
    {},
    approve,
    { ...who('nadia'), stepUp: offered },
    'notAnApprover',
  ],
  ['signed in on a card that was put anew', { round: 2 }, approve, { stepUp: proven }, 'staleCard'],
  ['signed in after it lapsed', { lapsesAt: later(599) }, approve, { stepUp: proven }, 'alreadySettled'],
  [
    'signed in, and policy no longer allows it',
    {},
    approve,
    { verdict: { ...wants, effect: 'refuse' }, stepUp: proven },
    'notEligible',
  ],
  [
    'signed in, and it left the catalogue',
    {},
    approve,
    { entitlement: null, stepUp: proven },
    'entitlementUnavailable',
  ],
  ['denying needs no sign-in', {}, deny, { stepUp: offered }, ['changeDenied']],
  ['denying needs no provider', {}, deny, {}, ['changeDenied']],
  [
    'what was found is kept: that gives it, so it waits',
    { cause: 'finding', requesterId: null },
    approve,
    { stepUp: offered },
    ['stepUpAsked'],
  ],
  [
    'what was found is taken away: no sign-in',
    { cause: 'finding', requesterId: null },
    deny,
    { stepUp: offered },
    ['changeDenied', 'changeReceived', 'changeApproved'],
  ],
])('%s', (_what, change, click, rest, expected) => {
  expect(cameTo(asking(change), click, rest)).toEqual(expected);
});

test('the approval carries how they signed in, and the click waits for five minutes', () => {
  const [approved] = decideOnClick(asking(), approve, facts({ stepUp: proven })) as never[];
  expect(approved).toMatchObject({ approval: { by: person('tom'), stepUp: proof } });
  const [asked] = decideOnClick(asking(), approve, facts({ stepUp: offered })) as never[];
  expect(asked).toMatchObject({
    stepUp: { id: 'step-up-9', by: person('tom'), clickId: 'click-9', askedAt: now, expiresAt: later(900) },
  });
});

test('approvals given without a sign-in never decide by themselves what wants one', () => {
  const of = (...approvals: Change['approvals']) =>
    decideOnApprovals(asking({ approvals }), {
      plan: anybody,
      verdict: wants,
      entitlement: entitlement(),
      target,
      grantId: 'grant-1' as GrantId,
      heldUntil: null,
      now,
    }).map(({ type }) => type);
  expect(of(given('tom'))).toEqual([]);
  expect(of(given('tom', proof))).toEqual(['changeApproved']);
});

describe('that it waits no longer is said', () => {
  const ended = { id: 'step-up-9', why: 'otherPerson' as const, signedInAs: '00uines' };

  test('on the change, with whom the provider named', () => {
    expect(stepUpEnded(asking({ stepUps: [waiting] }), ended, now)).toMatchObject([
      {
        type: 'stepUpEnded',
        stepUpId: 'step-up-9',
        by: person('tom'),
        why: 'otherPerson',
        signedInAs: '00uines',
      },
    ]);
  });

  test.each([
    ['of one that does not wait', asking()],
    ['of one that was clicked again', asking({ stepUps: [{ ...waiting, id: 'another' }] })],
    ['of what is decided', { ...changeAfter(...wayTo.denied), stepUps: [waiting] }],
  ])('and not %s', (_what, change) => {
    expect(stepUpEnded(change, ended, now)).toEqual([]);
  });
});
