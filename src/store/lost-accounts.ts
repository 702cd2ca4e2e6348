import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** Accounts that one provider loses within this time, in milliseconds, are told of in one message. */
const ONE_NOTICE_MS = 600_000;

/** One identity provider has lost somebody whom another has. */
export type LostAccount = {
  noticeId: string;
  personId: string;
  /** `system` of the one that has lost them, and of the one that speaks for them now. */
  idp: string;
  other: string | null;
  why: 'left' | 'lostApp';
  /** What was taken away by it, and what they go on having by the others, each in words. */
  ended: string[];
  stays: string[];
  lostAt: Date;
  backAt: Date | null;
};

/** Answers the message that tells of it. Only commit's work calls this. */
export async function noteLostAccount(
  tx: Tx,
  { personId, idp, other, why, ended, stays }: Omit<LostAccount, 'noticeId' | 'lostAt' | 'backAt'>,
  now: Date,
): Promise<string> {
  // Many are lost at once by one cause, and by several workers: they find the one message after each other.
  await sql`select pg_advisory_xact_lock(hashtext('lost accounts'), hashtext(${idp}))`.execute(tx);
  const recent = await tx
    .selectFrom('lost_accounts')
    .select('notice_id')
    .where('idp', '=', idp)
    .where('lost_at', '>', new Date(now.getTime() - ONE_NOTICE_MS))
    .orderBy('lost_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  const noticeId = recent?.notice_id ?? randomUUID();
  await tx
    .insertInto('lost_accounts')
    .values({
      id: randomUUID(),
      notice_id: noticeId,
      person_id: personId,
      idp,
      other,
      why,
      ended: JSON.stringify(ended),
      stays: JSON.stringify(stays),
      lost_at: now,
      back_at: null,
    })
    .execute();
  return noticeId;
}

/** The provider has them again. Answers the messages that say otherwise. Only commit's work calls this. */
export async function accountIsBack(
  tx: Tx,
  { personId, idp }: Pick<LostAccount, 'personId' | 'idp'>,
  at: Date,
): Promise<string[]> {
  const rows = await tx
    .updateTable('lost_accounts')
    .set({ back_at: at })
    .where('person_id', '=', personId)
    .where('idp', '=', idp)
    .where('back_at', 'is', null)
    .returning('notice_id')
    .execute();
  return [...new Set(rows.map((row) => row.notice_id))];
}

/** Those of one message, in the order in which they were lost. */
export async function lostAccountsOf(db: Db, noticeId: string): Promise<LostAccount[]> {
  const rows = await db
    .selectFrom('lost_accounts')
    .selectAll()
    .where('notice_id', '=', noticeId)
    .orderBy('lost_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    noticeId: row.notice_id,
    personId: row.person_id,
    idp: row.idp,
    other: row.other,
    why: row.why,
    ended: row.ended,
    stays: row.stays,
    lostAt: row.lost_at,
    backAt: row.back_at,
  }));
}
