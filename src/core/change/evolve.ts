import { invariant } from '../fault.ts';
import { type ApproverClock, climbedTo, clockOfStage } from '../policy/ladder.ts';
import type { PendingStepUp } from '../step-up/step-up.ts';
import type { Change } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { nextState } from './life-cycle.ts';
import { withAnswer } from './question.ts';
import { latestEndOf } from './ticket-end.ts';

/** The change after one more event. Throws `bug.invariant` for an event that can't happen in this state. */
export function evolve(change: Change | null, event: ChangeEvent): Change {
  if (event.type === 'changeReceived') {
    invariant(change === null, `change ${event.changeId} is received twice`);
    return receivedChange(event);
  }
  invariant(change !== null, `${event.type} before changeReceived`);
  const state = nextState(change.state, event.type);
  invariant(state !== null, `${event.type} can't happen to a change that is ${change.state}`);
  return { ...change, state, version: change.version + 1, ...fieldsOf(change, event) };
}

function receivedChange(event: ChangeEvent & { type: 'changeReceived' }): Change {
  return {
    id: event.changeId,
    kind: event.kind,
    cause: event.cause,
    state: 'received',
    version: 1,
    entitlementKey: event.entitlementKey,
    personId: event.personId,
    via: event.via,
    requesterId: event.requesterId,
    reason: event.reason,
    ticket: event.ticket,
    ...(event.endsWithTicket === undefined ? {} : { endsWithTicket: event.endsWithTicket }),
    requestedSeconds: event.requestedSeconds,
    ...(event.startsAt === undefined ? {} : { startsAt: event.startsAt }),
    requestedAt: event.at,
    round: 0,
    lapsesAt: event.lapsesAt,
    remindedAt: null,
    plan: null,
    verdict: null,
    approvals: [],
    decision: null,
    grant: null,
    target: event.target,
    refusal: null,
    legs: { decidedAt: null, idpWrittenAt: null, scimPushedAt: null, deliveredAt: null, seenAt: null },
    late: null,
    signedInAt: null,
    failure: null,
    endingWarnedAt: null,
    ended: null,
    inEffectNote: null,
    revokeId: null,
    partOf: event.partOf ?? null,
    ...(event.joint === undefined ? {} : { joint: event.joint }),
  };
}

