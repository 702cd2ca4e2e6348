import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { commit } from '../../../src/flow/kernel/commit.ts';
import { later, transact } from '../../../src/store/postgres/transaction.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';

let fresh: FreshDatabase;
const db = () => fresh.database.db;
beforeAll(async () => {
  fresh = await freshDatabase();
  await sql`create table noted (n int primary key, word text)`.execute(db());
});
afterAll(() => fresh.close());
beforeEach(async () => {
  await sql`delete from noted`.execute(db());
  await sql`insert into noted select n, 'word ' || n from generate_series(1, 50) n`.execute(db());
});

const wordOf = async (n: number) => {
  const { rows } = await sql<{ word: string }>`select word from noted where n = ${n}`.execute(db());
  return rows[0]?.word;
};
const pidOf = async () => {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db());
  return rows[0]?.pid;
};

describe('reads that are asked side by side', () => {
  it('are each answered with what they asked for', async () => {
    const numbers = Array.from({ length: 500 }, (_, n) => (n % 50) + 1);
    expect(await Promise.all(numbers.map(wordOf))).toEqual(numbers.map((n) => `word ${n}`));
  });

  it('fail alone', async () => {
    const halved = async (n: number) => {
      const { rows } = await sql<{ half: number }>`select 100 / ${n}::int as half`.execute(db());
      return rows[0]?.half;
    };
    const answers = await Promise.allSettled([wordOf(1), halved(0), wordOf(2), halved(4)]);
    expect(answers).toMatchObject([
      { value: 'word 1' },
      { reason: { code: '22012' } },
      { value: 'word 2' },
      { value: 25 },
    ]);
  });

  it('fail alone when what they ask with can’t be sent', async () => {
    const endless: Record<string, unknown> = {};
    endless.self = endless;
    const unsendable = sql`select ${endless}::jsonb as doc`.execute(db());
    const answers = await Promise.allSettled([wordOf(1), unsendable, wordOf(2)]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await wordOf(3)).toBe('word 3');
  });

  it('are asked anew when a migration has changed what they answer with', async () => {
    const all = async () => (await sql`select * from noted where n = 1`.execute(db())).rows;
    for (let n = 0; n < 4; n += 1) await all();
    await sql`alter table noted add column more int default 7`.execute(db());
    expect(await all()).toEqual([{ n: 1, word: 'word 1', more: 7 }]);
    expect(await Promise.all([all(), all()])).toHaveLength(2);
    await sql`alter table noted drop column more`.execute(db());
    expect(await all()).toEqual([{ n: 1, word: 'word 1' }]);
  });

  it('fail with the connection that is cut, and the next have another', async () => {
    const cut = sql`select count(*) from generate_series(1, 100000000)`.execute(db());
    cut.catch(() => {});
    const isCut = async () =>
      (
        await sql<{ n: number }>`select count(pg_terminate_backend(pid))::int as n from pg_stat_activity
          where state = 'active' and query like '%generate_series(1, 100000000)%' and pid <> pg_backend_pid()`.execute(
          db(),
        )
      ).rows[0]?.n;
    while ((await isCut()) !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(cut).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(await wordOf(3)).toBe('word 3');
  });

  it('are not held up by what waits for a lock', async () => {
    await transact(db(), async (tx) => {
      await sql`update noted set word = 'held' where n = 5`.execute(tx);
      // both wait until this transaction ends
      const writing = sql`update noted set word = 'after' where n = 5`.execute(db());
      const locking = sql`select word from noted where n = 5 for update`.execute(db());
      writing.catch(() => {});
      locking.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(await Promise.all([wordOf(5), wordOf(6)])).toEqual(['word 5', 'word 6']);
      return { result: null, last: [] };
    });
  });

  it('see what was written before them', async () => {
    for (let n = 1; n <= 20; n += 1) {
      await sql`update noted set word = ${`again ${n}`} where n = ${n}`.execute(db());
      expect(await wordOf(n)).toBe(`again ${n}`);
    }
  });

  it('leave a session to itself to what asks for PostgreSQL’s own functions', async () => {
    const pids = await db()
      .connection()
      .execute(async (one) => {
        const first = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(one);
        const then = await sql<{
          n: number;
          pid: number;
        }>`select n, (select pg_backend_pid()) as pid from noted limit 1`.execute(one);
        return [first.rows[0]?.pid, then.rows[0]?.pid];
      });
    expect(pids[0]).toBe(pids[1]);
    expect(await pidOf()).toBeTypeOf('number');
  });
});

describe('what nobody waits for in a transaction', () => {
  const note = (n: number, word: string) => sql`insert into noted values (${n}, ${word})`.compile(db());

  it('is there for the next read, and after the commit', async () => {
    await transact(db(), async (tx) => {
      await later(tx, note(101, 'one'));
      await later(tx, note(102, 'two'));
      const { rows } = await sql`select n, word from noted where n > 100 order by n`.execute(tx);
      expect(rows).toEqual([
        { n: 101, word: 'one' },
        { n: 102, word: 'two' },
      ]);
      await later(tx, note(103, 'three'));
      return { result: null, last: [] };
    });
    expect(await wordOf(103)).toBe('three');
  });

  it('fails the commit when it fails, and leaves nothing', async () => {
    const failing = transact(db(), async (tx) => {
      await later(tx, note(101, 'one'));
      await later(tx, note(1, 'there already'));
      return { result: null, last: [] };
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect(await wordOf(101)).toBeUndefined();
  });

  it('is forgotten with the work that fails: the connection’s next transaction has none of it', async () => {
    for (let n = 0; n < 20; n += 1)
      await expect(
        transact(db(), async (tx) => {
          await later(tx, note(200 + n, 'never'));
          throw new Error('the work says no');
        }),
      ).rejects.toThrow('the work says no');
    await Promise.all(
      Array.from({ length: 20 }, () => transact(db(), async () => ({ result: 1, last: [] }))),
    );
    const { rows } = await sql`select n from noted where n >= 200`.execute(db());
    expect(rows).toEqual([]);
  });

  it('is sent at once outside of a transaction', async () => {
    await later(db(), note(104, 'four'));
    expect(await wordOf(104)).toBe('four');
  });
});

it('what a transaction asks while an answer is awaited goes out together after it: its connection is asked once at a time', async () => {
  // given
  const asked = vi.spyOn(pg.Client.prototype, 'query');
  const given = await transact(db(), async (tx) => {
    const slow = sql`select pg_sleep(0.2)`.execute(tx);
    const others: Promise<{ rows: { n: number }[] }>[] = [];
    await sleep(20);
    const before = asked.mock.calls.length;
    for (const n of [1, 2, 3]) {
      await sleep(20);
      others.push(sql<{ n: number }>`select ${n}::int as n`.execute(tx));
    }

    // when
    await slow;
    const answers = await Promise.all(others);

    // then
    return { result: { answers, trips: asked.mock.calls.length - before }, last: [] };
  }).finally(() => asked.mockRestore());
  expect(given.answers.map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  expect(given.trips).toBe(1);
});

it('reads of one transaction go out together, and fail together', async () => {
  const asked = transact(db(), async (tx) => {
    const answers = await Promise.allSettled([
      sql`select 1 as one`.execute(tx),
      sql`select 1 / 0`.execute(tx),
      sql`select 2 as two`.execute(tx),
    ]);
    return { result: answers.map(({ status }) => status), last: [] };
  });
  await expect(asked).rejects.toThrow('rolled back');
});

it('a change that does not exist is none, also when it is locked with the begin', async () => {
  const id = '00000000-0000-4000-8000-000000000000';
  const found = await commit(db(), async (unit) => ({ result: await unit.change(id) }), undefined, {
    changes: [id],
  });
  expect(found).toBeNull();
});
