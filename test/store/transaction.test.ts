import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statement } from '../../src/store/statement.ts';
import { transact, transactAtOnce } from '../../src/store/transaction.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

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
  it('gives the work the clock and the rows of its opening, and commits with the last statements', async () => {
    const words = ['a "b"', 'c\\d', '{e,f}'];
    const result = await transact<Date, { n: number; words: string[] }>(
      fresh.database.db,
      async (_tx, now, [opened]) => {
        expect(opened).toMatchObject({ n: 1, words });
        return { result: now, last: [keep(2, null)] };
      },
      keep(1, words),
    );
    expect(await kept()).toEqual([1, 2]);
    const { rows } = await sql<{ at: Date }>`select at from kept where n = 1`.execute(fresh.database.db);
    expect(rows[0]?.at.getTime()).toBe(result.getTime());
  });

  it('writes nothing when the opening, the work or a last statement fails, and the connection goes on', async () => {
    const { db } = fresh.database;
    const nothing = { result: null, last: [] };
    await expect(transact(db, async () => nothing, keep(1, null))).rejects.toMatchObject({ code: '23505' });
    await expect(
      transact(
        db,
        async () => {
          throw new Error('the work says no');
        },
        keep(3, null),
      ),
    ).rejects.toThrow('the work says no');
    await expect(
      transact(db, async () => ({ result: null, last: [keep(4, null), keep(1, null)] }), keep(3, null)),
    ).rejects.toMatchObject({ code: '23505' });
    await expect(transactAtOnce(db, [keep(5, null), keep(1, null)])).rejects.toMatchObject({ code: '23505' });
    expect(await kept()).toEqual([1, 2]);
    expect(await transactAtOnce(db, [keep(5, null)])).toBeInstanceOf(Date);
    expect(await kept()).toEqual([1, 2, 5]);
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
    const odd = statement('test_odd', 'select 1 / $1::int as one');
    for (let tries = 0; tries < 3; tries += 1)
      await expect(transactAtOnce(db, [odd(0)])).rejects.toMatchObject({ code: '22012' });
    const done = transact<number, { one: number }>(
      db,
      async (_tx, _now, [row]) => ({ result: row?.one ?? 0, last: [] }),
      odd(1),
    );
    expect(await done).toBe(1);
  });

  it('fails once when its connection is cut, and the next has another', async () => {
    const { db } = fresh.database;
    const cut = transact(db, async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
      return { result: null, last: [keep(9, null)] };
    });
    await expect(cut).rejects.toThrow();
    await transactAtOnce(db, [keep(6, null)]);
    expect(await kept()).toEqual([1, 2, 5, 6]);
  });
});
