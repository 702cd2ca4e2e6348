import { CompiledQuery } from 'kysely';
import type { Change } from '../core/change/change.ts';
import { changeOf } from './changes.ts';
import type { Answer } from './postgres/batch.ts';
import type { Tx } from './postgres/database.ts';
import { type Bound, statement } from './postgres/statement.ts';
import { later } from './postgres/transaction.ts';

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

/** The statement that does so, to be sent with others; `changesHeld` makes something of its rows. */
export function lockingChanges(ids: readonly string[]): Bound {
  return locking([...new Set(ids)]);
}

export function changesHeld(rows: Answer['rows'] | undefined): Map<string, Change> {
  return new Map(rows?.map((row) => [row.id as string, changeOf(row.doc as Change)]));
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
