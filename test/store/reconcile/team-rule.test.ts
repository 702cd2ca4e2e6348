import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../../src/core/fault.ts';
import { nameKey } from '../../../src/core/name-key.ts';
import type { Target } from '../../../src/core/policy/catalogue.ts';
import { teamVerdict } from '../../../src/flow/membership/wanted-in-team.ts';
import type { IdpPerson, IdpPersonStatus } from '../../../src/ports/identity-provider.ts';
import { readPerson } from '../../../src/store/people.ts';
import type { Db } from '../../../src/store/postgres/database.ts';
import { compareGroup, compareTeam } from '../../../src/store/reconcile/compare.ts';
import { takeUpRun } from '../../../src/store/reconcile/runs.ts';

import { type FreshDatabase, freshDatabase } from '../../database.ts';
import { seedOfRun } from '../../seed-of-run.ts';

/**
 * The rule for the members of a team is said twice. The core has it for one person, with the facts that the flow
 * gathers. SQL has it for all of a team. Small worlds are stored as they would be, and both are asked about everybody.
 */
const SEED = seedOfRun('the rule of team membership in the core and in SQL');
const TEAM = 'team-1';
const GROUPS = ['group-a', 'group-b'] as const;
type Group = (typeof GROUPS)[number];
/** Okta tells of every record that it switches off; Entra also switches off whoever is in no group. */
const systems = ['okta', 'entra'] as const;
type System = (typeof systems)[number];
const targetsAt = (system: System) =>
  GROUPS.map(
    (groupId): Target => ({
      idp: system,
      groupId,
      groupName: `name of ${groupId}`,
      teamId: TEAM,
      teamName: 'Readers',
    }),
  );

type Soul = {
  status: IdpPersonStatus;
  isConfirmed: boolean;
  /** A second id, which a push gave and which turned out to be theirs. */
  hasMovedId: boolean;
  /** Goes by the login of the person before. */
  isSuccessor: boolean;
  isDeletedInIdp: boolean;
  inIdp: Group[];
  grant: { group: Group; isLive: boolean } | null;
  before: Group | null;
  /** What the IdP pushed under their id, or only under their login. */
  record: {
    id: 'own' | 'none' | 'of a client' | 'moved' | 'of the person before' | 'as the e-mail';
    isActive: boolean;
    inGroups: Group[];
    isUpper: boolean;
  } | null;
  /** What another SCIM source has pushed; it is no evidence. */
  foreign: { isActive: boolean; inGroups: Group[] } | null;
  users: { isShown: boolean; isMaintainer: boolean; wasThere: boolean }[];
  left: 'asking' | 'held' | 'underway' | 'closed by a word' | 'word taken back' | 'agreed' | null;
};

const groups = fc.subarray([...GROUPS]);
/** Of most teams Latchkey carries every group. */
const carriedElsewhere = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Group[]>([]) },
  { weight: 3, arbitrary: fc.subarray([...GROUPS]) },
);
const rarely = fc.integer({ min: 0, max: 5 }).map((n) => n === 0);
const aSoul: fc.Arbitrary<Soul> = fc.record({
  status: fc.oneof(
    { weight: 6, arbitrary: fc.constant<IdpPersonStatus>('active') },
    fc.constantFrom<IdpPersonStatus>('suspended', 'deprovisioned', 'inactive'),
  ),
  isConfirmed: rarely.map((not) => !not),
  hasMovedId: rarely,
  isSuccessor: rarely,
  isDeletedInIdp: rarely,
  inIdp: groups,
  grant: fc.option(fc.record({ group: fc.constantFrom(...GROUPS), isLive: fc.boolean() })),
  before: fc.option(fc.constantFrom(...GROUPS), { freq: 2 }),
  record: fc.option(
    fc.record({
      id: fc.oneof(
        { weight: 3, arbitrary: fc.constant('own' as const) },
        fc.constantFrom('none', 'of a client', 'moved', 'of the person before', 'as the e-mail'),
      ),
      isActive: fc.boolean(),
      inGroups: groups,
      isUpper: fc.boolean(),
    }),
    { freq: 5 },
  ),
  foreign: fc.option(fc.record({ isActive: fc.boolean(), inGroups: groups }), { freq: 1 }),
  users: fc.array(fc.record({ isShown: fc.boolean(), isMaintainer: rarely, wasThere: rarely }), {
    maxLength: 2,
  }),
  left: fc.option(
    fc.constantFrom('asking', 'held', 'underway', 'closed by a word', 'word taken back', 'agreed'),
    { freq: 1 },
  ),
});
/** Which groups the IdP pushes at all. */
const aWorld = fc.record({
  system: fc.constantFrom(...systems),
  souls: fc.array(aSoul, { minLength: 1, maxLength: 5 }),
  pushed: groups,
});

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterAll(() => fresh.close());

