import type { Change } from '../core/change/change.ts';
import type { ChangeEvent } from '../core/change/events.ts';
import { evolve } from '../core/change/evolve.ts';
import { changeOf } from './changes.ts';
import type { Answer } from './postgres/batch.ts';
import type { Tx } from './postgres/database.ts';
import { statement } from './postgres/statement.ts';
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

/** The statement that does so, to be sent with others; `changeHeld` makes something of its rows. */
export const lockingChange = statement('change_lock', 'select doc from changes where id = $1 for update');

export function changeHeld(rows: Answer['rows'] | undefined): Change | null {
  const row = rows?.[0];
  return row === undefined ? null : changeOf(row.doc as Change);
}

/** Applies an event to the stored change. Only commit.ts calls this. */
export async function writeEvent(
  tx: Tx,
  before: Change | null,
  event: ChangeEvent,
  idempotencyKey: string | null,
): Promise<Change> {
  const after = evolve(before, event);
  const columns = {
    state: after.state,
    version: after.version,
    group_id: after.target?.groupId ?? null,
    team_id: after.target?.teamId ?? null,
    lapses_at: after.lapsesAt,
    look_at: null,
    revoke_id: after.revokeId,
    entitlement_key: after.entitlementKey,
    doc: JSON.stringify(after),
  };
  if (before === null)
    await later(
      tx,
      tx
        .insertInto('changes')
        .values({
          ...columns,
          id: after.id,
          idempotency_key: idempotencyKey,
          kind: after.kind,
          person_id: after.personId,
          requester_id: after.requesterId,
          requested_at: after.requestedAt,
          joint_id: after.joint?.id ?? null,
        })
        .compile(),
    );
  else
    await later(
      tx,
      tx.updateTable('changes').set(columns).where('id', '=', after.id).compile(),
      `change ${after.id}`,
    );
  return after;
}

/** Nothing is due before then. Whatever happens to it has it looked at anew. */
export async function lookAgainAt(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('changes').set({ look_at: at }).where('id', '=', id).execute();
}
