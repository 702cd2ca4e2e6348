import { type Selectable, sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';
import type { Tables } from './schema/tables.ts';

/** A time in which the queue took or handed out no work. At most one is not over. */
export type QueueTrouble = {
  id: string;
  since: Date;
  /** What the queue said first, in words that follow "the queue". */
  why: string;
  backAt: Date | null;
};

/** Its open one ends when no replica has been without the queue for so long, in milliseconds. */
const OVER_AFTER_MS = 8_000;

/** Notes that a replica is without the queue. Answers the trouble's id when it is the first to say so, else null. */
export async function queueTroubleSeen(
  tx: Tx,
  trouble: Omit<QueueTrouble, 'backAt'>,
): Promise<string | null> {
  const seen = await tx
    .updateTable('queue_troubles')
    .set({ seen_at: sql<Date>`clock_timestamp()` })
    .where('back_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (seen !== undefined) return null;
  const opened = await tx
    .insertInto('queue_troubles')
    .values({ ...trouble, seen_at: sql<Date>`clock_timestamp()`, back_at: null })
    .onConflict((c) => c.doNothing())
    .returning('id')
    .executeTakeFirst();
  return opened?.id ?? null;
}

/** Whether one is open that no replica has seen for a while: it is over. */
export async function isQueueTroubleOver(db: Db): Promise<boolean> {
  const { rows } = await sql`select 1 from queue_troubles where back_at is null
    and seen_at < clock_timestamp() - ${OVER_AFTER_MS} * interval '1 ms'`.execute(db);
  return rows.length > 0;
}

/** Ends it. Null: another replica did so a moment earlier. */
export async function endQueueTrouble(tx: Tx, at: Date): Promise<QueueTrouble | null> {
  const row = await tx
    .updateTable('queue_troubles')
    .set({ back_at: at })
    .where('back_at', 'is', null)
    .where('seen_at', '<', sql<Date>`clock_timestamp() - ${OVER_AFTER_MS} * interval '1 ms'`)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

export async function readQueueTrouble(db: Db, id: string): Promise<QueueTrouble | null> {
  const row = await db.selectFrom('queue_troubles').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

function toTrouble({ id, since, why, back_at }: Selectable<Tables['queue_troubles']>): QueueTrouble {
  return { id, since, why, backAt: back_at };
}
