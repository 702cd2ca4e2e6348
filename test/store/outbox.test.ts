import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Job } from '../../src/core/jobs/reactions.ts';
import { createLanes } from '../../src/flow/queue/lanes.ts';
import { steps } from '../../src/flow/steps.ts';
import { addJobs, keyOf, type OutboxRow, readOpen } from '../../src/store/outbox.ts';
import { exchange, unlease } from '../../src/store/outbox-leases.ts';
import { forgetDone } from '../../src/store/outbox-owed.ts';
import type { Portion } from '../../src/store/outbox-portion.ts';
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

async function leaseDue(limit: number, leaseMs?: number): Promise<OutboxRow[]> {
  return (await exchange(db, [], { limit, ...(leaseMs === undefined ? {} : { leaseMs }) })).leased;
}

async function msUntilDue(): Promise<number | null> {
  return (await exchange(db, [], { limit: 0 })).nextMs;
}

/** Answers whether it closed, and was not called for again meanwhile. */
async function finish(row: OutboxRow): Promise<boolean> {
  return (await exchange(db, [{ ...row, afterMs: null, fault: null }], null)).calledAgain.size === 0;
}

async function again(row: OutboxRow, afterMs: number, fault: string | null): Promise<void> {
  await exchange(db, [{ ...row, afterMs, fault }], null);
}

async function lease(): Promise<OutboxRow> {
  const [row, ...more] = await leaseDue(10, LEASE_MS);
  if (row === undefined || more.length > 0) throw new Error(`${more.length} more than one row`);
  return row;
}

describe('the same work called for twice', () => {
  test('is one open row', async () => {
    await addJobs(db, [tell, tell]);
    await addJobs(db, [tell]);
    expect(await leaseDue(10, LEASE_MS)).toMatchObject([
      { job: 'updateMessages', payload: tell, generation: 2, leases: 1 },
    ]);
  });

  test('while it runs, is run once more', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    await addJobs(db, [tell]);
    expect(await finish(row)).toBe(false);
    const second = await lease();
    expect(second).toMatchObject({ id: row.id, generation: 2 });
    expect(await finish(second)).toBe(true);
    expect(await leaseDue(10, LEASE_MS)).toEqual([]);
  });

  test('after it was done, is a new row', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    expect(await finish(row)).toBe(true);
    await addJobs(db, [tell]);
    expect((await lease()).id).not.toBe(row.id);
  });

  test('called for again, what was to wait is due at once', async () => {
    await addJobs(db, [tell]);
    await again(await lease(), 60_000, null);
    expect(await leaseDue(10, LEASE_MS)).toEqual([]);
    await addJobs(db, [tell]);
    expect((await lease()).generation).toBe(2);
  });

  test('from many at once, is still one row', async () => {
    await Promise.all(
      Array.from({ length: 20 }, () => addJobs(db, [tell, { job: 'updateMessages', changeId: 'c0' }])),
    );
    expect(await leaseDue(10, LEASE_MS)).toHaveLength(2);
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
    await leaseDue(10, 1_000);
    expect(await leaseDue(10, 1_000)).toEqual([]);
    await eventually('it has run out', async () => {
      const [row] = await leaseDue(10, LEASE_MS);
      return row?.leases === 2;
    });
  });

  test('is given to one of many that ask at once', async () => {
    await addJobs(
      db,
      Array.from({ length: 30 }, (_, i): Job => ({ job: 'updateMessages', changeId: `c${i}` })),
    );
    const taken = await Promise.all(Array.from({ length: 8 }, () => leaseDue(10, LEASE_MS)));
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
    await again(await lease(), 60_000, null);
    const ms = await msUntilDue();
    expect(ms).toBeGreaterThan(55_000);
    expect(ms).toBeLessThanOrEqual(60_000);
  });

  test('is at once when it was called for meanwhile', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    await addJobs(db, [tell]);
    await again(row, 60_000, null);
    expect((await lease()).id).toBe(row.id);
  });

  test('counts failures and forgets them when it went well', async () => {
    await addJobs(db, [tell]);
    await again(await lease(), 0, 'slack.throttled');
    await again(await lease(), 0, 'slack.timeout');
    expect(await lease()).toMatchObject({ attempts: 2 });
    const { last_fault } = await db.selectFrom('outbox').select('last_fault').executeTakeFirstOrThrow();
    expect(last_fault).toBe('slack.timeout');
    await unlease(db, [(await db.selectFrom('outbox').select('id').executeTakeFirstOrThrow()).id], 0);
    await again(await lease(), 0, null);
    expect(await lease()).toMatchObject({ attempts: 0 });
  });

  test('does not open what somebody else has finished', async () => {
    await addJobs(db, [tell]);
    const row = await lease();
    await finish(row);
    await again(row, 0, 'slack.timeout');
    expect(await readOpen(db, row.id)).toBeNull();
    expect(await leaseDue(10, LEASE_MS)).toEqual([]);
    expect(await finish(row)).toBe(true);
  });
});

