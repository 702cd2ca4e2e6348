import { type ChangeEvent, isUnderway } from '../core/change.ts';
import { Fault } from '../core/fault.ts';
import type { Told, ToldGroup, ToldPerson } from '../core/observation.ts';
import type { Job } from '../core/reactions.ts';
import { pendingFindings, underwayIds } from '../store/changes.ts';
import { cardOfPair } from '../store/mass-changes.ts';
import {
  heedLater,
  msUntilUnheeded,
  noteHeeded,
  type ObservedRow,
  unheeded,
  weighedSince,
} from '../store/observed.ts';
import { linkPerson, type Person, personByLink, rememberPerson } from '../store/people.ts';
import { commit, type Unit } from './commit.ts';
import { done, type Ran, type Road } from './road.ts';
import { isWanted } from './wanted.ts';

/** Heeded in one commit. */
const BATCH = 100;
/** What can't be told apart yet (the catalogue is not checked, the IdP does not answer) is looked at again. */
const LATER_MS = 1_000;

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

async function heedSome(road: Road): Promise<number> {
  return await commit(
    road.db,
    async (unit) => {
      const rows = await unheeded(unit.tx, BATCH);
      const following: Following = { events: [], jobs: [] };
      const suspects = new Set<string>();
      for (const row of rows)
        try {
          await heedOne(road, unit, row, following, suspects);
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          road.log.warn({ err: error.message, observed: row.key }, 'observation heeded later');
          await heedLater(unit.tx, row.id, LATER_MS);
        }
      for (const pair of suspects) await suspect(road, unit, JSON.parse(pair), following);
      return { result: rows.length, ...following };
    },
    road.nudge,
  );
}

async function heedOne(
  road: Road,
  unit: Unit,
  row: ObservedRow,
  following: Following,
  suspects: Set<string>,
): Promise<void> {
  const { told } = row;
  switch (told.kind) {
    case 'membership':
      return await heedMembership(road, unit, row, told, following, suspects);
    case 'person': {
      const person = await resolve(road, unit, told.person);
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
  row: ObservedRow,
  told: Told & { kind: 'membership' },
  following: Following,
  suspects: Set<string>,
): Promise<void> {
  const groups = groupIdsOf(road, told.group);
  if (groups === 'unchecked') return await heedLater(unit.tx, row.id, LATER_MS);
  const [groupId] = groups;
  if (groupId === undefined) return await noteHeeded(unit.tx, row.id, 'not ours');
  const person = await resolve(road, unit, told.person);
  if (person === null) return await noteHeeded(unit.tx, row.id, 'unknown person');
  const pair = { personId: person.id, groupId };
  const isWorkedOn = await noteEvidence(road, unit, row, told, pair, following);
  const isAdded = told.direction === 'added';
  // What is on one card with others is looked at again: it may agree now, and drop out.
  const isOnCard = (await cardOfPair(unit.tx, pair)) !== null;
  const isExpected = isWorkedOn || (!isOnCard && (await isWanted(unit.tx, pair, unit.now)) === isAdded);
  if (!isExpected) suspects.add(JSON.stringify({ ...pair, direction: told.direction }));
  await noteHeeded(unit.tx, row.id, isExpected ? 'expected' : 'weighed', pair);
  // Found already, by a voice that did not say who did it: they may be the one who was asked.
  if (row.actor !== null)
    for (const changeId of await pendingFindings(unit.tx, pair))
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

/** One by one as long as they are few; many at once are one look at the whole group. */
async function suspect(
  road: Road,
  unit: Unit,
  pair: { personId: string; groupId: string; direction: 'added' | 'removed' },
  following: Following,
): Promise<void> {
  const { memberships, windowSeconds } = road.catalogue.current().massGuard;
  const since = new Date(unit.now.getTime() - windowSeconds * 1_000);
  const many = await weighedSince(unit.tx, pair.groupId, pair.direction, since);
  following.jobs.push(
    many > memberships
      ? { job: 'survey', groupId: pair.groupId }
      : { job: 'weigh', personId: pair.personId, groupId: pair.groupId },
  );
}

function groupIdsOf(road: Road, group: ToldGroup): string[] | 'unchecked' {
  if ('name' in group)
    return road.catalogue.isUnchecked(group.name) ? 'unchecked' : road.catalogue.groupIdsNamed(group.name);
  if (road.catalogue.teamsOfGroupId(group.id).length > 0) return [group.id];
  return road.catalogue.isUnchecked() ? 'unchecked' : [];
}

/** By the IdP's own id, else as the IdP or the push itself describes them; null: nobody, or not clear who. */
async function resolve(road: Road, unit: Unit, told: ToldPerson): Promise<Person | null> {
  if ('email' in told) {
    const found = await road.idp.findPeopleByEmail(told.email);
    const [one, second] = found;
    if (one === undefined || second !== undefined) return null;
    return await rememberPerson(unit.tx, road.idp.name, one);
  }
  if ('anyOf' in told) {
    for (const name of told.anyOf) {
      const person = await resolve(road, unit, name);
      if (person !== null) return person;
    }
    return null;
  }
  if ('entraId' in told) return await byEntra(road, unit, told.entraId);
  const { id, pushed } = told;
  if (id === null) return pushed === undefined ? null : await byLogin(road, unit, pushed.login);
  const known = await personByLink(unit.tx, road.idp.name, id);
  if (known !== null) return known;
  if (pushed !== undefined)
    return await rememberPerson(unit.tx, road.idp.name, {
      id,
      login: pushed.login,
      email: pushed.email,
      displayName: pushed.name,
      status: pushed.isActive ? 'active' : 'inactive',
      title: null,
      department: null,
      manager: null,
      timeZone: null,
    });
  return await byLogin(road, unit, id);
}

/**
 * Somebody Entra names is found by the link, else as Entra describes them; then the link is kept, so that neither is
 * asked again, and a person whom Entra has deleted is still known.
 */
async function byEntra(road: Road, unit: Unit, entraId: string): Promise<Person | null> {
  const known = await personByLink(unit.tx, 'entra', entraId);
  if (known !== null) return known;
  const named = await entraNames(road, entraId);
  if (named === null) return null;
  const byEmail = named.email === null ? null : await resolve(road, unit, { email: named.email });
  const person = byEmail ?? (await byLogin(road, unit, named.login));
  if (person !== null) await linkPerson(unit.tx, person.id, 'entra', entraId);
  return person;
}

/** Without the permission to read people nobody new is known, and asking on would not change that. */
async function entraNames(road: Road, entraId: string) {
  try {
    return (await road.entra?.namesOf(entraId)) ?? null;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'idp.forbidden') throw error;
    road.log.warn({ err: error.message }, 'Entra does not let us read people: grant User.Read.All');
    return null;
  }
}

async function byLogin(road: Road, unit: Unit, idOrLogin: string): Promise<Person | null> {
  const inIdp = await road.idp.readPerson(idOrLogin);
  return inIdp === null ? null : await rememberPerson(unit.tx, road.idp.name, inIdp);
}
