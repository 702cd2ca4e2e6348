import type { Observation } from '../../core/drift/observation.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import { hasOpenCard, openMassChange } from '../../store/mass-changes.ts';
import { type Apart, compareGroup, compareTeam } from '../../store/reconcile/compare.ts';
import {
  closeRun,
  forgetRun,
  notePlaceCompared,
  type Place,
  placesApart,
  type Run,
  sumOfFound,
  takeUpRun,
} from '../../store/reconcile/runs.ts';
import { compareElsewhere } from '../delivery/compare.ts';
import { watchMappings } from '../delivery/watch-mappings.ts';
import { atEach } from '../idps/idps.ts';
import { commit, type Note, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Parties, type Ran, type Runtime } from '../kernel/context.ts';
import { putExcessOnCard } from '../mass-change/excess-members.ts';
import { idpOfGroup, readyTargets } from '../membership/ready-targets.ts';
import {
  areMany,
  differencesOf,
  foundInGroup,
  groupListing,
  groupNote,
  NAMED_MAX,
  pushesOwed,
  withoutPush,
} from './check-group.ts';
import { lookAtPeople } from './look-at-people.ts';
import { readLists } from './read-lists.ts';
import { teamListing, usersListing } from './read-teams.ts';
import { recordWithin } from './record-observations.ts';
import { withRoomToGrow } from './room-to-grow.ts';
import { foundInTeam, PLACES_NAMED_MAX, teamNote } from './team-evidence.ts';

/** Teams compared side by side: the database works while the answers of another are taken in. */
const TEAMS_AT_ONCE = 2;

/** What a run came to. `allAgree`: desired, IdP, SCIM and Anypoint were of one mind wherever all could be read. */
export type Evidence = {
  run: string;
  startedAt: string;
  seconds: number;
  allAgree: boolean;
  groups: Record<string, number>;
  teams: Record<string, number>;
  /** Names of the first groups and teams that did not agree. */
  apart: string[];
  /** What could not be read, with the fault's code. */
  unread: string[];
  peopleLookedAt: number;
};

/**
 * Compares three ways who is desired, who the IdP has and whom Anypoint shows: finds what no notification told. Reads
 * only; what it finds goes down the road like everything else, and what agrees is evidence. Everything is staged page
 * by page and compared set by set, so memory does not grow with the memberships. One run at a time; one that was
 * stopped is taken up where it was. Null: somebody else is at it.
 */
export async function reconcile(
  context: Context,
  until: AbortSignal = new AbortController().signal,
): Promise<Evidence | null> {
  return await context.locks.tryLock('reconcile', () => withRoomToGrow(() => compareThrough(context, until)));
}

/** Asked for: opens a run unless one is open, and the timers go on with it as with any that was left unfinished. */
export async function beginReconcile(context: Data & Runtime): Promise<Ran> {
  await context.locks.tryLock('reconcile', () => takeUpRun(context.db, 'everything', plan(context)));
  context.reconcileSoon();
  return done;
}

async function compareThrough(context: Context, until: AbortSignal): Promise<Evidence> {
  const run = await takeUpRun(context.db, 'everything', plan(context));
  await watchMappings(context);
  const ready = new Set(readyTargets(context).map((target) => target.groupId));
  const endGroup = (place: Place) => closeGroup(context, run, place, ready.has(place.externalId));
  // PostgreSQL compares while the next lists are fetched. A team whose groups are not compared yet comes after them.
  const endTeam = async (place: Place) => {
    const groups = groupsOf(context, place, of('group'));
    if (groups?.every((group) => group.isCompared)) await closeTeam(context, place, groups);
  };
  const of = (kind: Place['kind']) => run.places.filter((place) => place.kind === kind);
  const unlisted = (kind: Place['kind']) => of(kind).filter((place) => !place.isListed);

  for (const place of of('group')) if (place.isListed && !place.isCompared) await endGroup(place);
  await together(until, [
    ...atEach(context).map(
      (there) => (signal: AbortSignal) =>
        readLists(
          context,
          unlisted('group').filter((place) => idpOfGroup(context, place.externalId) === there.idp),
          groupListing(there, endGroup),
          { until: signal },
        ),
    ),
    async (signal) => {
      await readLists(context, unlisted('users'), usersListing(context), { until: signal });
      await readLists(context, unlisted('team'), teamListing(context, endTeam), { until: signal });
    },
  ]);
  const teams = of('team').filter((place) => !place.isCompared);
  const closeTeams = async (signal: AbortSignal) => {
    for (let place = teams.shift(); place !== undefined; place = teams.shift()) {
      signal.throwIfAborted();
      const groups = groupsOf(context, place, of('group'));
      if (groups?.some((group) => group.trouble !== null) === false) await closeTeam(context, place, groups);
    }
  };
  await together(until, Array(TEAMS_AT_ONCE).fill(closeTeams));
  // After the teams: what is not checked yet keeps every team from being compared.
  lookAnew(context, run);
  return await finish(context, run, await lookAtPeople(context));
}

