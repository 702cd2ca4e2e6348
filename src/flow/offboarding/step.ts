import type { Leg } from '../../core/change/change.ts';
import { Fault } from '../../core/fault.ts';
import { faultInWords } from '../../core/fault-words.ts';
import { lookAgainMs } from '../../core/jobs/look-again.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { OffboardingEvent } from '../../core/offboarding/events.ts';
import {
  hasLeft,
  isOffboardingOpen,
  isWorthTelling,
  type Offboarding,
  openItemsOf,
  wasOnlyHeld,
} from '../../core/offboarding/offboarding.ts';
import { reportOf } from '../../core/offboarding/settle-application.ts';
import { readOffboarding } from '../../store/offboardings.ts';
import { type Person, readPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { idpName } from '../idps/idps.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Parties, type Ran, type Runtime } from '../kernel/context.ts';
import { lookAtApplications } from './applications.ts';
import { at } from './case.ts';
import { closeAndEnd, rerouteApprovals, stuckRevoke } from './end-access.ts';
import { giveTeamsBack, leaveTeams, type TeamsLook } from './leave-teams.ts';

/**
 * One look at a leaver's case, level-triggered. Everything that is still theirs is closed, taken away or put to its
 * owner. Anypoint's answer is noted. Each leg is taken by itself, so that one outside party that fails holds up none of
 * the others. Safe to run twice, late, or after a kill; one run per case at a time. A case whose access is seen gone is
 * left to the timers, which looks again until its applications are settled.
 */
export async function advanceOffboarding(
  context: Context,
  job: Extract<Job, { job: 'advanceOffboarding' }>,
): Promise<Ran> {
  return await context.locks.withLock(`advanceOffboarding:${job.offboardingId}`, async () => {
    const offboarding = await readOffboarding(context.db, job.offboardingId);
    if (offboarding === null) return done;
    if (offboarding.state === 'returned') {
      if (wasOnlyHeld(offboarding)) await giveTeamsBack(context, offboarding);
      return done;
    }
    const person = await readPerson(context.db, offboarding.personId);
    if (person === null || !isOffboardingOpen(offboarding.state)) return done;
    const look = await lookOnce(context, offboarding, person);
    const after = await readOffboarding(context.db, offboarding.id);
    if (after === null) return done;
    return await goOn(context, after, look);
  });
}

/** What one look came to. */
type Look = {
  teams: TeamsLook | null;
  areGroupsGone: boolean;
  areAppsListed: boolean;
  isOnItsWay: boolean;
  faults: { leg: Leg; fault: Fault }[];
};

async function lookOnce(context: Context, offboarding: Offboarding, person: Person): Promise<Look> {
  const faults: Look['faults'] = [];
  const leg = async <T>(name: Leg, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults.push({ leg: name, fault: error });
      return null;
    }
  };
  const isLeaver = hasLeft(offboarding);
  // Both at once: neither the IdP nor Anypoint has to wait for the other.
  const [teams, areGroupsGone] = await Promise.all([
    leg('delivery', () => leaveTeams(context, offboarding, person)),
    isLeaver ? leg('idpWrite', () => closeAndEnd(context, offboarding, person)) : false,
  ]);
  if (isLeaver) await leg('idpWrite', () => rerouteApprovals(context, offboarding));
  // A long list that many share: read once nothing else is left, or when that takes too long.
  const isTime = (teams?.isGone === true && areGroupsGone === true) || (await isPast(context, offboarding));
  const applications =
    isLeaver && teams !== null && isTime
      ? await leg('delivery', () => lookAtApplications(context, offboarding, person, teams.userIds))
      : null;
  return {
    teams,
    areGroupsGone: areGroupsGone === true,
    areAppsListed: applications !== null,
    isOnItsWay: applications?.isOnItsWay === true,
    faults,
  };
}

async function isPast(context: Data & Runtime, { beganAt, openedAt }: Offboarding): Promise<boolean> {
  const now = await databaseNow(context.db);
  return now.getTime() - (beganAt ?? openedAt).getTime() >= context.objectiveMs;
}

