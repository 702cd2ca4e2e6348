import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Job } from '../../src/core/jobs/reactions.ts';
import {
  addJobs,
  again,
  finish,
  keyOf,
  leaseDue,
  msUntilDue,
  type OutboxRow,
  readOpen,
  unlease,
} from '../../src/store/outbox.ts';
import { forgetDone } from '../../src/store/outbox-owed.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterAll(() => fresh.close());
beforeEach(async () => {
  await db.deleteFrom('outbox').execute();
});

const tell: Job = { job: 'updateMessages', changeId: 'c1' };
const LEASE_MS = 60_000;

async function lease(): Promise<OutboxRow> {
  const [row, ...more] = await leaseDue(db, 10, LEASE_MS);
  if (row === undefined || more.length > 0) throw new Error(`${more.length} more than one row`);
  return row;
}

describe('the same work called for twice', () => {
  test('is one open row', async () => {
    await addJobs(db, [tell, tell]);
    await addJobs(db, [tell]);
    expect(await leaseDue(db, 10, LEASE_MS)).toMatchObject([
      { job: 'updateMessages', payload: tell, generation: 2, leases: 1 },
    ]);
  });

  test('while it runs, is run once more', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    await addJobs(db, [tell]);
    expect(await finish(db, row)).toBe(false);
    const second = await lease();
    expect(second).toMatchObject({ id: row.id, generation: 2 });
    expect(await finish(db, second)).toBe(true);
    expect(await leaseDue(db, 10, LEASE_MS)).toEqual([]);
  });

  test('after it was done, is a new row', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    expect(await finish(db, row)).toBe(true);
    await addJobs(db, [tell]);
    expect((await lease()).id).not.toBe(row.id);
  });

  test('called for again, what was to wait is due at once', async () => {
    await addJobs(db, [tell]);
    await again(db, await lease(), 60_000, null);
    expect(await leaseDue(db, 10, LEASE_MS)).toEqual([]);
    await addJobs(db, [tell]);
    expect((await lease()).generation).toBe(2);
  });

  test('from many at once, is still one row', async () => {
    await Promise.all(
      Array.from({ length: 20 }, () => addJobs(db, [tell, { job: 'updateMessages', changeId: 'c0' }])),
    );
    expect(await leaseDue(db, 10, LEASE_MS)).toHaveLength(2);
  });
});

test('each job has a key that tells it from every other', () => {
  const click = {
    clickId: 'k',
    changeId: 'c',
    round: 1,
    chatUserId: 'U',
    channel: 'C',
    act: { verb: 'withdraw' },
  } as const;
  const jobs: Job[] = [
    { job: 'assessRequest', changeId: 'c' },
    { job: 'advise', changeId: 'c' },
    { job: 'verifyInAnypoint', changeId: 'c' },
    { job: 'updateMessages', changeId: 'c' },
    { job: 'settleClick', clickKey: 'k', click },
    { job: 'settleClick', clickKey: 'k2', click },
    { job: 'applyToIdp', personId: 'p', groupId: 'g' },
    { job: 'applyToIdp', personId: 'p', groupId: 'g2' },
    { job: 'deliverToTeam', personId: 'p', teamId: 'g' },
  ];
  expect(new Set(jobs.map(keyOf)).size).toBe(jobs.length);
});

describe('a lease', () => {
  test('keeps others off until it runs out, then the row is due again', async () => {
    await addJobs(db, [tell]);
    await leaseDue(db, 10, 1_000);
    expect(await leaseDue(db, 10, 1_000)).toEqual([]);
    await eventually('it has run out', async () => {
      const [row] = await leaseDue(db, 10, LEASE_MS);
      return row?.leases === 2;
    });
  });

  test('is given to one of many that ask at once', async () => {
    await addJobs(
      db,
      Array.from({ length: 30 }, (_, i): Job => ({ job: 'updateMessages', changeId: `c${i}` })),
    );
    const taken = await Promise.all(Array.from({ length: 8 }, () => leaseDue(db, 10, LEASE_MS)));
    const ids = taken.flat().map((r) => r.id);
    expect(ids).toHaveLength(30);
    expect(new Set(ids).size).toBe(30);
  });

  test('can be given back', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    await unlease(db, [row.id], 0);
    expect((await lease()).id).toBe(row.id);
    await unlease(db, [], 0);
  });
});

describe('again', () => {
  test('waits as long as told', async () => {
    await addJobs(db, [tell]);
    await again(db, await lease(), 60_000, null);
    const ms = await msUntilDue(db);
    expect(ms).toBeGreaterThan(55_000);
    expect(ms).toBeLessThanOrEqual(60_000);
  });

  test('is at once when it was called for meanwhile', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    await addJobs(db, [tell]);
    await again(db, row, 60_000, null);
    expect((await lease()).id).toBe(row.id);
  });

  test('counts failures and forgets them when it went well', async () => {
    await addJobs(db, [tell]);
    await again(db, await lease(), 0, 'slack.throttled');
    await again(db, await lease(), 0, 'slack.timeout');
    expect(await lease()).toMatchObject({ attempts: 2 });
    const { last_fault } = await db.selectFrom('outbox').select('last_fault').executeTakeFirstOrThrow();
    expect(last_fault).toBe('slack.timeout');
    await unlease(db, [(await db.selectFrom('outbox').select('id').executeTakeFirstOrThrow()).id], 0);
    await again(db, await lease(), 0, null);
    expect(await lease()).toMatchObject({ attempts: 0 });
  });

  test('does not open what somebody else has finished', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    await finish(db, row);
    await again(db, row, 0, 'slack.timeout');
    expect(await readOpen(db, row.id)).toBeNull();
    expect(await leaseDue(db, 10, LEASE_MS)).toEqual([]);
    expect(await finish(db, row)).toBe(true);
  });
});

test('nothing open, nothing due', async () => {
  expect(await msUntilDue(db)).toBeNull();
  expect(await leaseDue(db, 10, LEASE_MS)).toEqual([]);
});

test('only what was done long ago is forgotten', async () => {
  await addJobs(db, [
    tell,
    { job: 'updateMessages', changeId: 'c2' },
    { job: 'updateMessages', changeId: 'c3' },
  ]);
  const [old, recent] = await leaseDue(db, 10, LEASE_MS);
  for (const row of [old, recent]) if (row !== undefined) await finish(db, row);
  await sql`update outbox set done_at = done_at - interval '25 hours' where id = ${old?.id}`.execute(db);
  await forgetDone(db, 24);
  expect(await db.selectFrom('outbox').select('id').execute()).toHaveLength(2);
});

test('a leaver goes before what is taken away, and that before what is given; called for more urgently, work moves up', async () => {
  const apply = (groupId: string, urgency: 'leaver' | 'revoke' | 'grant'): Job => ({
    job: 'applyToIdp',
    personId: 'p',
    groupId,
    urgency,
  });
  await addJobs(db, [
    apply('g1', 'grant'),
    apply('g2', 'revoke'),
    apply('g3', 'leaver'),
    apply('g4', 'grant'),
  ]);
  await addJobs(db, [apply('g4', 'leaver')]);
  const rows = await leaseDue(db, 10);
  const priority = (groupId: string) =>
    rows.find((row) => row.payload.job === 'applyToIdp' && row.payload.groupId === groupId)?.priority ?? 0;
  expect(priority('g3')).toBeLessThan(priority('g2'));
  expect(priority('g2')).toBeLessThan(priority('g1'));
  expect(priority('g4')).toBe(priority('g3'));
});