/** Deleted while Latchkey runs: another group or team may have the name by now. */
function lookAnew({ catalogue }: Data, { places }: Run): void {
  for (const { kind, externalId, trouble } of places)
    if (kind !== 'users' && trouble?.endsWith('.not_found') === true) catalogue.gone(kind, externalId);
}

/** Every list to be read. Teams are left out while an entitlement that could give them can't be checked. */
function plan(context: Data): Pick<Place, 'kind' | 'externalId' | 'name'>[] {
  const targets = context.catalogue.targets();
  const groups = new Map(targets.map((target) => [target.groupId, target.groupName]));
  const places: Pick<Place, 'kind' | 'externalId' | 'name'>[] = [...groups].map(([externalId, name]) => ({
    kind: 'group',
    externalId,
    name,
  }));
  if (context.catalogue.isUnchecked()) return places;
  const unplaced = new Set(
    context.catalogue.current().entitlements.flatMap((e) => {
      const status = context.catalogue.status(e.key);
      return status.status === 'refused' && status.target === null ? [e.team] : [];
    }),
  );
  const teams = new Map(targets.map((target) => [target.teamId, target.teamName]));
  const complete = [...teams].filter(([, name]) => !unplaced.has(name));
  if (complete.length > 0) places.push({ kind: 'users', externalId: '', name: 'users' });
  for (const [externalId, name] of complete) places.push({ kind: 'team', externalId, name });
  return places;
}

/** Works side by side; when one fails the others stop, and its error is thrown after they have. */
async function together(
  until: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([until, failed.signal]);
  let first: { error: unknown } | null = null;
  await Promise.all(
    works.map((work) =>
      work(signal).catch((error: unknown) => {
        first ??= { error };
        failed.abort();
      }),
    ),
  );
  if (first !== null) throw (first as { error: unknown }).error;
}

/** A group's differences join the road as observations; many at once are one look at the whole group. */
async function closeGroup(context: Context, run: Run, place: Place, isReady: boolean): Promise<void> {
  if (place.trouble !== null) return;
  await commit(
    context.db,
    async (unit) => {
      const { system } = idpOfGroup(context, place.externalId);
      const look = { system, now: unit.now, limit: NAMED_MAX };
      const compared = withoutPush(context, place, await compareGroup(unit.tx, place, look));
      // An entitlement that is not offered still gives its team, but nobody's membership of it is ours to judge.
      const difference = isReady ? compared : { ...compared, finding: [], lost: [], inHand: 0 };
      await notePlaceCompared(unit.tx, place, foundInGroup(difference));
      const jobs = pushesOwed(context, place, difference);
      // A card on many is kept true, also where nothing differs any more.
      const isOnCard = await hasOpenCard(unit.tx, place.externalId);
      if (isOnCard || areMany(context, differencesOf(difference)))
        jobs.push({ job: 'checkGroup', groupId: place.externalId, idp: system });
      else {
        const recorded = await recordWithin(unit.tx, [
          ...difference.finding.map((apart) => observed(unit, { run, place }, apart, 'added')),
          ...difference.lost.map((apart) => observed(unit, { run, place }, apart, 'removed')),
        ]);
        jobs.push(...recorded.jobs);
      }
      return { result: null, jobs, notes: [groupNote(unit, place, difference)] };
    },
    context.nudge,
  );
  place.isCompared = true;
}

