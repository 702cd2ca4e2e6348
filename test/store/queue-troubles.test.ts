import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Db } from '../../src/store/postgres/database.ts';
import { transact } from '../../src/store/postgres/transaction.ts';
import {
  endQueueTrouble,
  isQueueTroubleOver,
  queueTroubleSeen,
  readQueueTrouble,
} from '../../src/store/queue-troubles.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterAll(() => fresh.close());

const seen = (why: string) =>
  transact(db, async (tx) => ({
    result: await queueTroubleSeen(tx, { id: randomUUID(), since: new Date(), why }),
    last: [],
  }));
const ended = () =>
  transact(db, async (tx, { now }) => ({ result: await endQueueTrouble(tx, now), last: [] }));

test('of many replicas without the queue one tells, and one tells that it is over, when none is without it any more', async () => {
  // when several say so at once, and again
  const ids = (await Promise.all(['a', 'b', 'c', 'd'].map(seen))).filter((id) => id !== null);
  expect(ids).toHaveLength(1);
  expect(await seen('e')).toBeNull();

  // then it is not over while one of them said so a moment ago
  expect(await isQueueTroubleOver(db)).toBe(false);
  expect(await ended()).toBeNull();

  // and when none has for a while, it is, once
  await sql`update queue_troubles set seen_at = seen_at - interval '1 minute'`.execute(db);
  expect(await isQueueTroubleOver(db)).toBe(true);
  const over = (await Promise.all([ended(), ended(), ended()])).filter((trouble) => trouble !== null);
  expect(over).toHaveLength(1);
  expect(await readQueueTrouble(db, ids[0] ?? '')).toMatchObject({ backAt: expect.any(Date) });
  expect(await isQueueTroubleOver(db)).toBe(false);
  expect(await seen('another time')).not.toBeNull();
});
