import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askedTogether } from '../../../src/store/postgres/asked-together.ts';
import type { Db, Tx } from '../../../src/store/postgres/database.ts';
import { statement } from '../../../src/store/postgres/statement.ts';
import { runAtOnce, transact } from '../../../src/store/postgres/transaction.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
  await sql`create table kept (n int primary key, at timestamptz, words text[])`.execute(fresh.database.db);
});
afterAll(() => fresh.close());

const keep = statement(
  'test_keep',
  'insert into kept (n, at, words) values ($1, transaction_timestamp(), $2) returning n, at, words',
);

async function kept(): Promise<number[]> {
  const { rows } = await sql<{ n: number }>`select n from kept order by n`.execute(fresh.database.db);
  return rows.map((row) => row.n);
}

describe('a transaction', () => {
  it('gives the work the clock, and commits with the last statements', async () => {
    const words = ['a "b"', 'c\\d', '{e,f}'];
    const result = await transact<Date>(fresh.database.db, async (_tx, { now }) => ({
      result: now,
      last: [keep(1, words), keep(2, null)],
    }));
    expect(await kept()).toEqual([1, 2]);
    const { rows } = await sql<{ at: Date; words: string[] }>`select at, words from kept where n = 1`.execute(
      fresh.database.db,
    );
    expect(rows[0]?.at.getTime()).toBe(result.getTime());
    expect(rows[0]?.words).toEqual(words);
  });

  it('asks ahead with its beginning: after what is locked there, and with what several ask for together', async () => {
    const { db } = fresh.database;
    let trips = 0;
    const { query } = pg.Client.prototype;
    pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
      trips += 1;
      return (query as (...all: unknown[]) => unknown).apply(this, given);
    } as typeof query;
    const oneOf = askedTogether(async (tx, keys: readonly number[]) => {
      const { rows } = await sql<{ n: number }>`select unnest(${keys as number[]}::int[]) as n`.execute(tx);
      return rows.map(({ n }) => n);
    });
    try {
      const found = await transact<unknown, unknown[]>(
        db,
        async (_tx, { first }, ahead) => ({ result: [first.flat(), ahead], last: [] }),
        [keep(200, null)],
        (tx) =>
          Promise.all([
            sql<{ n: number }>`select n from kept where n = 200`.execute(tx).then(({ rows }) => rows),
            oneOf(tx, 7),
            oneOf(tx, 8),
          ]),
      );
      expect(found).toEqual([[expect.objectContaining({ n: 200 })], [[{ n: 200 }], 7, 8]]);
      // One trip to begin with all of it, one to commit.
      expect(trips).toBe(2);
    } finally {
      pg.Client.prototype.query = query;
      await sql`delete from kept where n = 200`.execute(db);
    }
  });

  it('writes nothing, and commits nothing, when what is asked ahead fails', async () => {
    const { db } = fresh.database;
    await expect(
      transact<null, unknown>(
        db,
        async () => ({ result: null, last: [keep(201, null)] }),
        [keep(200, null)],
        (tx) => sql`select 1 / 0`.execute(tx),
      ),
    ).rejects.toMatchObject({ code: '22012' });
    expect((await kept()).filter((n) => n >= 200)).toEqual([]);
  });

  it('writes nothing when the work or a last statement fails, and the connection goes on', async () => {
    const { db } = fresh.database;
    await expect(
      transact(db, async (tx) => {
        await sql`insert into kept (n) values (3)`.execute(tx);
        throw new Error('the work says no');
      }),
    ).rejects.toThrow('the work says no');
    await expect(
      transact(db, async () => ({ result: null, last: [keep(4, null), keep(1, null)] })),
    ).rejects.toMatchObject({ code: '23505' });
    await expect(runAtOnce(db, keep(1, null))).rejects.toMatchObject({ code: '23505' });
    expect(await kept()).toEqual([1, 2]);
    expect(await runAtOnce(db, keep(5, null))).toMatchObject([{ n: 5 }]);
    expect(await kept()).toEqual([1, 2, 5]);
  });

  it('leaves a connection on which the same statement runs alone, before and after', async () => {
    const { db } = fresh.database;
    const add = (tx: Db | Tx, n: number) =>
      sql`insert into kept (n) values (${n}) on conflict do nothing`.execute(tx);
    const inTransaction = (n: number) =>
      transact(db, async (tx) => ({ result: void (await add(tx, n)), last: [] }));
    // On one connection, which takes one after the other.
    for (let n = 100; n < 104; n += 1) await inTransaction(n);
    for (let n = 104; n < 108; n += 1) await add(db, n);
    for (let n = 108; n < 112; n += 1) await inTransaction(n);
    expect((await kept()).filter((n) => n >= 100)).toHaveLength(12);
    await sql`delete from kept where n >= 100`.execute(db);
  });

  it('is no success when the work hid a failed statement', async () => {
    const hiding = transact(fresh.database.db, async (tx) => {
      await sql`insert into kept (n) values (1)`.execute(tx).catch(() => null);
      return { result: 'fine', last: [] };
    });
    await expect(hiding).rejects.toThrow('rolled back');
  });

  it('prepares anew what a failed batch had prepared with it', async () => {
    const { db } = fresh.database;
    const odd = statement('test_odd', 'insert into kept (n) select 100 / $1::int');
    const trying = (n: number) => transact(db, async () => ({ result: 'done', last: [odd(n)] }));
    for (let tries = 0; tries < 3; tries += 1)
      await expect(trying(0)).rejects.toMatchObject({ code: '22012' });
    expect(await trying(1)).toBe('done');
    expect(await kept()).toEqual([1, 2, 5, 100]);
  });

  it('fails once when its connection is cut, and the next has another', async () => {
    const { db } = fresh.database;
    const cut = transact(db, async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
      return { result: null, last: [keep(9, null)] };
    });
    await expect(cut).rejects.toThrow();
    await runAtOnce(db, keep(6, null));
    expect(await kept()).toEqual([1, 2, 5, 6, 100]);
  });
});