function observed(
  unit: Unit,
  { run, place }: { run: Run; place: Place },
  { personId, externalId }: Apart,
  direction: 'added' | 'removed',
): Observation {
  return {
    key: `beginReconcile:${run.id}:${personId}:${place.externalId}`.slice(0, 500),
    eventSource: 'reconcile',
    payload: { kind: 'membership', person: { id: externalId }, group: { id: place.externalId }, direction },
    actor: null,
    occurredAt: unit.now,
  };
}

/** The groups that give a team; null: that can't be told now. */
function groupsOf(context: Data, team: Place, groups: readonly Place[]): Place[] | null {
  const targets = context.catalogue.targetsOfTeam(team.externalId);
  if (targets === 'unchecked') return null;
  const groupIds = new Set(targets.map((target) => target.groupId));
  return groups.filter((group) => groupIds.has(group.externalId));
}

/**
 * Has everybody delivered anew whom Anypoint shows otherwise than they should be. More differences than the mass guard
 * lets pass are not taken away. So many at once are a mistake somewhere else, and are asked about on one card.
 */
async function closeTeam(context: Context, place: Place, itsGroups: readonly Place[]): Promise<void> {
  const targets = context.catalogue.targetsOfTeam(place.externalId);
  if (place.trouble !== null || targets === 'unchecked') return;
  const { memberships } = context.catalogue.current().massGuard;
  const onCard = await commit<string[] | null>(
    context.db,
    async (unit) => {
      const difference = await compareTeam(unit.tx, place, itsGroups, {
        systems: systemsOf(context, targets),
        membersAlone: context.idps.all.flatMap(({ system, carriesMembersAlone }) =>
          carriesMembersAlone === true ? [system] : [],
        ),
        elsewhere: targets.flatMap(({ groupId, delivery }) => (delivery === undefined ? [] : [groupId])),
        now: unit.now,
        limit: NAMED_MAX,
      });
      const held = difference.extra > memberships ? difference.extra : 0;
      const elsewhere = await compareElsewhere(unit, place, { targets, groups: itsGroups });
      const found = foundInTeam(difference, elsewhere, held);
      await notePlaceCompared(unit.tx, place, found);
      const isOnCard = held > 0 || (await openMassChange(unit.tx, 'excess', place.externalId)) !== null;
      const people = [...difference.missingIds, ...(isOnCard ? [] : difference.extraIds)];
      return {
        result: isOnCard ? difference.extraIds : null,
        jobs: [
          ...people.map((personId): Job => ({ job: 'deliverToTeam', personId, teamId: place.externalId })),
          ...elsewhere.jobs,
        ],
        notes: [teamNote(unit, place, difference, found), ...elsewhere.notes],
      };
    },
    context.nudge,
  );
  if (onCard !== null) await putExcessOnCard(context, place.externalId, onCard);
  place.isCompared = true;
}

/** Of the IdPs whose groups give a team. */
function systemsOf(context: Parties, targets: readonly Target[]): string[] {
  const systems = new Set(targets.map(({ idp }) => idp));
  return systems.size === 0 ? context.idps.all.map(({ system }) => system) : [...systems];
}

async function finish(context: Data, run: Run, peopleLookedAt: number): Promise<Evidence> {
  const evidence = await commit(context.db, async (unit) => {
    const groups = await sumOfFound(unit.tx, run.id, 'group');
    const teams = await sumOfFound(unit.tx, run.id, 'team');
    const apart = await placesApart(unit.tx, run.id, PLACES_NAMED_MAX);
    const unread = run.places.filter((place) => place.trouble !== null);
    const found: Evidence = {
      run: run.id,
      startedAt: run.startedAt.toISOString(),
      seconds: Math.round((unit.now.getTime() - run.startedAt.getTime()) / 100) / 10,
      allAgree: apart.length === 0 && unread.length === 0 && peopleLookedAt === 0,
      groups: { read: run.places.filter((place) => place.kind === 'group').length, ...groups },
      teams: { read: run.places.filter((place) => place.kind === 'team').length, ...teams },
      apart,
      unread: unread.slice(0, PLACES_NAMED_MAX).map(({ name, trouble }) => `${name}: ${trouble}`),
      peopleLookedAt,
    };
    await closeRun(unit.tx, run, found);
    const note: Note = {
      type: 'reconciled',
      at: unit.now,
      actor: { part: 'latchkey' },
      changeId: null,
      data: found,
    };
    return { result: found, notes: [note] };
  });
  await forgetRun(context.db, run, evidence);
  return evidence;
}