/** Moves the case on as far as it has come, raises or clears its alarm, and says when to look again. */
async function goOn(context: Context, offboarding: Offboarding, look: Look): Promise<Ran> {
  const now = await databaseNow(context.db);
  const sinceMs = now.getTime() - (offboarding.beganAt ?? offboarding.openedAt).getTime();
  const isSeenGone =
    look.teams?.isGone === true &&
    (!hasLeft(offboarding) || offboarding.legs.groups !== null) &&
    (await stuckRevoke(context, offboarding)) === null;
  const stuck = isSeenGone ? null : await whereStuck(context, offboarding, look);
  const isLate = stuck !== null && sinceMs >= context.objectiveMs;
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      if (locked === null || !isOffboardingOpen(locked.state)) return { result: null };
      const events = [
        ...alarms(unit, locked, isSeenGone, isLate ? stuck : null),
        ...progress(unit, locked, look, isSeenGone),
      ];
      // What is not told yet may be worth telling now.
      const jobs: Job[] = [{ job: 'updateCard', about: 'offboarding', id: locked.id }];
      return { result: null, events: events, jobs: events.length === 0 ? jobs : [] };
    },
    context.nudge,
  );
  const throttled = look.faults.find(({ fault }) => fault.code === 'mulesoft.throttled');
  if (throttled !== undefined) throw throttled.fault;
  for (const { fault } of look.faults)
    context.log.warn(
      { code: fault.code, offboarding: offboarding.id },
      'a leg of an offboarding can’t be taken',
    );
  const isWaiting =
    !isSeenGone || look.isOnItsWay || look.faults.length > 0 || (hasLeft(offboarding) && !look.areAppsListed);
  return isWaiting ? { againInMs: lookAgainMs('offboarding', sinceMs, context.objectiveMs) } : done;
}

function alarms(
  unit: Unit,
  locked: Offboarding,
  isSeenGone: boolean,
  stuck: { leg: Leg; why: string } | null,
): OffboardingEvent[] {
  const base = at(unit, locked.id, null);
  const isRaised = locked.late !== null && locked.late.clearedAt === null;
  if (isRaised && isSeenGone) return [{ type: 'offboardingCaughtUp', ...base }];
  if (stuck === null || (isRaised && locked.late?.leg === stuck.leg)) return [];
  return [{ type: 'offboardingLate', ...base, ...stuck }];
}

function progress(unit: Unit, locked: Offboarding, look: Look, isSeenGone: boolean): OffboardingEvent[] {
  const base = at(unit, locked.id, null);
  if (locked.state === 'asking' && isSeenGone && !isWorthTelling(locked))
    return [{ type: 'offboardingClosed', ...base }];
  if (!hasLeft(locked) || !look.areAppsListed) return [];
  const isGone = locked.state === 'appsOpen' || (isSeenGone && isEveryLegDone(locked));
  if (!isGone) return [];
  const gone: OffboardingEvent[] = locked.state === 'underway' ? [{ type: 'accessGone', ...base }] : [];
  if (openItemsOf(locked).length > 0) return gone;
  return [...gone, { type: 'offboardingReported', ...base, report: reportOf(locked, unit.now) }];
}

function isEveryLegDone({ legs }: Offboarding): boolean {
  return Object.values(legs).every((leg) => leg !== null);
}

/** The first leg that holds the whole up, and why. */
async function whereStuck(
  context: Data & Parties,
  offboarding: Offboarding,
  look: Look,
): Promise<{ leg: Leg; why: string }> {
  const revoke = await stuckRevoke(context, offboarding);
  if (revoke !== null)
    return {
      leg: 'idpWrite',
      why: `${revoke.target === null ? context.idps.name : idpName(context, revoke.target)} has not taken the person out of ${revoke.target?.groupName ?? 'a group'}`,
    };
  const [trouble] = look.faults;
  if (look.teams?.why != null) return { leg: 'delivery', why: look.teams.why };
  if (trouble !== undefined) {
    return {
      leg: trouble.leg,
      why: faultInWords(trouble.fault, context.idps.all.length > 1 ? {} : { idp: context.idps.name }),
    };
  }
  return { leg: 'idpWrite', why: `${context.idps.name} still shows them in a managed group` };
}

/** Cases that wait are looked at again, and the owners of what is left reminded. */
export async function runDueOffboardings(context: Data & Runtime, ids: readonly string[]): Promise<void> {
  const remindMs = context.catalogue.current().remindSeconds * 1_000;
  for (const id of ids)
    try {
      await runDueOffboarding(context, id, remindMs);
    } catch (error) {
      // One that can't be dealt with now holds up none of the others.
      context.log.error({ err: (error as Error).message, offboarding: id }, 'case not looked at');
    }
}

async function runDueOffboarding(context: Data & Runtime, id: string, remindMs: number): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(id);
      if (locked === null || !isOffboardingOpen(locked.state)) return { result: null };
      const toldAt = locked.remindedAt ?? locked.beganAt ?? locked.openedAt;
      const isDue = unit.now.getTime() - toldAt.getTime() >= remindMs;
      const isWaiting = hasLeft(locked) && openItemsOf(locked).some((item) => item.decision === null);
      return {
        result: null,
        jobs: [{ job: 'advanceOffboarding', offboardingId: locked.id }],
        events: isDue && isWaiting ? [{ type: 'ownersReminded', ...at(unit, locked.id, null) }] : [],
      };
    },
    context.nudge,
  );
}
