import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../src/core/jobs/reactions.ts';
import { addLeased } from '../../src/store/outbox-leases.ts';
import { intakePoolOf } from '../../src/store/postgres/database.ts';
import { receiveOnce } from '../../src/store/slack-received.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const clickOf = (clickKey: string, channel = 'C1'): Job => ({
  job: 'settleClick',
  clickKey,
  click: {
    clickId: clickKey,
    changeId: '00000000-0000-4000-8000-000000000001',
    round: 1,
    chatUserId: 'U1',
    channel,
    act: { verb: 'approve', seconds: null },
  },
});
const keysIn = async () =>
  (await fresh.database.pool.query('select key from outbox order by id')).rows.map(({ key }) => key);

test('clicks that come at once are each stored, leased from the start, with few trips', async () => {
  const { db } = fresh.database;
  let trips = 0;
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...given: never[]) {
    trips += 1;
    return (query as (...all: never[]) => unknown).apply(this, given) as never;
  };
  let rows: Awaited<ReturnType<typeof addLeased>>[];
  try {
    rows = await Promise.all(Array.from({ length: 50 }, (_, n) => addLeased(db, clickOf(`many-${n}`))));
  } finally {
    pg.Client.prototype.query = query;
  }
  expect(rows.map((row) => row?.payload)).toEqual(Array.from({ length: 50 }, (_, n) => clickOf(`many-${n}`)));
  expect(rows[0]).toMatchObject({ job: 'settleClick', priority: 1, leases: 1, generation: 1, attempts: 0 });
  // The first may go by itself; a new connection introduces itself.
  expect(trips).toBeLessThanOrEqual(4);
});

test('the same click or request is new once, whether it comes in one moment or later', async () => {
  const { db } = fresh.database;
  const twice = await Promise.all([addLeased(db, clickOf('twice')), addLeased(db, clickOf('twice'))]);
  expect(twice.map((row) => row !== null)).toEqual([true, false]);
  expect(await addLeased(db, clickOf('twice'))).toBeNull();

  const key = Buffer.from('a signature');
  const other = Buffer.from('another');
  expect(await Promise.all([receiveOnce(db, key), receiveOnce(db, other), receiveOnce(db, key)])).toEqual([
    true,
    true,
    false,
  ]);
  expect(await receiveOnce(db, key)).toBe(false);
});

test('one that can’t be stored is refused alone; those that came with it are stored', async () => {
  const { db } = fresh.database;
  const [before, bad, after] = await Promise.allSettled([
    addLeased(db, clickOf('before')),
    addLeased(db, clickOf('bad', 'C\u0000')),
    addLeased(db, clickOf('after')),
  ]);
  expect([before.status, bad.status, after.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await keysIn()).toEqual(expect.arrayContaining(['settleClick:before', 'settleClick:after']));
  expect(await keysIn()).not.toContain('settleClick:bad');
});

test('a click is stored while every connection for work is taken', async () => {
  const { db, pool } = fresh.database;
  const taken = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
  try {
    expect(await addLeased(db, clickOf('past the work'))).not.toBeNull();
    expect(await receiveOnce(db, Buffer.from('past the work'))).toBe(true);
  } finally {
    for (const client of taken) client.release();
  }
});

test('one that waits for somebody’s lock holds up no other', async () => {
  const { db, pool } = fresh.database;
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(
      `insert into outbox (key, job, payload, priority) values ('settleClick:held', 'x', '{}', 1)`,
    );
    const held = addLeased(db, clickOf('held'));
    const free = await addLeased(db, clickOf('beside it'));
    expect(free).not.toBeNull();
    await client.query('rollback');
    expect(await held).not.toBeNull();
  } finally {
    client.release();
  }
});

test('what is taken in ends with the database', async () => {
  const own = await freshDatabase();
  await addLeased(own.database.db, clickOf('last'));
  const intake = intakePoolOf(own.database.db);
  await own.close();
  expect([intake.totalCount, intake.ended]).toEqual([0, true]);
});
