import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { madeOf, secretOf } from '../../../src/secrets/secret.ts';
import { openPool } from '../../../src/store/postgres/pool.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';
import { type TcpProxy, tcpProxy } from '../../faults/tcp-proxy.ts';
import {
  FIRST,
  SECOND,
  startTwoUsersPostgres,
  type TwoUsersPostgres,
} from '../../faults/two-users-postgres.ts';

const SILENT_AFTER_MS = 500;

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('an answer that is awaited', () => {
  let proxy: TcpProxy;
  let url: string;
  beforeEach(async () => {
    const address = new URL(fresh.url);
    proxy = await tcpProxy(Number(address.port));
    address.port = String(proxy.port);
    url = address.href;
  });
  afterEach(() => proxy.close());
  const open = (max: number) => openPool(url, { max, name: 'latchkey-test', silentAfterMs: SILENT_AFTER_MS });

  test('and was lost in a silence of a moment is no longer awaited, and its connection is replaced', async () => {
    // given
    const pool = open(2);
    const [client, idle] = [await pool.connect(), await pool.connect()];
    idle.release();
    await client.query('begin');

    // when
    proxy.fallSilent();
    const lost = client.query('select 1');
    lost.catch(() => {});
    proxy.speak();

    // then
    await expect(lost).rejects.toMatchObject({ code: 'store.unavailable' });
    client.release(true);
    // and what is asked on one that was idle meanwhile is lost too, once
    const other = await pool.connect();
    await expect(other.query('select 1')).rejects.toMatchObject({ code: 'store.unavailable' });
    other.release(true);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('from a server that answers nobody breaks every connection, the idle ones too', async () => {
    // given
    const pool = open(2);
    const [client, idle] = [await pool.connect(), await pool.connect()];
    idle.release();

    // when
    proxy.fallSilent();

    // then
    await expect(client.query('select 1')).rejects.toMatchObject({ code: 'store.unavailable' });
    client.release(true);
    proxy.speak();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('is awaited as long as PostgreSQL works on it, whether others answer or not', async () => {
    const pool = open(3);
    const slow = pool.query('select pg_sleep(4), 1 as one');
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query('create table waited_for (n int)');
    await holder.query('commit');
    await holder.query('begin');
    await holder.query('lock table waited_for');
    const waiting = pool.query('select count(*)::int as n from waited_for');
    await pause(6 * SILENT_AFTER_MS);
    await holder.query('commit');
    holder.release();
    expect((await waiting).rows).toEqual([{ n: 0 }]);
    expect((await slow).rows).toMatchObject([{ one: 1 }]);
    await pool.end();
  });
});

describe('with two users of the database that take turns', () => {
  let postgres: TwoUsersPostgres;
  beforeAll(async () => {
    postgres = await startTwoUsersPostgres();
  });
  afterAll(() => postgres.stop());
  const as = (user: string, password: string) => {
    const address = new URL(postgres.url);
    address.username = user;
    address.password = password;
    return address.href;
  };

  test('what the first one waits for is awaited on, also when the second one has come', async () => {
    // given a statement that waits for a lock
    let now = as(FIRST, 'one');
    const address = madeOf(secretOf('whatever it is'), () => now);
    const pool = openPool(address, { max: 3, name: 'latchkey-test', silentAfterMs: SILENT_AFTER_MS });
    const holder = await pool.connect();
    await holder.query('create table waited_for_long (n int)');
    await holder.query('begin');
    await holder.query('lock table waited_for_long');
    const first = await pool.connect();
    const waiting = first.query('select current_user, count(*)::int as n from waited_for_long');

    // when
    now = as(SECOND, 'clone');
    const second = await pool.connect();
    const waitingToo = second.query('select session_user, count(*)::int as n from waited_for_long');
    await pause(6 * SILENT_AFTER_MS);
    await holder.query('commit');

    // then
    expect((await waiting).rows).toEqual([{ current_user: FIRST, n: 0 }]);
    expect((await waitingToo).rows).toEqual([{ session_user: SECOND, n: 0 }]);
    for (const client of [holder, first, second]) client.release();
    await pool.end();
  });
});
