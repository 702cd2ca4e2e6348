import type { Change, Leg } from '../change/change.ts';
import type { ChangeEvent } from '../change/events.ts';
import { type LegTimes, legTimes } from '../change/legs.ts';
import { isUnderway } from '../change/states.ts';
import type { ChangeId, EntitlementKey, GrantId, PersonId } from '../ids.ts';
import type { Target } from '../policy/catalogue.ts';

/** There and back: the grant until it is seen in MuleSoft, then its end until it is seen gone. */
export type Direction = 'grant' | 'revoke';

/** Where the first trip of a round that missed the objective was stuck. */
export type Stuck = { direction: Direction; leg: Leg; why: string; at: Date };

/** `void`: something else put an end to the round, so it says nothing about the way. */
export type RoundResult = 'hit' | 'miss' | 'void';

/** One round of the canary, as stored. */
export type CanaryRun = {
  id: string;
  startedAt: Date;
  /** What both trips are measured against, in milliseconds. */
  objectiveMs: number;
  grantChangeId: ChangeId;
  revokeChangeId: ChangeId | null;
  /** Which trip is under way. */
  state: 'granting' | 'revoking' | 'over';
  /** Null: not known yet. A miss is known once the objective has passed, before the round is over. */
  result: RoundResult | null;
  stuck: Stuck | null;
  /** Milliseconds by leg; null while the trip is under way. */
  grantLegs: LegTimes | null;
  revokeLegs: LegTimes | null;
  endedAt: Date | null;
};

/** Everything a round begins with. */
export type RoundFacts = {
  runId: string;
  changeId: ChangeId;
  grantId: GrantId;
  personId: PersonId;
  entitlement: { key: EntitlementKey; defaultSeconds: number };
  target: Target;
  objectiveMs: number;
  now: Date;
};

/** A round and its grant, which joins the road at "apply": nobody is asked. Its time is over if it is forgotten. */
export function beginRound(facts: RoundFacts): { run: CanaryRun; events: ChangeEvent[] } {
  const { changeId, now, target, entitlement } = facts;
  const base = { changeId, at: now, actor: { part: 'latchkey' } } as const;
  const endsAt = new Date(now.getTime() + entitlement.defaultSeconds * 1_000);
  const run: CanaryRun = {
    id: facts.runId,
    startedAt: now,
    objectiveMs: facts.objectiveMs,
    grantChangeId: changeId,
    revokeChangeId: null,
    state: 'granting',
    result: null,
    stuck: null,
    grantLegs: null,
    revokeLegs: null,
    endedAt: null,
  };
  const events: ChangeEvent[] = [
    {
      ...base,
      type: 'changeReceived',
      kind: 'grant',
      cause: 'canary',
      entitlementKey: entitlement.key,
      personId: facts.personId,
      requesterId: null,
      reason: 'the canary’s round',
      ticket: null,
      requestedSeconds: null,
      target,
      via: 'latchkey',
      lapsesAt: null,
    },
    {
      ...base,
      type: 'changeApproved',
      grant: { id: facts.grantId, startsAt: now, endsAt },
      verdict: null,
      target,
      decision: { outcome: 'approved', by: null, byName: 'rule', at: now, note: null, clickId: null },
    },
  ];
  return { run, events };
}

/** A trip that misses the objective is waited for until this many times the objective, then given up. */
const GIVE_UP_AFTER = 2;
/** The look into Anypoint that names the leg comes this much after the objective at the latest, in milliseconds. */
const NAMING_MS = 5_000;

/** Whether the next round is due. However long nothing ran, one round is due and not one for each that was left out. */
export function isRoundDue(last: CanaryRun | null, everySeconds: number, now: Date): boolean {
  if (last === null) return true;
  return last.state === 'over' && now.getTime() - last.startedAt.getTime() >= everySeconds * 1_000;
}

/** What becomes of a round. `endGrant`: the grant is to be ended, which puts the way back on the road. */
export type RoundStep = { run: CanaryRun; endGrant: boolean };

/** What a round needs now, given its changes; null: it waits. */
export function advance(run: CanaryRun, grant: Change, revoke: Change | null, now: Date): RoundStep | null {
  switch (run.state) {
    case 'granting':
      return goThere(run, grant, now);
    case 'revoking':
      return comeBack(run, revoke, now);
    case 'over':
      return null;
    default:
      return run.state satisfies never;
  }
}

function goThere(run: CanaryRun, grant: Change, now: Date): RoundStep | null {
  // Its time was over, or the person has left: whoever ended it takes it away.
  if (grant.ended !== null) return { run: over(run, 'void', now), endGrant: false };
  const trip = tripOf('grant', grant, run.objectiveMs, now);
  const judged = judge(run, trip.stuck);
  if (!trip.isOver) return judged === run ? null : { run: judged, endGrant: false };
  if (trip.isVoid) return { run: over(run, 'void', now), endGrant: true };
  return { run: { ...judged, state: 'revoking', grantLegs: legTimesOf(grant) }, endGrant: true };
}