test('nothing open, nothing due', async () => {
  expect(await msUntilDue()).toBeNull();
  expect(await leaseDue(10, LEASE_MS)).toEqual([]);
});

test('only what was done long ago is forgotten', async () => {
  await addJobs(db, [
    tell,
    { job: 'updateMessages', changeId: 'c2' },
    { job: 'updateMessages', changeId: 'c3' },
  ]);
  const [old, recent] = await leaseDue(10, LEASE_MS);
  for (const row of [old, recent]) if (row !== undefined) await finish(row);
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
  const rows = await leaseDue(10);
  const priority = (groupId: string) =>
    rows.find((row) => row.payload.job === 'applyToIdp' && row.payload.groupId === groupId)?.priority ?? 0;
  expect(priority('g3')).toBeLessThan(priority('g2'));
  expect(priority('g2')).toBeLessThan(priority('g1'));
  expect(priority('g4')).toBe(priority('g3'));
});

test('many rows are closed at once, each by how its run ended, in the trip that leases what is due', async () => {
  // given
  const job = (n: number): Job => ({ job: 'updateMessages', changeId: `c${n}` });
  await addJobs(db, [job(1), job(2), job(3), job(4)]);
  const rows = new Map((await leaseDue(10, LEASE_MS)).map((row) => [keyOf(row.payload), row]));
  const row = (n: number) => rows.get(keyOf(job(n))) as OutboxRow;
  await addJobs(db, [job(4), job(5)]);

  // when
  const { calledAgain, leased } = await exchange(
    db,
    [
      { ...row(1), afterMs: null, fault: null },
      { ...row(2), afterMs: 60_000, fault: null },
      { ...row(3), afterMs: 60_000, fault: 'slack.timeout' },
      { ...row(4), afterMs: null, fault: null },
    ],
    { limit: 10 },
  );

  // then
  expect([...calledAgain]).toEqual([row(4).id]);
  expect(leased.map(({ payload }) => keyOf(payload)).sort()).toEqual([keyOf(job(4)), keyOf(job(5))]);
  const stored = await db
    .selectFrom('outbox')
    .select(['key', 'done_at', 'attempts', 'last_fault', 'leased'])
    .orderBy('key')
    .execute();
  expect(
    stored.map(({ done_at, attempts, last_fault, leased: held }) => [
      done_at !== null,
      attempts,
      last_fault,
      held,
    ]),
  ).toEqual([
    [true, 0, null, false],
    [false, 0, null, false],
    [false, 1, 'slack.timeout', false],
    [false, 0, null, true],
    [false, 0, null, true],
  ]);
});

test('rows of an identity provider’s lane are leased by themselves, those that name none with the first’s', async () => {
  const apply = (groupId: string, idp?: string): Job => ({
    job: 'applyToIdp',
    personId: 'p',
    groupId,
    ...(idp === undefined ? {} : { idp }),
  });
  await addJobs(db, [apply('g1', 'okta'), apply('g2', 'entra'), apply('g3'), apply('g4', 'gone'), tell]);
  const lanes = createLanes(['okta', 'entra'], steps);
  const groups = async (of: Portion | null) =>
    (await exchange(db, [], { limit: 10, of })).leased.map(({ payload }) =>
      payload.job === 'applyToIdp' ? payload.groupId : payload.job,
    );
  expect(await groups(lanes.portion(['idp-entra']))).toEqual(['g2']);
  expect((await groups(lanes.allBut(['idp-entra', 'slack']))).sort()).toEqual(['g1', 'g3', 'g4']);
  expect(await groups(lanes.allBut([]))).toEqual(['updateMessages']);
});

test('commits that call for work again and closings of the same rows never wait for each other in a circle', async () => {
  const jobs = Array.from({ length: 40 }, (_, n): Job => ({ job: 'updateMessages', changeId: `c${n}` }));
  await addJobs(db, jobs);
  const rows = await leaseDue(100, LEASE_MS);
  const closings = rows.map((row) => ({ ...row, afterMs: 0, fault: null }));
  await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0
        ? addJobs(db, jobs.toReversed())
        : exchange(db, n % 4 === 1 ? closings : closings.toReversed(), null),
    ),
  );
  expect((await leaseDue(100)).length).toBe(40);
});
