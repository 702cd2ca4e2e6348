import type { Job } from '../../core/jobs/reactions.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import { idpLane } from '../../queue/lanes.ts';
import { compareGroup, type GroupDifference } from '../../store/reconcile/compare.ts';
import { forgetRun, notePlaceCompared, type Place, takeUpRun } from '../../store/reconcile/runs.ts';
import { type Listed, SeenPeople } from '../../store/reconcile/seen-people.ts';
import { stageMembers } from '../../store/reconcile/staging.ts';
import { type AtIdp, at } from '../idps/idps.ts';
import { commit, type Note, type Unit } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';
import { putOnOneCard } from '../mass-change/collect.ts';
import { readyTargets } from '../membership/ready-targets.ts';
import { joinedAmong } from '../people/accounts.ts';
import { type Listing, readLists } from './read-lists.ts';

/** Somebody is at the same group; this look comes after theirs. */
const BUSY_MS = 5_000;
/** Ids named of those whom SCIM has otherwise than the IdP. */
export const NAMED_MAX = 1_000;

/** One group, because something told of it. */
export async function checkGroup(context: Context, job: Extract<Job, { job: 'checkGroup' }>): Promise<Ran> {
  const target = readyTargets(context).find(({ groupId }) => groupId === job.groupId);
  if (target === undefined) return done;
  const restMs = (restUntil.get(context.db)?.get(target.groupId) ?? 0) - performance.now();
  if (restMs > 0) return { againInMs: Math.ceil(restMs) };
  const startedAt = performance.now();
  const checkedGroups = await context.locks.tryLock(`checkGroup:${target.groupId}`, () =>
    checkOneGroup(at(context, target), target),
  );
  if (checkedGroups === null) return { againInMs: BUSY_MS };
  const endedAt = performance.now();
  const rests = restUntil.get(context.db) ?? new Map<string, number>();
  restUntil.set(context.db, rests.set(target.groupId, endedAt + (endedAt - startedAt) * REST_TIMES));
  return done;
}

/**
 * In a storm, many observations of one group arrive bit by bit. Each of them would have the whole group read again. So
 * each look at a group is followed by a rest. The rest lasts this many times as long as the look took.
 */
const REST_TIMES = 4;
/** By the clock of `performance.now()`. */
const restUntil = new WeakMap<Context['db'], Map<string, number>>();

/** The people who differ between a group and what is wanted, by our ids. */
export type Differences = { finding: string[]; lost: string[] };

/**
 * Compares the group's members in the IdP with the people who are wanted there. A few differences are checked one by
 * one. Many are put on one card. A fault is thrown; called again, it goes on where it was.
 */
async function checkOneGroup(context: Context & AtIdp, target: Target): Promise<Differences> {
  const run = await takeUpRun(context.db, 'checkGroup', [
    { kind: 'group', externalId: target.groupId, name: target.groupName },
  ]);
  await readLists(context, run.places, groupListing(context), 'none');
  const [place] = run.places as [Place];
  const differences = await commit(
    context.db,
    async (unit) => {
      const look = { system: context.idp.system, now: unit.now, limit: NAMED_MAX };
      const difference = withoutPush(context, place, await compareGroup(unit.tx, place, look));
      await notePlaceCompared(unit.tx, place, null);
      const result = differencesOf(difference);
      return {
        result,
        notes: [groupNote(unit, place, difference)],
        jobs: pushesOwed(context, place, difference),
      };
    },
    context.nudge,
  );
  const joined = {
    finding: await joinedAmong(context, differences.finding),
    lost: await joinedAmong(context, differences.lost),
  };
  const few = await putOnOneCard(context, target.groupId, joined);
  await commit(context.db, async () => ({ result: null, jobs: checkAll(target, few) }), context.nudge);
  await forgetRun(context.db, run, null);
  return joined;
}

/** Pure: what of a comparison concerns the group's own members. */
export function differencesOf({ finding, lost }: GroupDifference): Differences {
  const ids = (all: GroupDifference['lost']) => all.map(({ personId }) => personId);
  return { finding: ids(finding), lost: ids(lost) };
}

/** Whether there are so many that they are one mass change and not as many single ones. */
export function areMany(context: Pick<Context, 'catalogue'>, { finding, lost }: Differences): boolean {
  const { memberships } = context.catalogue.current().massGuard;
  return finding.length > memberships || lost.length > memberships;
}

function checkAll({ groupId, idp }: Target, personIds: readonly string[]): Job[] {
  return personIds.map((personId) => ({ job: 'checkMembership', personId, groupId, idp }));
}

/**
 * Where SCIM has somebody otherwise than the IdP, a push was lost: the bridge makes Anypoint right for them. Many have
 * one cause that no delivery mends (the group is not pushed, people are not assigned to the app). They are only told.
 */
export function pushesOwed(
  context: Pick<Context, 'catalogue'>,
  place: Place,
  difference: GroupDifference,
): Job[] {
  const { memberships } = context.catalogue.current().massGuard;
  const few = (ids: string[]) => (ids.length > memberships ? [] : ids);
  return context.catalogue
    .teamsOfGroupId(place.externalId)
    .flatMap((teamId) =>
      [...few(difference.unpushedIds), ...few(difference.pushedOnlyIds)].map(
        (personId): Job => ({ job: 'deliverToTeam', personId, teamId }),
      ),
    );
}

/** Of a group that something else carries to Anypoint, no push to us is owed. */
export function withoutPush(
  context: Pick<Context, 'catalogue'>,
  place: Place,
  difference: GroupDifference,
): GroupDifference {
  const isOurs = context.catalogue
    .targets()
    .some((target) => target.groupId === place.externalId && target.delivery === undefined);
  return isOurs
    ? difference
    : { ...difference, unpushed: 0, unpushedIds: [], pushedOnly: 0, pushedOnlyIds: [] };
}

/** What a group came to, as evidence. `agrees`: desired, IdP and SCIM are of one mind. */
export function foundInGroup(difference: GroupDifference) {
  const { members, inHand, isPushed, unpushed, pushedOnly } = difference;
  const finding = difference.finding.length;
  const lost = difference.lost.length;
  const differing = finding + lost;
  const agrees = differing + inHand + unpushed + pushedOnly === 0;
  return {
    members,
    differing,
    finding,
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
  context: Pick<Context, 'db'> & AtIdp,
  ended: (place: Place) => Promise<void> = async () => {},
): Listing<Listed> {
  const seen = new SeenPeople();
  return {
    lane: idpLane(context.idp.system),
    async read(place, from) {
      const page = await context.idp.pageOfMembers(place.externalId, from, seen.recall);
      const rows = page.rows.map((person, n) => seen.listed(person, page.prints?.[n]));
      return { ...page, rows: [...(page.met ?? []), ...rows] };
    },
    store: (place, rows, stretch) =>
      stageMembers(context.db, { system: context.idp.system, place, stretch }, rows, seen),
    ended,
  };
}
