import { CompiledQuery } from 'kysely';
import type { Change } from '../core/change/change.ts';
import { isUnderway } from '../core/change/states.ts';
import { changeOf } from './changes.ts';
import type { Answer } from './postgres/batch.ts';
import type { Tx } from './postgres/database.ts';
import { type Bound, statement } from './postgres/statement.ts';
import { later } from './postgres/transaction.ts';
import { underwayText } from './states.ts';

/** Reads a change and holds its row until the transaction ends: of two racing clicks one waits here. */
export async function lockChange(tx: Tx, id: string): Promise<Change | null> {
  const row = await tx
    .selectFrom('changes')
    .select('doc')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : changeOf(row.doc);
}

/**
 * Reads changes and holds their rows, in the order of their ids: two commits that hold several wait for each other in no
 * circle. As in any-length.ts, its plan is the same for any number of them.
 */
const locking = statement(
  'changes_lock',
  `select id, doc from changes where id = any((select $1::uuid[])::uuid[]) order by id for update`,
);

/** A person with a group, or with a team. */
export type Pair = { personId: string } & ({ groupId: string } | { teamId: string });

/** The changes of pairs that are on their way: found and held by one statement, in the same order. */
const lockingUnderway = (column: 'group_id' | 'team_id') =>
  statement(
    `underway_lock_${column}`,
    `select c.id, c.doc
     from unnest((select $1::uuid[])::uuid[], (select $2::text[])::text[]) as k (person_id, place_id)
     join changes c on c.person_id = k.person_id and c.${column} = k.place_id and c.state in ${underwayText}
     order by c.id for update of c`,
  );
const lockingInGroups = lockingUnderway('group_id');
const lockingInTeams = lockingUnderway('team_id');

/**
 * The statements that hold these changes, and those of these pairs that are on their way, to be sent with others;
 * `changesHeld` makes something of their rows.
 */
export function lockingChanges(ids: readonly string[], pairs: readonly Pair[] = []): Bound[] {
  const inGroups = pairs.flatMap((pair) =>
    'groupId' in pair ? [[pair.personId, pair.groupId] as const] : [],
  );
  const inTeams = pairs.flatMap((pair) => ('teamId' in pair ? [[pair.personId, pair.teamId] as const] : []));
  const columnsOf = (some: readonly (readonly [string, string])[]) =>
    [some.map(([personId]) => personId), some.map(([, placeId]) => placeId)] as const;
  return [
    ...(ids.length === 0 ? [] : [locking([...new Set(ids)])]),
    ...(inGroups.length === 0 ? [] : [lockingInGroups(...columnsOf(inGroups))]),
    ...(inTeams.length === 0 ? [] : [lockingInTeams(...columnsOf(inTeams))]),
  ];
}

export function changesHeld(rows: Answer['rows']): Map<string, Change> {
  return new Map(rows.map((row) => [row.id as string, changeOf(row.doc as Change)]));
}

/** Those of a pair, the oldest first. */
export function ofPair(changes: Iterable<Change>, pair: Pair): Change[] {
  const isOf = ({ personId, target }: Change) =>
    personId === pair.personId &&
    ('groupId' in pair ? target?.groupId === pair.groupId : target?.teamId === pair.teamId);
  return [...changes]
    .filter((change) => isOf(change) && isUnderway(change.state))
    .sort((a, b) => a.requestedAt.getTime() - b.requestedAt.getTime() || (a.id < b.id ? -1 : 1));
}

/** A change as a commit leaves it. `before` null: it is new. */
export type ChangeWritten = { before: Change | null; after: Change; idempotencyKey: string | null };

/** Both take one text for any number of changes, so that it is prepared once. */
const columns = `id uuid, idempotency_key text, state text, version int, kind text, entitlement_key text, person_id uuid,
  requester_id uuid, revoke_id uuid, group_id text, team_id text, requested_at timestamptz, lapses_at timestamptz,
  joint_id uuid, doc jsonb`;

const insert = `insert into changes (id, idempotency_key, state, version, kind, entitlement_key, person_id,
    requester_id, revoke_id, group_id, team_id, requested_at, lapses_at, joint_id, doc)
  select n.* from jsonb_to_recordset($1::jsonb) as n (${columns})`;

const update = `update changes c set state = n.state, version = n.version, group_id = n.group_id,
    team_id = n.team_id, lapses_at = n.lapses_at, look_at = null, revoke_id = n.revoke_id,
    entitlement_key = n.entitlement_key, doc = n.doc
  from jsonb_to_recordset($1::jsonb) as n (${columns}) where c.id = n.id`;

/** Stores changes as they are after the events of a commit. Only commit.ts calls this. */
export async function writeChanges(tx: Tx, written: readonly ChangeWritten[]): Promise<void> {
  const { isNew = [], isKnown = [] } = Object.groupBy(written, ({ before }) =>
    before === null ? 'isNew' : 'isKnown',
  );
  if (isNew.length > 0) await later(tx, CompiledQuery.raw(insert, [JSON.stringify(isNew.map(rowOf))]));
  if (isKnown.length > 0) await later(tx, CompiledQuery.raw(update, [JSON.stringify(isKnown.map(rowOf))]));
}

function rowOf({ after, idempotencyKey }: ChangeWritten): Record<string, unknown> {
  return {
    id: after.id,
    idempotency_key: idempotencyKey,
    state: after.state,
    version: after.version,
    kind: after.kind,
    entitlement_key: after.entitlementKey,
    person_id: after.personId,
    requester_id: after.requesterId,
    revoke_id: after.revokeId,
    group_id: after.target?.groupId ?? null,
    team_id: after.target?.teamId ?? null,
    requested_at: after.requestedAt,
    lapses_at: after.lapsesAt,
    joint_id: after.joint?.id ?? null,
    doc: after,
  };
}

/** Nothing is due before then. Whatever happens to it has it looked at anew. */
export async function lookAgainAt(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('changes').set({ look_at: at }).where('id', '=', id).execute();
}
