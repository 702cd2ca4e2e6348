import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Locks, openLocks } from '../../../src/store/postgres/locks.ts';
import { openPool } from '../../../src/store/postgres/pool.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';
import { type TcpProxy, tcpProxy } from '../../faults/tcp-proxy.ts';
import { query } from '../../global-setup.ts';

let fresh: FreshDatabase;
let one: Locks;
let other: Locks;
beforeAll(async () => {
  fresh = await freshDatabase();
  one = openLocks(fresh.url);
  other = openLocks(fresh.url);
});
afterAll(async () => {
  await one.close();
  await other.close();
  await fresh.close();
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a lock', () => {
  test('lets one in at a time, of all processes', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await pause(5);
      inside--;
    };
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).withLock('pair:a', work)),
    );
    expect(most).toBe(1);
  });

  test('keeps nobody off another name', async () => {
    let reached: () => void = () => {};
    const isInside = new Promise<void>((resolve) => {
      reached = resolve;
    });
    await one.withLock('pair:a', async () => {
      await Promise.race([other.withLock('pair:b', async () => reached()), pause(5_000)]);
      await isInside;
    });
  });

  test('that nobody holds is taken at once, however many wait for what another process holds', async () => {
    // given as many wait as there are connections for it
    const names = Array.from({ length: 30 }, (_, n) => `busy:${n}`);
    let end: () => void = () => {};
    const isOver = new Promise<void>((resolve) => {
      end = resolve;
    });
    const held = names.map((name) => other.withLock(name, () => isOver));
    for (const name of names) while ((await one.tryLock(name, async () => 'in')) !== null) await pause(5);
    const waiting = names.map((name) => one.withLock(name, async () => 'in'));
    await pause(300);

    // when
    const since = performance.now();
    const taken = await one.withLock('free', async () => 'in').finally(end);

    // then
    expect(taken).toBe('in');
    expect(performance.now() - since).toBeLessThan(2_000);
    await Promise.all([...held, ...waiting]);
  });

  test('goes on within a process to who waits for it, and another process has its turn before the last of them', async () => {
    // given many that wait in one process, and one in another
    const order: string[] = [];
    const many = Array.from({ length: 40 }, () =>
      one.withLock('pair:many', async () => {
        order.push('here');
        await pause(5);
      }),
    );
    while (order.length === 0) await pause(1);

    // when
    await other.withLock('pair:many', async () => {
      order.push('there');
    });
    await Promise.all(many);

    // then
    expect(order).toHaveLength(41);
    expect(order.indexOf('there')).toBeLessThan(40);
    expect(await other.tryLock('pair:many', async () => 'in')).toBe('in');
  });

  test('that is lost with its connection is handed on to nobody', async () => {
    // given one that waits in the same process
    const locks = openLocks(fresh.url);
    const isTaken = Promise.withResolvers<void>();
    const isLost = Promise.withResolvers<void>();
    const first = locks.withLock('pair:lost', async () => {
      isTaken.resolve();
      await isLost.promise;
    });
    await isTaken.promise;
    const second = locks.withLock(
      'pair:lost',
      async () => await other.tryLock('pair:lost', async () => 'in'),
    );

    // when
    await query(
      fresh.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'latchkey-locks' and datname = current_database()
         and pid in (select pid from pg_locks where locktype = 'advisory')`,
    );
    await pause(50);
    isLost.resolve();
    await first;

    // then it has taken it anew
    expect(await second).toBeNull();
    await locks.close();
  });

  test('is given back when the work fails, and the failure is told', async () => {
    await expect(one.withLock('pair:a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await other.tryLock('pair:a', async () => 'in')).toBe('in');
  });

  test('that is held is not waited for by tryLock', async () => {
    await one.withLock('due', async () => {
      expect(await other.tryLock('due', async () => 'in')).toBeNull();
    });
    expect(await other.tryLock('due', async () => 'in')).toBe('in');
  });

  test('ends with the connection of whoever held it: a killed process leaves none behind', async () => {
    const dying = openLocks(fresh.url);
    let taken: () => void = () => {};
    const isTaken = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const held = dying.withLock('pair:c', async () => {
      taken();
      await pause(60_000);
    });
    held.catch(() => {});
    await isTaken;
    await query(
      fresh.url,
      `select pg_terminate_backend(l.pid) from pg_locks l where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())`,
    );
    expect(await other.withLock('pair:c', async () => 'in')).toBe('in');
    void dying.close();
  });
});

describe('whoever is gone without a word', () => {
  /** A sign of life comes four times as often, also on a machine that is busy. */
  const GONE_AFTER_MS = 3_000;
  let proxy: TcpProxy;
  let throughProxy: string;
  beforeEach(async () => {
    const address = new URL(fresh.url);
    proxy = await tcpProxy(Number(address.port));
    address.port = String(proxy.port);
    throughProxy = address.href;
  });
  afterEach(() => proxy.close());

  test('loses a lock within seconds', async () => {
    // given
    const gone = openLocks(throughProxy, GONE_AFTER_MS);
    const isTaken = Promise.withResolvers<void>();
    gone
      .withLock('pair:d', async () => {
        isTaken.resolve();
        await pause(60_000);
      })
      .catch(() => {});
    await isTaken.promise;

    // when
    proxy.fallSilent();

    // then
    expect(await other.withLock('pair:d', async () => 'in')).toBe('in');
  });

  test('loses a transaction within seconds', async () => {
    // given
    const pool = openPool(throughProxy, { max: 1, name: 'latchkey-test', leftBehindMs: GONE_AFTER_MS });
    const client = await pool.connect();
    await client.query('create table held (n int)');
    await client.query('begin; lock table held');

    // when
    proxy.fallSilent();

    // then
    await query(fresh.url, 'drop table held');
    client.release(true);
  });

  test('is not whoever works long: a lock is held as long as its work takes', async () => {
    const slow = openLocks(throughProxy, GONE_AFTER_MS);
    await slow.withLock('pair:e', async () => {
      await pause(2.5 * GONE_AFTER_MS);
      expect(await other.tryLock('pair:e', async () => 'in')).toBeNull();
    });
    expect(await other.tryLock('pair:e', async () => 'in')).toBe('in');
    await slow.close();
  });
});

test('a transaction that was idle too long says so as a database that is away', async () => {
  const pool = openPool(fresh.url, { max: 1, name: 'latchkey-test', leftBehindMs: 100 });
  const client = await pool.connect();
  await client.query('begin');
  await pause(500);
  await expect(client.query('select 1')).rejects.toMatchObject({ code: 'store.unavailable' });
  client.release(true);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await pool.end();
});

test('a broken connection is not given to the next', async () => {
  const locks = openLocks(fresh.url);
  const broken = locks.withLock('x', async () => {
    const admin = new pg.Client({ connectionString: fresh.url });
    await admin.connect();
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'latchkey-locks' and datname = current_database()`,
    );
    await admin.end();
    await pause(20);
    return 'worked';
  });
  expect(await broken).toBe('worked');
  expect(await locks.withLock('x', async () => 'again')).toBe('again');
  await locks.close();
});

test('a connection that nobody listens to any more breaks without ending the process', async () => {
  // given one as BullMQ leaves it while it ends it
  const left = new pg.Client({ connectionString: fresh.url });
  await left.connect();
  const { rows } = await left.query('select pg_backend_pid() as pid');
  left.removeAllListeners();
  const broken = new Promise((resolve) => left.once('end', resolve));

  // when PostgreSQL ends it first; an error without a listener would fail this run
  await query(fresh.url, `select pg_terminate_backend(${rows[0].pid})`);

  // then
  await broken;
  await expect(left.query('select 1')).rejects.toThrow();
});
