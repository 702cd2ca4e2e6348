import { sql } from 'kysely';
import type { Change } from '../core/change/change.ts';
import { pendingStates } from '../core/change/states.ts';
import type { ChangeId } from '../core/ids.ts';
import { textsOfAnyLength, uuidsOfAnyLength } from './postgres/any-length.ts';
import { askedTogether, inPlaces } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';
import { pendingChange, underwayChange } from './states.ts';

/** Reads a change without locking it. */
export async function readChange(db: Db | Tx, id: string): Promise<Change | null> {
  return await changeById(db, id);
}

const changeById = askedTogether(async (db, ids: readonly string[]) => {
  const rows = await db
    .selectFrom('changes')
    .select(['id', 'doc'])
    .where('id', '=', sql<string>`any(${uuidsOfAnyLength([...new Set(ids)])})`)
    .execute();
  const found = new Map(rows.map((row) => [row.id, row.doc]));
  return ids.map((id) => {
    const doc = found.get(id);
    return doc === undefined ? null : changeOf(doc);
  });
});

export async function findByIdempotencyKey(db: Db | Tx, key: string): Promise<Change | null> {
  const row = await db
    .selectFrom('changes')
    .select('doc')
    .where('idempotency_key', '=', key)
    .executeTakeFirst();
  return row === undefined ? null : changeOf(row.doc);
}

/** Ids of changes of this person and group that are on their way, oldest first. */
export async function underwayIds(
  db: Db | Tx,
  where: { personId: string } & ({ groupId: string } | { teamId: string }),
): Promise<string[]> {
  const { personId } = where;
  return (
    'groupId' in where
      ? await underwayInGroup(db, { personId, id: where.groupId })
      : await underwayInTeam(db, { personId, id: where.teamId })
  ).map(({ id }) => id);
}

/** The newest revoke by which this person leaves this group and that is not seen yet; null: there is none. */
export async function revokeUnderway(
  db: Db | Tx,
  { personId, groupId }: { personId: string; groupId: string },
): Promise<ChangeId | null> {
  const revokes = (await underwayInGroup(db, { personId, id: groupId })).filter(
    ({ kind }) => kind === 'revoke',
  );
  return (revokes.at(-1)?.id as ChangeId | undefined) ?? null;
}

/** Oldest first. */
type Underway = { id: string; kind: Change['kind'] };

/** `column`: whose `id` is asked for beside the person's. */
const underwayIn = (column: 'group_id' | 'team_id') =>
  askedTogether(async (db, keys: readonly { personId: string; id: string }[]) => {
    const { rows } = await sql<Underway & { n: number }>`
      select k.n::int as n, c.id, c.kind
      from unnest(${uuidsOfAnyLength(keys.map((k) => k.personId))}, ${textsOfAnyLength(keys.map((k) => k.id))})
        with ordinality as k (person_id, place_id, n)
      join changes c on c.person_id = k.person_id and c.${sql.ref(column)} = k.place_id and c.state in ${underwayChange}
      order by k.n, c.requested_at, c.id`.execute(db);
    return inPlaces(keys, rows);
  });
const underwayInGroup = underwayIn('group_id');
const underwayInTeam = underwayIn('team_id');

/** The pending request of this person for this entitlement; of several the one for at once, or the first to start. */
export async function pendingRequest(
  db: Db | Tx,
  personId: string,
  entitlementKey: string,
): Promise<Change | null> {
  return await pending(db, { personId, entitlementKey });
}

const pending = askedTogether(
  async (db, keys: readonly { personId: string; entitlementKey: string }[]): Promise<(Change | null)[]> => {
    const { rows } = await sql<{ n: number; doc: Change }>`
      select k.n::int as n, c.doc
      from unnest(${uuidsOfAnyLength(keys.map((k) => k.personId))}, ${textsOfAnyLength(keys.map((k) => k.entitlementKey))})
        with ordinality as k (person_id, entitlement_key, n)
      join changes c on c.person_id = k.person_id and c.entitlement_key = k.entitlement_key and c.kind = 'grant'
        and c.state in ${pendingChange}
      order by k.n, (c.doc->>'startsAt')::timestamptz asc nulls first`.execute(db);
    return inPlaces(keys, rows).map(([first]) => (first === undefined ? null : changeOf(first.doc)));
  },
);

/** Ids of everything that waits for a decision on a card of its own; `approvedBy`: where this person has approved. */
export async function askingIds(db: Db | Tx, approvedBy: string | null = null): Promise<string[]> {
  let query = db.selectFrom('changes').select('id').where('state', '=', 'asking').orderBy('id');
  if (approvedBy !== null)
    query = query.where(sql<boolean>`doc->'approvals' @> ${JSON.stringify([{ by: approvedBy }])}::jsonb`);
  return (await query.execute()).map((row) => row.id);
}

/** `idp`: of the group; null: of long ago. */
type AwaitedAuthor = {
  id: string;
  isMany: boolean;
  idp: string | null;
  noticedAt: Date;
  until: Date;
};

/**
 * The findings that wait for it to be known who did it, single or many on one card. `noticedAt`: by then it had arisen.
 */
export async function awaitedAuthors(db: Db | Tx): Promise<AwaitedAuthor[]> {
  const { rows } = await sql<AwaitedAuthor>`
    select id, false as "isMany", doc->'target'->>'idp' as idp, requested_at as "noticedAt", (doc->'plan'->'author'->>'until')::timestamptz as until
    from changes where state = 'asking' and doc->'plan'->'author'->>'is' = 'awaited'
    union all
    select id, true, doc->'target'->>'idp', (doc->>'grewAt')::timestamptz, (doc->'plan'->'author'->>'until')::timestamptz
    from mass_changes where state = 'asking' and doc->'plan'->'author'->>'is' = 'awaited'`.execute(db);
  return rows;
}

