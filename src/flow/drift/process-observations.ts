import { type ChangeEvent, isUnderway } from '../../core/change/change.ts';
import type { Told, ToldGroup } from '../../core/drift/observation.ts';
import { Fault } from '../../core/fault.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { keptFindings, pendingFindings, underwayIds } from '../../store/changes.ts';
import { cardOfPair } from '../../store/mass-changes.ts';
import {
  heedLater,
  holdUnheeded,
  msUntilUnheeded,
  noteHeeded,
  type ObservedRow,
  unheeded,
  weighedSince,
} from '../../store/observed.ts';
import type { Person } from '../../store/people.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import { done, type Ran, type Road } from '../kernel/context.ts';
import { isWanted } from '../membership/wanted-in-group.ts';
import { createResolve, isAboutOne } from '../people/resolve-person.ts';

/** Heeded in one commit. */
const BATCH = 100;
/** What can't be told apart yet (the catalogue is not checked, the IdP does not answer) is looked at again. */
const LATER_MS = 1_000;
/** The longer it has not been told apart, the more seldom: an outage is over sooner than what the IdP refuses to answer. */
const LATER_MAX_MS = { passing: 15_000, refused: 600_000 };

/**
 * Makes something of what the voices told, in the order in which it happened. What agrees with what is wanted is
 * evidence; what doesn't is weighed against the IdP itself, a group with many such is surveyed whole. Nothing here
 * is believed: an observation only says where to look. Safe to run twice; one run at a time.
 */
export async function heed(road: Road): Promise<Ran> {
  return await road.locks.withLock('heed', async () => {
    for (;;) {
      const heeded = await heedSome(road);
      if (heeded < BATCH) break;
    }
    const ms = await msUntilUnheeded(road.db);
    return ms === null ? done : { againInMs: Math.max(1, ms) };
  });
}

type Following = { events: ChangeEvent[]; jobs: Job[] };

/** Whom each is about is looked up before the commit, which so waits for nobody outside. */
async function heedSome(road: Road): Promise<number> {
  const rows = await unheeded(road.db, BATCH);
  if (rows.length === 0) return 0;
  const about = await lookUp(road, rows);
  await commit(
    road.db,
    async (unit) => {
      const held = await holdUnheeded(
        unit.tx,
        rows.map((row) => row.id),
      );
      const following: Following = { events: [], jobs: [] };
      const suspects = new Set<string>();
      for (const row of rows.filter(({ id }) => held.has(id))) {
        const person = about.get(row.id) ?? null;
        // Its group became ours since: whom it is about is looked up at the next look, which is at once.
        if (!about.has(row.id) && needsPerson(road, row)) continue;
        if (person instanceof Fault) await heedAfter(unit, row, person);
        else await heedOne(road, unit, row, person, following, suspects);
      }
      const told = [...suspects].map((pair): Suspect => JSON.parse(pair));
      for (const alike of Map.groupBy(told, (s) => `${s.direction} ${s.groupId}`).values())
        await suspect(road, unit, alike, following);
      return { result: null, ...following };
    },
    road.nudge,
  );
  return rows.length;
}

/** The person that each is about, or why that can't be said now; nothing for what is about none, or not ours. */
async function lookUp(road: Road, rows: readonly ObservedRow[]): Promise<Map<string, Person | Fault | null>> {
  const resolve = createResolve(road);
  const about = new Map<string, Person | Fault | null>();
  for (const row of rows)
    try {
      if (needsPerson(road, row)) about.set(row.id, await resolve(row.told.person));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      road.log.warn({ err: error.message, observed: row.key }, 'observation heeded later');
      about.set(row.id, error);
    }
  return about;
}

type AboutSomebody = ObservedRow & { told: Exclude<Told, { kind: 'group' }> };

function needsPerson(road: Road, row: ObservedRow): row is AboutSomebody {
  if (row.told.kind !== 'membership') return row.told.kind === 'person';
  const groups = groupIdsOf(road, row.told.group);
  return groups !== 'unchecked' && groups.length > 0;
}

async function heedAfter(unit: Unit, row: ObservedRow, fault: Fault): Promise<void> {
  const atLeastMs = Math.min(fault.retryAfterMs ?? LATER_MS, LATER_MAX_MS.refused);
  const atMostMs = Math.max(atLeastMs, isAboutOne(fault) ? LATER_MAX_MS.refused : LATER_MAX_MS.passing);
  await heedLater(unit.tx, row.id, atLeastMs, atMostMs);
}

