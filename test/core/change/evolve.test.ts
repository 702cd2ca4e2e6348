import { describe, expect, test } from 'vitest';
import type { Change, GrantTerms } from '../../../src/core/change/change.ts';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import { shownOf } from '../../../src/core/change/shown.ts';
import type { ChangeId } from '../../../src/core/ids.ts';
import { clockOfStage } from '../../../src/core/policy/ladder.ts';
import {
  anybody,
  asks,
  changeAfter,
  decision,
  entitlement,
  events,
  later,
  person,
  T0,
  target,
  wayTo,
} from '../given.ts';

test('what is received is kept whole, and nothing has happened to it yet', () => {
  const { type: _, changeId, at, actor: __, ...received } = events.changeReceived;
  const bare: Change = {
    ...received,
    id: changeId,
    requestedAt: at,
    state: 'received',
    version: 1,
    round: 0,
    remindedAt: null,
    plan: null,
    verdict: null,
    approvals: [],
    decision: null,
    grant: null,
    refusal: null,
    legs: { decidedAt: null, idpWrittenAt: null, scimPushedAt: null, deliveredAt: null, seenAt: null },
    late: null,
    signedInAt: null,
    failure: null,
    endingWarnedAt: null,
    ended: null,
    inEffectNote: null,
    revokeId: null,
    partOf: null,
  };
  expect(evolve(null, events.changeReceived)).toEqual(bare);
  expect(evolve(null, { ...events.changeReceived, partOf: 'mass-1' })).toEqual({ ...bare, partOf: 'mass-1' });
});

test('what can’t happen is said', () => {
  expect(() => evolve(changeAfter('changeReceived'), events.changeSeen)).toThrow(
    "changeSeen can't happen to a change that is received",
  );
});

test('it is received once', () => {
  expect(() => evolve(changeAfter('changeReceived'), events.changeReceived)).toThrow(/received twice/);
});