function comeBack(run: CanaryRun, revoke: Change | null, now: Date): RoundStep | null {
  // Something else wants the membership, so there is no way back to measure.
  if (revoke === null) return { run: over(run, 'void', now), endGrant: false };
  const trip = tripOf('revoke', revoke, run.objectiveMs, now);
  const judged = judge(run, trip.stuck);
  if (!trip.isOver) return judged === run ? null : { run: judged, endGrant: false };
  return {
    run: { ...over(judged, trip.isVoid ? 'void' : 'hit', now), revokeLegs: legTimesOf(revoke) },
    endGrant: false,
  };
}

function judge(run: CanaryRun, stuck: Stuck | null): CanaryRun {
  return stuck === null || run.result !== null ? run : { ...run, result: 'miss', stuck };
}

function over(run: CanaryRun, result: RoundResult, now: Date): CanaryRun {
  return { ...run, state: 'over', result: run.result ?? result, endedAt: now };
}

/**
 * The round with the revoke that ending the grant put on the road; none: another grant or record keeps the membership.
 */
export function withRevoke(run: CanaryRun, revokeId: ChangeId | null, now: Date): CanaryRun {
  if (run.state !== 'revoking') return run;
  return revokeId === null ? over(run, 'void', now) : { ...run, revokeChangeId: revokeId };
}

type Trip = { isOver: boolean; isVoid: boolean; stuck: Stuck | null };

function tripOf(direction: Direction, change: Change, objectiveMs: number, now: Date): Trip {
  const { decidedAt } = change.legs;
  const ageMs = decidedAt === null ? 0 : now.getTime() - decidedAt.getTime();
  const stuckAt = (leg: Leg, why: string): Stuck => ({ direction, leg, why, at: now });
  if (change.legs.seenAt !== null) {
    const isInTime = (legTimesOf(change).total ?? 0) <= objectiveMs;
    return { isOver: true, isVoid: false, stuck: isInTime ? null : stuckAt(...whereStuck(change)) };
  }
  if (change.state === 'failed')
    return { isOver: true, isVoid: false, stuck: stuckAt('idpWrite', change.failure?.text ?? 'refused') };
  if (!isUnderway(change.state)) return { isOver: true, isVoid: true, stuck: null };
  const isNamed = change.late !== null || change.state === 'awaitingSignIn';
  const missedAfterMs = isNamed ? objectiveMs : objectiveMs + Math.min(objectiveMs, NAMING_MS);
  return {
    isOver: ageMs >= objectiveMs * GIVE_UP_AFTER,
    isVoid: false,
    stuck: ageMs >= missedAfterMs ? stuckAt(...whereStuck(change)) : null,
  };
}

/** As verify named it; else the first leg that was not reached, or the slowest. */
function whereStuck(change: Change): [Leg, string] {
  if (change.state === 'awaitingSignIn') return ['signIn', 'the canary has never signed in to Anypoint'];
  if (change.late !== null) return [change.late.leg, change.late.why];
  const { idpWrittenAt, scimPushedAt, seenAt } = change.legs;
  if (seenAt !== null) return slowest(legTimesOf(change));
  if (idpWrittenAt === null) return ['idpWrite', 'it is not written yet'];
  return scimPushedAt === null
    ? ['scimPush', 'no push has come']
    : ['delivery', 'Anypoint does not show it yet'];
}

function slowest({ decisionToIdp, idpToScim, scimToDelivery, deliveryToSeen }: LegTimes): [Leg, string] {
  const times: [Leg, number][] = [
    ['idpWrite', decisionToIdp ?? 0],
    ['scimPush', idpToScim ?? 0],
    ['delivery', (scimToDelivery ?? 0) + (deliveryToSeen ?? 0)],
  ];
  const [[leg]] = times.sort((a, b) => b[1] - a[1]) as [[Leg, number]];
  return [leg, 'it took the longest'];
}

/** The objective of the canary runs from the decision: whoever waits for a sign-in has missed it. */
function legTimesOf(change: Change): LegTimes {
  return legTimes(change.legs);
}

/** Milliseconds by leg of a trip as far as it came, with the whole as `total`. */
export function tripLegs(run: CanaryRun, direction: Direction): [Leg | 'seen' | 'total', number][] {
  const legs = direction === 'grant' ? run.grantLegs : run.revokeLegs;
  if (legs === null) return [];
  const times: [Leg | 'seen' | 'total', number | null][] = [
    ['idpWrite', legs.decisionToIdp],
    ['scimPush', legs.idpToScim],
    ['delivery', legs.scimToDelivery],
    ['seen', legs.deliveryToSeen],
    ['total', legs.total],
  ];
  return times.flatMap(([leg, ms]) => (ms === null ? [] : [[leg, ms]]));
}

/** The turn that the alarm takes once a round's result is known. */
export type AlarmTurn = 'raise' | 'update' | 'clear' | 'none';

/** Alarm after two misses in a row, cleared by the next hit. `before`: the last round that was a hit or a miss. */
export function alarmTurn(
  result: RoundResult | null,
  before: RoundResult | null,
  isRaised: boolean,
): AlarmTurn {
  if (result === 'hit') return isRaised ? 'clear' : 'none';
  if (result !== 'miss') return 'none';
  if (isRaised) return 'update';
  return before === 'miss' ? 'raise' : 'none';
}
