import { invariant } from '../fault.ts';
import type { OffboardingEvent } from './events.ts';
import { nextOffboardingState } from './life-cycle.ts';
import {
  type LeftTeam,
  type Offboarding,
  type OffboardingItem,
  type OffboardingLeg,
  teamsTaken,
} from './offboarding.ts';

/** The case after one more event. Throws `bug.invariant` for an event that can't happen in this state. */
export function evolveOffboarding(before: Offboarding | null, event: OffboardingEvent): Offboarding {
  if (event.type === 'offboardingStarted') {
    invariant(before === null, `offboarding ${event.offboardingId} is started twice`);
    return started(event);
  }
  invariant(before !== null, `${event.type} before offboardingStarted`);
  const state = nextOffboardingState(before.state, event.type);
  invariant(state !== null, `${event.type} can't happen to an offboarding that is ${before.state}`);
  const closedAt = state === 'closed' && before.state !== 'closed' ? event.at : before.closedAt;
  return { ...before, state, version: before.version + 1, closedAt, ...fieldsOf(before, event) };
}

function started(event: OffboardingEvent & { type: 'offboardingStarted' }): Offboarding {
  const { personId, cause, startedBy, reason, state } = event;
  return {
    id: event.offboardingId,
    personId,
    state,
    version: 1,
    cause,
    startedAs: state,
    startedBy,
    reason,
    openedAt: event.at,
    beganAt: state === 'underway' ? event.at : null,
    decidedBy: null,
    legs: { requests: null, approvals: null, groups: null, teams: null },
    ended: [],
    revokes: [],
    given: [],
    teams: [],
    teamsNote: null,
    lookalikes: [],
    items: [],
    late: null,
    reminders: 0,
    remindedAt: null,
    agreed: null,
    returnedFrom: null,
    cancelled: null,
    restored: [],
    closedAt: null,
    closing: null,
  };
}

// Long: one case for each event, so that the life cycle is read from top to bottom.
function fieldsOf(before: Offboarding, event: OffboardingEvent): Partial<Offboarding> {
  const item = (key: string, change: Partial<OffboardingItem>) => ({
    items: before.items.map((i) => (i.key === key ? { ...i, ...change } : i)),
  });
  const leg = (name: OffboardingLeg, count: number) => {
    const known = before.legs[name];
    const done = { at: known?.at ?? event.at, count: (known?.count ?? 0) + count };
    return { legs: { ...before.legs, [name]: done } };
  };
  switch (event.type) {
    case 'offboardingStarted':
    case 'accessGone':
    case 'teamsGivenBack':
      return {};
    case 'leaverConfirmed':
      // A held one ends what it holds only now; the clock of the whole runs from here.
      return { beganAt: event.at, decidedBy: event.by, cause: event.cause };
    case 'offboardingDismissed':
      return { decidedBy: event.by, closing: 'dismissed' };
    case 'requestsClosed':
      return leg('requests', event.changeIds.length);
    case 'approvalsRerouted':
      return leg('approvals', event.changeIds.length + event.massChangeIds.length);
    case 'accessEnded':
      return {
        ended: [...before.ended, ...event.ended],
        revokes: [...before.revokes, ...event.revokes],
        given: [...new Set([...before.given, ...event.given])],
      };
    case 'groupsGone':
      return leg('groups', new Set(before.revokes).size);
    case 'teamsLeft':
      return { teams: withTeams(before.teams, event.teams) };
    case 'lookalikesFound':
      return { lookalikes: event.lookalikes };
    case 'teamsGone':
      return { ...leg('teams', teamsTaken(before).length), teamsNote: event.note };
    case 'applicationsFound':
      return { items: withItems(before.items, event.items) };
    case 'handOverAgreed': {
      const { word } = event;
      const others = before.items.find((i) => i.key === event.key)?.agreed ?? [];
      // Whoever says another name has changed their mind.
      return item(event.key, { agreed: [...others.filter((one) => one.by.id !== word.by.id), word] });
    }
    case 'applicationDecided':
      return item(event.key, { decision: event.decision, trouble: null });
    case 'applicationFailed':
      return item(event.key, { decision: null, trouble: event.why });
    case 'applicationSettled':
      return item(event.key, { settled: { outcome: event.outcome, at: event.at }, trouble: null });
    case 'ownersReminded':
      return { remindedAt: event.at, reminders: before.reminders + 1 };
    case 'offboardingLate': {
      const since = before.late?.clearedAt === null ? before.late.at : event.at;
      return { late: { leg: event.leg, why: event.why, at: since, clearedAt: null } };
    }
    case 'offboardingCaughtUp':
      return { late: before.late === null ? null : { ...before.late, clearedAt: event.at } };
    case 'offboardingReported':
      return { closing: 'complete' };
    case 'offboardingClosed':
      return { closing: 'nothing' };
    case 'directoryAgreed':
      return { agreed: { cause: event.cause, at: event.at } };
    case 'offboardingReturned':
      return { returnedFrom: before.state };
    case 'offboardingCancelled': {
      const { by, at, reason, stopped } = event;
      return { cancelled: { by, at, reason, stopped } };
    }
    case 'accessRestored':
      return {
        restored: [...before.restored, { by: event.by, at: event.at, changeIds: event.changeIds }],
      };
    default:
      return event satisfies never;
  }
}

function withTeams(known: readonly LeftTeam[], found: readonly LeftTeam[]): LeftTeam[] {
  const ids = new Set(found.map((team) => team.id));
  return [...known.filter((team) => !ids.has(team.id)), ...found];
}

/** An application that comes to light again is open again: somebody gave it back to the leaver. */
function withItems(known: readonly OffboardingItem[], found: readonly OffboardingItem[]): OffboardingItem[] {
  const keys = new Set(found.map((item) => item.key));
  return [...known.filter((item) => !keys.has(item.key)), ...found];
}