describe('each event leaves this on the change, and everything else as it was', () => {
  const at = later(77);
  const asking = changeAfter(...wayTo.asking);
  const clock = clockOfStage(0, T0);
  const verifying = changeAfter(...wayTo.verifying);
  const late = changeAfter(...wayTo.late);
  const lateAndCleared = { ...verifying, late: { leg: 'delivery' as const, why: 'slow', at, clearedAt: at } };
  const waiting = changeAfter(...wayTo.awaitingSignIn);
  const inEffect = changeAfter(...wayTo.inEffect);
  const granted = inEffect.grant as GrantTerms;
  const shown = shownOf(entitlement(), target, asks);
  const denied = decision('denied');
  const olgaWaits = { ...events.stepUpAsked.stepUp, id: 'step-up-2', by: person('olga'), name: 'olga' };

  test.each<[what: string, before: Change, event: ChangeEvent, leaves: Partial<Change>]>([
    [
      'refused',
      changeAfter('changeReceived'),
      events.requestRefused,
      { state: 'refused', refusal: events.requestRefused.refusal, verdict: null },
    ],
    [
      'refused by the rules',
      changeAfter('changeReceived'),
      { ...events.requestRefused, verdict: asks },
      { state: 'refused', refusal: events.requestRefused.refusal, verdict: asks },
    ],
    [
      'asked, with what the card shows',
      { ...changeAfter('changeReceived'), remindedAt: at },
      { ...events.approversAsked, shown },
      {
        state: 'asking',
        plan: anybody,
        verdict: asks,
        round: 1,
        sameSince: 1,
        lapsesAt: later(3_600),
        target,
        shown,
        clock,
      },
    ],
    [
      'asked anew',
      { ...changeAfter(...wayTo.asking, 'approvalGiven'), remindedAt: at },
      { ...events.approversAsked, round: 2, lapsesAt: null, isAnew: true },
      { round: 2, sameSince: 2, lapsesAt: null, approvals: [], remindedAt: null },
    ],
    [
      'reminded',
      asking,
      { ...events.approversReminded, at },
      {
        remindedAt: at,
        clock: { ...clock, reminders: [{ at, people: events.approversReminded.people }] },
      },
    ],
    [
      'warned of the next tier',
      asking,
      { ...events.approversWarned, at },
      { clock: { ...clock, warned: { at, nextAt: later(1_800), next: 'the owner' } } },
    ],
    [
      'escalated, and to be warned of the next',
      { ...asking, clock: { ...clock, warned: { at, nextAt: at, next: null } } },
      { ...events.approversEscalated, at },
      { clock: { ...clock, rungs: [1], climbed: { at, to: 'the owner', why: 'noAnswer' } } },
    ],
    [
      'waiting for the next stage, which has a clock of its own',
      { ...asking, clock: { ...clock, rungs: [2] } },
      { ...events.stageOpened, at },
      { lapsesAt: later(7_200), clock: { ...clock, stage: 1, askedAt: at, rungs: [2] } },
    ],
    [
      'put to others, whose time to answer begins then',
      { ...asking, clock: { ...clock, rungs: [2] } },
      { ...events.approversAsked, at, round: 2 },
      { round: 2, clock: { ...clock, askedAt: at } },
    ],
    [
      'nudged',
      asking,
      { ...events.approversNudged, at },
      { nudges: [{ by: events.approversNudged.by.id, name: 'tom', at }] },
    ],
    ['approved by one', asking, events.approvalGiven, { approvals: [events.approvalGiven.approval] }],
    [
      'narrowed: approvals of the wider one count no more, and its buttons are stale',
      changeAfter(...wayTo.asking, 'approvalGiven'),
      { ...events.requestNarrowed, actor: { person: person('tom'), name: 'tom' } },
      {
        entitlementKey: events.requestNarrowed.entitlementKey,
        target,
        shown: events.requestNarrowed.shown,
        requestedSeconds: 3_600,
        narrowed: { from: events.requestNarrowed.from, by: person('tom'), name: 'tom' },
        approvals: [],
        round: 2,
        sameSince: 2,
      },
    ],
    ['asked back', asking, events.questionAsked, { questions: [events.questionAsked.question] }],
    [
      'answered',
      { ...asking, questions: [events.questionAsked.question, { ...events.questionAsked.question, id: 2 }] },
      events.questionAnswered,
      {
        questions: [
          { ...events.questionAsked.question, answers: [events.questionAnswered.answer] },
          { ...events.questionAsked.question, id: 2 },
        ],
      },
    ],
    ['waiting for a sign-in', asking, events.stepUpAsked, { stepUps: [events.stepUpAsked.stepUp] }],
    [
      'waiting for another sign-in of the same person: the earlier one is of no use any more',
      { ...asking, stepUps: [{ ...events.stepUpAsked.stepUp, id: 'before' }, olgaWaits] },
      events.stepUpAsked,
      { stepUps: [olgaWaits, events.stepUpAsked.stepUp] },
    ],
    [
      'waiting for a sign-in no longer',
      { ...asking, stepUps: [olgaWaits, events.stepUpAsked.stepUp] },
      events.stepUpEnded,
      { stepUps: [olgaWaits] },
    ],
    [
      'approved by one who had to sign in',
      { ...asking, stepUps: [events.stepUpAsked.stepUp, olgaWaits] },
      events.approvalGiven,
      { approvals: [events.approvalGiven.approval], stepUps: [olgaWaits] },
    ],
    [
      'asked anew while somebody signs in',
      { ...asking, stepUps: [olgaWaits] },
      { ...events.approversAsked, round: 2, lapsesAt: null, isAnew: true },
      { round: 2, sameSince: 2, lapsesAt: null, stepUps: [] },
    ],
    [
      'approved',
      asking,
      { ...events.changeApproved, at },
      {
        state: 'applying',
        decision: events.changeApproved.decision,
        grant: events.changeApproved.grant,
        target,
        verdict: asks,
        legs: { ...asking.legs, decidedAt: at },
      },
    ],
    [
      'approved without a verdict of its own',
      asking,
      { ...events.changeApproved, at, verdict: null },
      {
        state: 'applying',
        decision: events.changeApproved.decision,
        grant: events.changeApproved.grant,
        legs: { ...asking.legs, decidedAt: at },
      },
    ],
    [
      'denied',
      asking,
      { ...events.changeDenied, decision: denied, revokeId: 'r1' as ChangeId },
      { state: 'denied', decision: denied, revokeId: 'r1' as ChangeId },
    ],
    [
      'withdrawn',
      asking,
      events.changeWithdrawn,
      { state: 'withdrawn', decision: events.changeWithdrawn.decision },
    ],
    ['lapsed', asking, events.requestLapsed, { state: 'lapsed', decision: events.requestLapsed.decision }],
    ['closed', asking, events.requestClosed, { state: 'closed', decision: events.requestClosed.decision }],
    [
      'written',
      changeAfter(...wayTo.applying),
      { ...events.idpWritten, at },
      { state: 'verifying', legs: { ...asking.legs, decidedAt: later(0), idpWrittenAt: at } },
    ],
    ['pushed', verifying, { ...events.scimPushed, at }, { legs: { ...verifying.legs, scimPushedAt: at } }],
    ['delivered', verifying, { ...events.delivered, at }, { legs: { ...verifying.legs, deliveredAt: at } }],
    [
      'a sign-in awaited',
      verifying,
      events.signInAwaited,
      { state: 'awaitingSignIn', signInAwaited: true, signInTrouble: null },
    ],
    [
      'a sign-in awaited, with somebody in the way',
      verifying,
      { ...events.signInAwaited, trouble: 'another user' },
      { state: 'awaitingSignIn', signInAwaited: true, signInTrouble: 'another user' },
    ],
    ['signed in', waiting, { ...events.signedIn, at }, { state: 'verifying', signedInAt: at, late: null }],
    [
      'signed in after the alarm',
      { ...waiting, late: late.late },
      { ...events.signedIn, at },
      {
        state: 'verifying',
        signedInAt: at,
        late: { leg: 'scimPush', why: 'Okta has not pushed', at: later(0), clearedAt: at },
      },
    ],
    [
      'late',
      verifying,
      { ...events.changeLate, at },
      { state: 'late', late: { leg: 'scimPush', why: 'Okta has not pushed', at, clearedAt: null } },
    ],
    [
      'late at another leg: the alarm is as old as it was',
      late,
      { ...events.changeLate, leg: 'delivery', why: 'not shown', at },
      { late: { leg: 'delivery', why: 'not shown', at: later(0), clearedAt: null } },
    ],
    [
      'late again after the alarm was cleared: it is a new alarm',
      lateAndCleared,
      { ...events.changeLate, at: later(99) },
      {
        state: 'late',
        late: { leg: 'scimPush', why: 'Okta has not pushed', at: later(99), clearedAt: null },
      },
    ],
    [
      'seen',
      verifying,
      { ...events.changeSeen, at, note: 'was so already' },
      {
        state: 'inEffect',
        legs: { ...verifying.legs, seenAt: at },
        late: null,
        inEffectNote: 'was so already',
      },
    ],
    ['overtaken', verifying, events.changeOvertaken, { state: 'superseded' }],
    [
      'overtaken, for the offboarding was taken back',
      verifying,
      { ...events.changeOvertaken, stoppedBy: 'Sam' },
      { state: 'superseded', stoppedBy: 'Sam' },
    ],
    [
      'refused by the identity provider',
      verifying,
      { ...events.applyFailed, at },
      { state: 'failed', failure: { code: 'E0000006', text: 'not allowed', at } },
    ],
    [
      'reopened',
      inEffect,
      { ...events.decisionReopened, at },
      { state: 'ended', reopened: { by: events.decisionReopened.by.id, name: 'olga', at } },
    ],
    ['warned of', inEffect, { ...events.endingWarned, at }, { endingWarnedAt: at }],
    [
      'told that its ticket was closed',
      inEffect,
      { ...events.ticketChanged, at },
      {
        grant: { ...granted, endsAt: events.ticketChanged.endsAt },
        ticketNews: { is: 'closed', status: 'Done', at, latestEndsAt: granted.endsAt },
      },
    ],
    [
      'let end',
      inEffect,
      { ...events.endAgreed, at },
      { endAgreed: { by: events.endAgreed.by.id, name: 'tom', at } },
    ],
    [
      'ended',
      inEffect,
      { ...events.grantEnded, at, stillHeld: true, stillHeldUntil: later(500) },
      {
        state: 'ended',
        revokeId: 'change-2' as ChangeId,
        ended: { at, cause: 'expiry', by: null, stillHeld: true, stillHeldUntil: later(500) },
      },
    ],
  ])('%s', (_what, before, event, leaves) => {
    expect(evolve(before, event)).toEqual({ ...before, version: before.version + 1, ...leaves });
  });
});