/** Ids of what was found of this person and group, and kept: whoever did it may be who kept it. */
export async function keptFindings(
  db: Db | Tx,
  pair: { personId: string; groupId: string },
): Promise<string[]> {
  const rows = await db
    .selectFrom('changes')
    .innerJoin('grants', 'grants.change_id', 'changes.id')
    .select('changes.id')
    .where('changes.person_id', '=', pair.personId)
    .where('changes.group_id', '=', pair.groupId)
    .where('grants.ended_at', 'is', null)
    .where((eb) => eb(eb.ref('doc', '->>').key('cause'), '=', 'finding'))
    .orderBy('changes.id')
    .execute();
  return rows.map((row) => row.id);
}

/** Ids of what was found of this person and group and waits for its owner, oldest first. */
export async function pendingFindings(
  db: Db | Tx,
  pair: { personId: string; groupId: string },
): Promise<string[]> {
  const rows = await db
    .selectFrom('changes')
    .select('id')
    .where('person_id', '=', pair.personId)
    .where('group_id', '=', pair.groupId)
    .where('state', 'in', [...pendingStates])
    .where((eb) => eb(eb.ref('doc', '->>').key('cause'), 'in', ['finding', 'loss']))
    .orderBy('requested_at')
    .orderBy('id')
    .execute();
  return rows.map((r) => r.id);
}

/** Findings about one of this group each that nobody decided yet, oldest first: their changes by person. */
export async function foundAlone(
  db: Db | Tx,
  of: { entitlementKey: string; groupId: string; cause: 'finding' | 'loss'; withinSeconds: number },
): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('changes')
    .select(['id', 'person_id'])
    .where('entitlement_key', '=', of.entitlementKey)
    .where('group_id', '=', of.groupId)
    .where('kind', '=', 'grant')
    .where('state', 'in', [...pendingStates])
    .where('requested_at', '>=', sql<Date>`clock_timestamp() - ${of.withinSeconds}::float8 * interval '1 s'`)
    .where((eb) => eb(eb.ref('doc', '->>').key('cause'), '=', of.cause))
    .orderBy('requested_at')
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.person_id, row.id]));
}

/** How often this person was found in or out of this entitlement's group before. */
export async function earlierFindings(db: Db | Tx, change: Change): Promise<number> {
  const row = await db
    .selectFrom('changes')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('person_id', '=', change.personId)
    .where('entitlement_key', '=', change.entitlementKey)
    .where('id', '<>', change.id)
    .where((eb) => eb(eb.ref('doc', '->>').key('cause'), 'in', ['finding', 'loss']))
    .executeTakeFirstOrThrow();
  return Number(row.n);
}

/** The revoke that ends what this change granted or found, if it is on its way or done. */
export async function endingOf(db: Db | Tx, change: Change): Promise<Change | null> {
  return change.revokeId === null ? null : await readChange(db, change.revokeId);
}

/** A change, and the joint request that it is part of. */
type OneOfJoint = { id: string; jointId: string | null };

/** The granting changes that a revoke ends. */
export async function endedBy(db: Db | Tx, revokeId: string): Promise<OneOfJoint[]> {
  return await db
    .selectFrom('changes')
    .select(['id', 'joint_id as jointId'])
    .where('revoke_id', '=', revokeId)
    .orderBy('requested_at')
    .orderBy('id')
    .execute();
}

/** The changes whose live grants an extension lengthens. */
export async function extendedBy(
  db: Db | Tx,
  extension: Pick<Change, 'id' | 'personId' | 'entitlementKey'>,
): Promise<OneOfJoint[]> {
  return await db
    .selectFrom('grants')
    .innerJoin('changes', 'changes.id', 'grants.change_id')
    .select(['changes.id as id', 'changes.joint_id as jointId'])
    .where('grants.person_id', '=', extension.personId)
    .where('grants.entitlement_key', '=', extension.entitlementKey)
    .where('grants.ended_at', 'is', null)
    .where('grants.change_id', '<>', extension.id)
    .orderBy('grants.change_id')
    .execute();
}

/** The newest changes, without the canary's, which are a measurement and nobody's access. */
export async function recentChanges(db: Db, limit: number): Promise<Change[]> {
  const rows = await db
    .selectFrom('changes')
    .select('doc')
    .where(sql<boolean>`doc->>'cause' <> 'canary'`)
    .orderBy('requested_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((r) => changeOf(r.doc));
}

export async function changesOfPerson(db: Db, personId: string, limit: number): Promise<Change[]> {
  const rows = await db
    .selectFrom('changes')
    .select('doc')
    .where((eb) => eb.or([eb('person_id', '=', personId), eb('requester_id', '=', personId)]))
    .where('kind', '=', 'grant')
    .orderBy('requested_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((r) => changeOf(r.doc));
}

/** Ids of pending requests that nobody decided in time. */
export async function requestsDueToLapse(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('changes')
    .select('id')
    .where('state', 'in', [...pendingStates])
    .where('lapses_at', '<=', now)
    .orderBy('lapses_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((r) => r.id);
}

/** Ids of what waits for its approvers and is to be looked at by now, the longest overdue first. */
export async function requestsToLookAt(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('changes')
    .select('id')
    .where('state', '=', 'asking')
    .where((eb) => eb.or([eb('look_at', 'is', null), eb('look_at', '<=', now)]))
    .orderBy('look_at', (order) => order.asc().nullsFirst())
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((r) => r.id);
}

/** The oldest were stored without what came later. */
export function changeOf(doc: Change): Change {
  const change = revive<Change>(doc);
  return { ...change, partOf: change.partOf ?? null };
}
