import type { Job } from '../../core/jobs/reactions.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import { compareGroup, type GroupDifference } from '../../store/reconcile/compare.ts';
import { forgetRun, notePlaceCompared, type Place, takeUpRun } from '../../store/reconcile/runs.ts';
import { SeenPeople } from '../../store/reconcile/seen-people.ts';
import { stageMembers } from '../../store/reconcile/staging.ts';
import { commit, type Note, type Unit } from '../kernel/commit.ts';
import { done, type Ran, type Road } from '../kernel/context.ts';
import { putOnOneCard } from '../mass-change/collect.ts';
import type { IdpPerson } from '../ports.ts';
import { type Listing, readLists } from './read-lists.ts';

/** Somebody is at the same group; this look comes after theirs. */
const BUSY_MS = 5_000;
/** Ids named of those whom SCIM has otherwise than the IdP. */
export const NAMED_MAX = 1_000;

/** One group, because something told of it. */
export async function survey(road: Road, job: Extract<Job, { job: 'survey' }>): Promise<Ran> {
  const target = readyTargets(road).find(({ groupId }) => groupId === job.groupId);
  if (target === undefined) return done;
  const restMs = (restUntil.get(road.db)?.get(target.groupId) ?? 0) - performance.now();
  if (restMs > 0) return { againInMs: Math.ceil(restMs) };
  const startedAt = performance.now();
  const surveyed = await road.locks.tryLock(`survey:${target.groupId}`, () => surveyGroup(road, target));
  if (surveyed === null) return { againInMs: BUSY_MS };
  const endedAt = performance.now();
  const rests = restUntil.get(road.db) ?? new Map<string, number>();
  restUntil.set(road.db, rests.set(target.groupId, endedAt + (endedAt - startedAt) * REST_TIMES));
  return done;
}

/**
 * While a storm is told of bit by bit, each bit would have the whole group read again: a look at it is followed by a
 * rest of so many times as long as it took.
 */
const REST_TIMES = 4;
/** By the clock of `performance.now()`. */
const restUntil = new WeakMap<Road['db'], Map<string, number>>();

/** Who differs between a group and what is wanted: our ids of people. */
export type Differences = { unrequested: string[]; lost: string[] };

/**
 * Compares who the IdP has in a group with who is wanted there; a few differences are weighed one by one, many are put
 * on one card. A fault is thrown; called again, it goes on where it was.
 */
async function surveyGroup(road: Road, target: Target): Promise<Differences> {
  const run = await takeUpRun(road.db, 'survey', [
    { kind: 'group', externalId: target.groupId, name: target.groupName },
  ]);
  await readLists(road, run.places, groupListing(road), 'none');
  const [place] = run.places as [Place];
  const differences = await commit(
    road.db,
    async (unit) => {
      const difference = await compareGroup(unit.tx, place, road.idp.name, unit.now, NAMED_MAX);
      await notePlaceCompared(unit.tx, place, null);
      const result = differencesOf(difference);
      return {
        result,
        notes: [groupNote(unit, place, difference)],
        jobs: pushesOwed(road, place, difference),
      };
    },
    road.nudge,
  );
  const few = await putOnOneCard(road, target.groupId, differences);
  await commit(road.db, async () => ({ result: null, jobs: weighAll(target.groupId, few) }), road.nudge);
  await forgetRun(road.db, run, null);
  return differences;
}

/** Pure: what of a comparison concerns the group's own members. */
export function differencesOf({ unrequested, lost }: GroupDifference): Differences {
  const ids = (all: GroupDifference['lost']) => all.map(({ personId }) => personId);
  return { unrequested: ids(unrequested), lost: ids(lost) };
}

/** Whether there are so many that they are one mass change and not as many single ones. */
export function areMany(road: Pick<Road, 'catalogue'>, { unrequested, lost }: Differences): boolean {
  const { memberships } = road.catalogue.current().massGuard;
  return unrequested.length > memberships || lost.length > memberships;
}

function weighAll(groupId: string, personIds: readonly string[]): Job[] {
  return personIds.map((personId) => ({ job: 'weigh', personId, groupId }));
}

/**
 * Where SCIM has somebody otherwise than the IdP, a push was lost: the bridge makes Anypoint right for them. Many are
 * one cause that no delivery mends (the group is not pushed, people are not assigned to the app): they are only told.
 */
export function pushesOwed(road: Pick<Road, 'catalogue'>, place: Place, difference: GroupDifference): Job[] {
  const { memberships } = road.catalogue.current().massGuard;
  const few = (ids: string[]) => (ids.length > memberships ? [] : ids);
  return road.catalogue
    .teamsOfGroupId(place.externalId)
    .flatMap((teamId) =>
      [...few(difference.unpushedIds), ...few(difference.pushedOnlyIds)].map(
        (personId): Job => ({ job: 'deliver', personId, teamId }),
      ),
    );
}

/** What a group came to, as evidence. `agrees`: desired, IdP and SCIM are of one mind. */
export function foundInGroup(difference: GroupDifference) {
  const { members, inHand, isPushed, unpushed, pushedOnly } = difference;
  const unrequested = difference.unrequested.length;
  const lost = difference.lost.length;
  const differing = unrequested + lost;
  const agrees = differing + inHand + unpushed + pushedOnly === 0;
  return {
    members,
    differing,
    unrequested,
    lost,
    inHand,
    unpushed,
    pushedOnly,
    agrees,
    ...(unpushed + pushedOnly === 0 ? {} : { leg: 'scimPush', isPushed }),
  };
}

export function groupNote(unit: Unit, place: Place, difference: GroupDifference): Note {
  return {
    type: 'groupReconciled',
    at: unit.now,
    actor: { part: 'latchkey' },
    changeId: null,
    data: { groupId: place.externalId, groupName: place.name, ...foundInGroup(difference) },
  };
}

/** Stages who the IdP has in a group; people are remembered on the way. */
export function groupListing(
  road: Pick<Road, 'db' | 'idp'>,
  ended: (place: Place) => Promise<void> = async () => {},
): Listing<IdpPerson> {
  const seen = new SeenPeople();
  return {
    lane: 'idp',
    read: (place, from) => road.idp.pageOfMembers(place.externalId, from),
    store: (place, rows, stretch) => stageMembers(road.db, road.idp.name, place, rows, stretch, seen),
    ended,
  };
}

/** Each ready group once, however many entitlements it carries. */
export function readyTargets(road: Pick<Road, 'catalogue'>): Target[] {
  const targets = new Map<string, Target>();
  for (const { key } of road.catalogue.current().entitlements) {
    const status = road.catalogue.status(key);
    if (status.status === 'ready') targets.set(status.target.groupId, status.target);
  }
  return [...targets.values()];
}