type Stored = { id: string; idpId: string; login: string; soul: Soul; userIds: string[] };

async function store({
  system,
  souls,
  pushed,
}: {
  system: System;
  souls: Soul[];
  pushed: Group[];
}): Promise<Stored[]> {
  await sql`truncate people, person_links, scim_users, scim_groups, grants, baseline_members, baseline_in_team,
    offboardings, changes, reconcile_runs, reconcile_places, reconcile_members, reconcile_team_members,
    reconcile_apart, team_baselines cascade`.execute(db);
  const groupIds = new Map<string, string>();
  for (const source of [system, 'other'] as const)
    for (const group of source === system ? pushed : GROUPS) {
      const id = randomUUID();
      groupIds.set(`${source} ${group}`, id);
      const name = `Name of ${group}`;
      await sql`insert into scim_groups (id, source, display_name, display_name_key, created_at, updated_at)
        values (${id}, ${source}, ${name}, ${nameKey(name)}, now(), now())`.execute(db);
    }
  const scimUser = async (
    source: System | 'other',
    {
      name,
      externalId,
      isActive,
      inGroups,
    }: { name: string; externalId: string | null; isActive: boolean; inGroups: Group[] },
  ) => {
    const id = randomUUID();
    const { rows } = await sql`insert into scim_users
        (id, source, user_name, user_name_key, external_id, active, resource, created_at, updated_at)
      values (${id}, ${source}, ${name}, ${nameKey(name)}, ${externalId}, ${isActive}, '{}', now(), now())
      on conflict do nothing returning id`.execute(db);
    if (rows.length === 0) return;
    for (const group of inGroups) {
      const groupId = groupIds.get(`${source} ${group}`);
      if (groupId !== undefined) await sql`insert into scim_members values (${groupId}, ${id})`.execute(db);
    }
  };
  const stored: Stored[] = [];
  for (const [n, soul] of souls.entries()) {
    const id = randomUUID();
    const idpId = `00u${n}`;
    const login = soul.isSuccessor && n > 0 ? (stored[n - 1]?.login ?? '') : `p${n}@acme.example`;
    const email = `mail${n}@acme.example`;
    await sql`insert into people (id, email, login, name, status)
      values (${id}, ${email}, ${login}, 'Somebody', ${soul.status})`.execute(db);
    await sql`insert into person_links (system, external_id, person_id, is_unconfirmed)
      values (${system}, ${idpId}, ${id}, ${!soul.isConfirmed})`.execute(db);
    if (soul.hasMovedId)
      await sql`insert into person_links (system, external_id, person_id, is_unconfirmed, verified_at)
        values (${system}, ${`moved-${n}`}, ${id}, true, 'epoch')`.execute(db);
    const userIds: string[] = [];
    // Nobody known by an unconfirmed record alone is noted for an Anypoint user.
    for (const [m, user] of (soul.isConfirmed ? soul.users : []).entries()) {
      const userId = `user-${n}-${m}`;
      userIds.push(userId);
      await sql`insert into person_links (system, external_id, person_id) values ('anypoint', ${userId}, ${id})`.execute(
        db,
      );
      if (user.wasThere)
        await sql`insert into baseline_in_team values (${TEAM}, ${userId}, now())`.execute(db);
    }
    if (soul.grant !== null) {
      const changeId = randomUUID();
      await sql`insert into changes (id, state, version, kind, entitlement_key, person_id, requested_at, doc)
        values (${changeId}, 'inEffect', 1, 'grant', 'some-access', ${id}, now(), '{}')`.execute(db);
      await sql`insert into grants (id, change_id, person_id, entitlement_key, group_id, team_id, starts_at, ends_at)
        values (${randomUUID()}, ${changeId}, ${id}, 'some-access', ${soul.grant.group}, ${TEAM},
          now() - interval '2 hours', now() + ${soul.grant.isLive ? 1 : -1} * interval '1 hour')`.execute(db);
    }
    if (soul.before !== null)
      await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
        values (${id}, ${soul.before}, 'a name that has changed since', now())`.execute(db);
    if (soul.left !== null) await storeCase(id, soul.left);
    stored.push({ id, idpId, login, soul, userIds });
  }
  for (const [n, { soul, idpId, login }] of stored.entries()) {
    const { record, foreign } = soul;
    if (record !== null) {
      const externalId = {
        own: idpId,
        none: null,
        'of a client': `employee-${n}`,
        moved: `moved-${n}`,
        'of the person before': n > 0 ? `00u${n - 1}` : null,
        'as the e-mail': null,
      }[record.id];
      const name = record.id === 'as the e-mail' ? `mail${n}@acme.example` : login;
      await scimUser(system, { ...record, name: record.isUpper ? name.toUpperCase() : name, externalId });
    }
    if (foreign !== null) await scimUser('other', { ...foreign, name: login, externalId: idpId });
  }
  return stored;
}

async function storeCase(personId: string, left: NonNullable<Soul['left']>): Promise<void> {
  const isWord = !['asking', 'held', 'underway'].includes(left);
  const state = left === 'word taken back' ? 'cancelled' : isWord ? 'closed' : left;
  const doc = {
    state,
    personId,
    cause: 'byHand',
    closing: isWord ? 'complete' : null,
    openedAt: new Date(),
    beganAt: state === 'asking' || state === 'held' ? null : new Date(),
    agreed: left === 'agreed' ? { cause: 'deprovisioned', at: new Date() } : null,
    cancelled: null,
    closedAt: null,
    remindedAt: null,
    legs: { requests: null, approvals: null, groups: null, teams: null },
    late: null,
    items: [],
    restored: [],
  };
  await sql`insert into offboardings (id, person_id, state, version, cause, opened_at, doc)
    values (${randomUUID()}, ${personId}, ${state}, 1, 'byHand', now(), ${JSON.stringify(doc)})`.execute(db);
}

/** The IdP's members of each group; it does not know people whom it has deleted. */
function idpOf(stored: readonly Stored[], system: System) {
  const known = (idpId: string) =>
    stored.find((s) => s.idpId === idpId && !s.soul.isDeletedInIdp && s.soul.isConfirmed);
  return {
    system,
    carriesMembersAlone: system === 'entra',
    async isMember(groupId: string, idpId: string): Promise<boolean> {
      const found = known(idpId);
      if (found === undefined) throw new Fault('idp.not_found', 'no such person', { retryable: false });
      return found.soul.inIdp.includes(groupId as Group);
    },
    readPerson: async (idpId: string) => (known(idpId) === undefined ? null : ({ id: idpId } as IdpPerson)),
  };
}

async function bySql(stored: readonly Stored[], elsewhere: readonly Group[], system: System) {
  const run = await takeUpRun(db, 'everything', [
    ...targetsAt(system).map(({ groupId, groupName }) => ({
      kind: 'group' as const,
      externalId: groupId,
      name: groupName,
    })),
    { kind: 'team' as const, externalId: TEAM, name: 'Readers' },
  ]);
  const [team] = run.places.filter((place) => place.kind === 'team');
  if (team === undefined) throw new Error('the run has no team');
  await sql`insert into team_baselines values (${TEAM}, now() - interval '1 day')`.execute(db);
  for (const { id, idpId, soul, userIds } of stored) {
    if (soul.isConfirmed && !soul.isDeletedInIdp)
      for (const place of run.places.filter((p) => (soul.inIdp as string[]).includes(p.externalId)))
        await sql`insert into reconcile_members values (${place.id}, ${id}, ${idpId})`.execute(db);
    for (const [m, userId] of userIds.entries())
      if (soul.users[m]?.isShown === true)
        await sql`insert into reconcile_team_members
          values (${team.id}, ${userId}, ${soul.users[m].isMaintainer}, false)`.execute(db);
  }
  const itsGroups = run.places.filter((place) => place.kind === 'group');
  return await db.transaction().execute(async (tx) => {
    const look = { system, now: new Date(), limit: 100 };
    for (const place of itsGroups) await compareGroup(tx, place, look);
    return await compareTeam(tx, team, itsGroups, {
      ...look,
      systems: [look.system],
      membersAlone: ['entra'],
      elsewhere,
    });
  });
}

test('agree on everybody, whatever was pushed, granted, recorded or said of them', async () => {
  await fc.assert(
    fc.asyncProperty(aWorld, carriedElsewhere, async (world, elsewhere) => {
      const stored = await store(world);
      const { missingIds, extraIds } = await bySql(stored, elsewhere, world.system);
      const carried = targetsAt(world.system).map(
        (target): Target =>
          (elsewhere as string[]).includes(target.groupId) ? { ...target, delivery: 'claim' } : target,
      );
      const context = {
        db,
        idps: { all: [idpOf(stored, world.system)] },
        catalogue: { targetsOfTeam: () => carried },
      };
      for (const { id, soul, userIds } of stored) {
        const person = await readPerson(db, id);
        if (person === null) throw new Error('stored, and not there');
        const verdict = await teamVerdict(context, person, TEAM);
        const shown = userIds.flatMap((_, m) => (soul.users[m]?.isShown === true ? [soul.users[m]] : []));
        const says = `${verdict.membership}: ${verdict.why}`;
        const isMissing = verdict.membership === 'in' && userIds.length > 0 && shown.length === 0;
        const isExtra = verdict.membership === 'out' && shown.some((user) => !user.isMaintainer);
        expect({ says, isMissing: missingIds.includes(id), isExtra: extraIds.includes(id) }).toEqual({
          says,
          isMissing,
          isExtra,
        });
      }
    }),
    { seed: SEED, numRuns: 120 },
  );
}, 180_000);
