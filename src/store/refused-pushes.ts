import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';
import type { Tables } from './schema/tables.ts';

/** Refusals within this time, in milliseconds, are told of in one message: a storm of refusals is one cause. */
const ONE_NOTICE_MS = 600_000;
/** A refusal that goes on is told of anew once it was quiet for so long, in milliseconds. */
const FORGOTTEN_MS = 86_400_000;

export type RefusedPush = Selectable<Tables['refused_pushes']>;

type Given = Pick<RefusedPush, 'kind' | 'resource_id' | 'name' | 'held' | 'client' | 'request' | 'why'>;

/** Notes a refusal; the same resource again counts on. Answers the row as it is now. Only commit's work calls this. */
export async function noteRefusedPush(tx: Tx, given: Given, now: Date): Promise<RefusedPush> {
  const forgotten = new Date(now.getTime() - FORGOTTEN_MS);
  await tx
    .updateTable('refused_pushes')
    .set({ settled_at: now })
    .where('resource_id', '=', given.resource_id)
    .where('settled_at', 'is', null)
    .where('last_at', '<', forgotten)
    .execute();
  const recent = await tx
    .selectFrom('refused_pushes')
    .select('notice_id')
    .where('first_at', '>', new Date(now.getTime() - ONE_NOTICE_MS))
    .orderBy('first_at', 'desc')
    .executeTakeFirst();
  return await tx
    .insertInto('refused_pushes')
    .values({
      ...given,
      id: randomUUID(),
      notice_id: recent?.notice_id ?? randomUUID(),
      first_at: now,
      last_at: now,
      settled_at: null,
    })
    .onConflict((c) =>
      c
        .column('resource_id')
        .where('settled_at', 'is', null)
        .doUpdateSet((eb) => ({
          times: eb('refused_pushes.times', '+', 1),
          last_at: now,
          why: given.why,
          held: given.held,
          request: given.request,
        })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** What was refused has been taken since. Answers the messages that say otherwise. Only commit's work calls this. */
export async function settleRefusedPushes(tx: Tx, resourceId: string, now: Date): Promise<string[]> {
  const rows = await tx
    .updateTable('refused_pushes')
    .set({ settled_at: now })
    .where('resource_id', '=', resourceId)
    .where('settled_at', 'is', null)
    .returning('notice_id')
    .execute();
  return rows.map((row) => row.notice_id);
}

/** Those of one message, in the order in which they came. */
export async function refusedPushesOf(db: Db, noticeId: string): Promise<RefusedPush[]> {
  return await db
    .selectFrom('refused_pushes')
    .selectAll()
    .where('notice_id', '=', noticeId)
    .orderBy('first_at')
    .orderBy('name')
    .execute();
}
