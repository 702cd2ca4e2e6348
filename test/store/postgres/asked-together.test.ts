import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askedTogether } from '../../../src/store/postgres/asked-together.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

let statements = 0;
const echoed = askedTogether(async (db, ids: readonly string[]) => {
  statements += 1;
  const { rows } = await sql<{
    id: string;
  }>`select id::text from unnest(${[...ids]}::uuid[]) with ordinality as k (id, n)
    order by n`.execute(db);
  return rows.map(({ id }) => id);
});

test('what is asked for at the same time is one statement, answered in the order of the keys', async () => {
  const { db } = fresh.database;
  const ids = Array.from({ length: 50 }, () => randomUUID());
  statements = 0;
  expect(await Promise.all(ids.map((id) => echoed(db, id)))).toEqual(ids);
  expect(statements).toBe(1);
});

test('a key that PostgreSQL takes for no value fails alone', async () => {
  const { db } = fresh.database;
  const ids = [randomUUID(), 'no uuid', randomUUID()];
  const ended = await Promise.allSettled(ids.map((id) => echoed(db, id)));
  expect(ended.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual([
    ids[0],
    'failed',
    ids[2],
  ]);
});