// Long: one case for each event, so that the life cycle is read from top to bottom.
function fieldsOf(change: Change, event: ChangeEvent): Partial<Change> {
  switch (event.type) {
    case 'changeReceived':
      return {};
    case 'requestRefused':
      return { refusal: event.refusal, verdict: event.verdict ?? change.verdict };
    case 'approversAsked':
      return {
        plan: event.plan,
        verdict: event.verdict,
        round: event.round,
        ...(event.isAnew === true || change.round === 0 ? { sameSince: event.round } : {}),
        lapsesAt: event.lapsesAt,
        target: event.target,
        clock:
          change.clock === undefined || event.round !== change.round
            ? clockOfStage(0, event.at)
            : change.clock,
        ...(event.shown === undefined ? {} : { shown: event.shown }),
        ...(event.isAnew === true
          ? { approvals: [], remindedAt: null, ...waiting(change, () => false) }
          : {}),
        ...(event.cardOf === undefined ? {} : { cardOf: event.cardOf }),
        ...(change.state === 'scheduled' ? { decision: null, scheduled: null } : {}),
      };
    case 'approversNudged':
      return { nudges: [...(change.nudges ?? []), { by: event.by.id, name: event.by.name, at: event.at }] };
    case 'approversReminded':
      return {
        remindedAt: event.at,
        ...withClock(change, ({ reminders, ...clock }) => ({
          ...clock,
          reminders: [...reminders, { at: event.at, people: event.people }],
        })),
      };
    case 'approversWarned':
      return withClock(change, (clock) => ({
        ...clock,
        warned: { at: event.at, nextAt: event.nextAt, next: event.next },
      }));
    case 'approversEscalated':
      return withClock(change, (clock) =>
        climbedTo(clock, event.rung, { at: event.at, to: event.to, why: event.why }),
      );
    case 'stageOpened':
      return {
        lapsesAt: event.lapsesAt,
        clock: clockOfStage(event.stage, event.at, change.clock?.rungs),
      };
    case 'approvalGiven':
      return {
        approvals: [...change.approvals, event.approval],
        ...waiting(change, ({ by }) => by !== event.approval.by),
      };
    case 'stepUpAsked':
      // A person who clicks again is sent another link, and the earlier one is of no use any more.
      return {
        stepUps: [...(change.stepUps ?? []).filter(({ by }) => by !== event.stepUp.by), event.stepUp],
      };
    case 'stepUpEnded':
      return waiting(change, ({ id }) => id !== event.stepUpId);
    case 'requestNarrowed':
      return {
        entitlementKey: event.entitlementKey,
        target: event.target,
        shown: event.shown,
        requestedSeconds: event.requestedSeconds,
        narrowed: {
          from: event.from,
          ...('person' in event.actor
            ? { by: event.actor.person, name: event.actor.name }
            : { by: change.personId, name: '' }),
        },
        approvals: [],
        round: change.round + 1,
        sameSince: change.round + 1,
      };
    case 'questionAsked':
      return { questions: [...(change.questions ?? []), event.question] };
    case 'questionAnswered':
      return { questions: withAnswer(change.questions ?? [], event.of, event.answer) };
    case 'changeScheduled':
      return {
        decision: event.decision,
        scheduled: { startsAt: event.startsAt, endsAt: event.endsAt },
        target: event.target,
        verdict: event.verdict,
      };
    case 'startDelayed':
      return change.scheduled == null
        ? {}
        : { scheduled: { ...change.scheduled, delayed: { why: event.why, at: event.at } } };
    case 'changeApproved':
      return {
        decision: event.decision,
        grant: event.grant,
        target: event.target,
        verdict: event.verdict ?? change.verdict,
        legs: { ...change.legs, decidedAt: event.at },
      };
    case 'changeDenied':
      return { decision: event.decision, revokeId: event.revokeId };
    case 'changeWithdrawn':
    case 'requestLapsed':
    case 'requestClosed':
      return { decision: event.decision };
    case 'idpWritten':
      return { legs: { ...change.legs, idpWrittenAt: event.at } };
    case 'scimPushed':
      return { legs: { ...change.legs, scimPushedAt: change.legs.scimPushedAt ?? event.at } };
    case 'delivered':
      return { legs: { ...change.legs, deliveredAt: change.legs.deliveredAt ?? event.at } };
    case 'signInAwaited':
      return {
        signInAwaited: true,
        signInTrouble: event.trouble ?? null,
        ...(event.isUnmapped === true
          ? { unmapped: 'now' as const }
          : change.unmapped === undefined
            ? {}
            : { unmapped: 'before' as const }),
      };
    case 'signedIn':
      return {
        signedInAt: event.at,
        late: change.late === null ? null : { ...change.late, clearedAt: event.at },
      };
    case 'changeLate':
      return {
        late: {
          leg: event.leg,
          why: event.why,
          at: change.late?.clearedAt === null ? change.late.at : event.at,
          clearedAt: null,
        },
      };
    case 'changeSeen':
      return {
        legs: { ...change.legs, seenAt: event.at },
        late: change.late === null ? null : { ...change.late, clearedAt: event.at },
        inEffectNote: event.note,
      };
    case 'changeOvertaken':
      return event.stoppedBy === undefined ? {} : { stoppedBy: event.stoppedBy };
    case 'applyFailed':
      return { failure: { code: event.code, text: event.text, at: event.at } };
    case 'decisionReopened':
      return { reopened: { by: event.by.id, name: event.by.name, at: event.at } };
    case 'endingWarned':
      return {
        endingWarnedAt: event.at,
        ...(event.warning === undefined ? {} : { warnings: [...(change.warnings ?? []), event.warning] }),
      };
    case 'renewalDeclined':
      return { renewalDeclined: { by: event.by.id, name: event.by.name, at: event.at } };
    case 'endAgreed':
      return { endAgreed: { by: event.by.id, name: event.by.name, at: event.at } };
    case 'ticketChanged':
      return {
        grant: change.grant === null ? null : { ...change.grant, endsAt: event.endsAt },
        ticketNews: {
          is: event.is,
          status: event.status,
          at: event.at,
          latestEndsAt: latestEndOf(change) ?? event.endsAt,
        },
      };
    case 'grantEnded':
      return {
        revokeId: event.revokeId,
        ended: {
          at: event.at,
          cause: event.cause,
          by: event.by,
          stillHeld: event.stillHeld,
          stillHeldUntil: event.stillHeldUntil,
          ...(event.extendedBy === undefined ? {} : { extendedBy: event.extendedBy }),
        },
      };
    default:
      return event satisfies never;
  }
}

/** The approvals that go on waiting for a sign-in; nothing where none ever did. */
function waiting(change: Change, goesOn: (stepUp: PendingStepUp) => boolean): Pick<Change, 'stepUps'> {
  return change.stepUps === undefined ? {} : { stepUps: change.stepUps.filter(goesOn) };
}

function withClock(change: Change, turn: (clock: ApproverClock) => ApproverClock): Pick<Change, 'clock'> {
  return { clock: turn(change.clock ?? clockOfStage(0, change.requestedAt)) };
}