async function heedOne(
  road: Road,
  unit: Unit,
  row: ObservedRow,
  person: Person | null,
  following: Following,
  suspects: Set<string>,
): Promise<void> {
  const { told } = row;
  switch (told.kind) {
    case 'membership':
      return await heedMembership(road, unit, { row, told, person }, following, suspects);
    case 'person': {
      if (person === null) return await noteHeeded(unit.tx, row.id, 'unknown person');
      following.jobs.push({ job: 'regard', personId: person.id });
      return await noteHeeded(unit.tx, row.id, 'regarded', { personId: person.id });
    }
    case 'group': {
      const groups = groupIdsOf(road, told.group);
      if (groups === 'unchecked') return await heedLater(unit.tx, row.id, LATER_MS);
      for (const groupId of groups) following.jobs.push({ job: 'survey', groupId });
      return await noteHeeded(unit.tx, row.id, groups.length === 0 ? 'not ours' : 'surveyed');
    }
    default:
      return told satisfies never;
  }
}

async function heedMembership(
  road: Road,
  unit: Unit,
  { row, told, person }: { row: ObservedRow; told: Told & { kind: 'membership' }; person: Person | null },
  following: Following,
  suspects: Set<string>,
): Promise<void> {
  const groups = groupIdsOf(road, told.group);
  if (groups === 'unchecked') return await heedLater(unit.tx, row.id, LATER_MS);
  const [groupId] = groups;
  if (groupId === undefined) return await noteHeeded(unit.tx, row.id, 'not ours');
  if (person === null) return await noteHeeded(unit.tx, row.id, 'unknown person');
  const pair = { personId: person.id, groupId };
  const isWorkedOn = await noteEvidence(road, unit, row, told, pair, following);
  const isAdded = told.direction === 'added';
  // What is on one card with others is looked at again, it may agree now and drop out; decided, it is about to be made so.
  const card = await cardOfPair(unit.tx, pair);
  const isExpected =
    isWorkedOn ||
    card?.state === 'decided' ||
    (card === null && (await isWanted(unit.tx, pair, unit.now)) === isAdded);
  if (!isExpected) suspects.add(JSON.stringify({ ...pair, direction: told.direction }));
  await noteHeeded(unit.tx, row.id, isExpected ? 'expected' : 'weighed', pair);
  // Found already, by a voice that did not say who did it: they may be the one who was asked.
  if (row.actor !== null)
    for (const changeId of [
      ...(await pendingFindings(unit.tx, pair)),
      // Or the one who kept it already.
      ...(isAdded ? await keptFindings(unit.tx, pair) : []),
    ])
      following.jobs.push({ job: 'consider', changeId });
}

/** A push is work for the bridge and evidence for the changes that caused it. Whether one of those explains it. */
async function noteEvidence(
  road: Road,
  unit: Unit,
  row: ObservedRow,
  told: Told & { kind: 'membership' },
  pair: { personId: string; groupId: string },
  following: Following,
): Promise<boolean> {
  const kind = told.direction === 'added' ? 'grant' : 'revoke';
  if (row.voice === 'scim')
    for (const teamId of road.catalogue.teamsOfGroupId(pair.groupId))
      following.jobs.push({ job: 'deliver', personId: pair.personId, teamId });
  let isWorkedOn = false;
  for (const id of await underwayIds(unit.tx, pair)) {
    const change = await unit.change(id);
    if (change === null || !isUnderway(change.state) || change.kind !== kind) continue;
    isWorkedOn = true;
    const isNoted = following.events.some((e) => e.type === 'scimPushed' && e.changeId === change.id);
    if (row.voice !== 'scim' || change.legs.scimPushedAt !== null || isNoted) continue;
    following.events.push({
      type: 'scimPushed',
      changeId: change.id,
      at: unit.now,
      actor: { part: road.idp.name },
    });
  }
  return isWorkedOn;
}

type Suspect = { personId: string; groupId: string; direction: 'added' | 'removed' };

/** Told alike of one group: one by one as long as they are few; many at once are one look at the whole group. */
async function suspect(
  road: Road,
  unit: Unit,
  alike: readonly Suspect[],
  following: Following,
): Promise<void> {
  const [first] = alike;
  if (first === undefined) return;
  const { groupId, direction } = first;
  const { memberships, windowSeconds } = road.catalogue.current().massGuard;
  const since = new Date(unit.now.getTime() - windowSeconds * 1_000);
  if ((await weighedSince(unit.tx, groupId, direction, since)) > memberships)
    following.jobs.push({ job: 'survey', groupId });
  else following.jobs.push(...alike.map(({ personId }): Job => ({ job: 'weigh', personId, groupId })));
}

function groupIdsOf(road: Road, group: ToldGroup): string[] | 'unchecked' {
  if ('name' in group)
    return road.catalogue.isUnchecked(group.name) ? 'unchecked' : road.catalogue.groupIdsNamed(group.name);
  if (road.catalogue.teamsOfGroupId(group.id).length > 0) return [group.id];
  return road.catalogue.isUnchecked() ? 'unchecked' : [];
}
