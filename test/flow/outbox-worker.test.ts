import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import type { Job, JobName } from '../../src/core/jobs/reactions.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { done } from '../../src/flow/kernel/context.ts';
import { type Follower, followHere } from '../../src/flow/kernel/follow-on.ts';
import { createRelay, type Relay } from '../../src/flow/outbox-worker.ts';
import type { Runs } from '../../src/flow/queue/lanes.ts';
import { createLanes } from '../../src/flow/queue/lanes.ts';
import { steps } from '../../src/flow/steps.ts';
import type { HandedRow, JobQueue, QueuedWork } from '../../src/queue/job-queue.ts';
import { type Lane, placesIn } from '../../src/queue/lanes.ts';
import { addJobs, type OutboxRow } from '../../src/store/outbox.ts';
import { exchange } from '../../src/store/outbox-leases.ts';
import { owed } from '../../src/store/outbox-owed.ts';
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

/** A job queue that hands out what and when the test says. */
let queued: QueuedWork[];
let deliver: (lane: Lane, id: string, delivery: number, beside?: readonly HandedRow[]) => Promise<void>;
const jobQueue: JobQueue = {
  kind: 'postgres',
  async enqueue(work) {
    queued.push(...work);
  },
  start(run) {
    deliver = run;
  },
  prove: async () => {},
  rest() {},
  renew() {},
  close: async () => {},
};

let runs: number;
let trouble: Fault | null;
let relay: Relay & Follower;
/** Every kind of work in its own lane: it is counted, waits and fails as the test says. */
let begun: Job[];
let gate: Promise<void>;
let failsOn: (job: Job) => boolean;
const run: Runs[JobName]['run'] = async (job) => {
  runs += 1;
  begun.push(job);
  await gate;
  if (trouble !== null) throw trouble;
  if (failsOn(job)) throw new Fault('idp.unavailable', 'no', { retryable: true });
  return done;
};
const counted = Object.fromEntries(
  Object.entries(steps).map(([job, { lane }]) => [job, { lane, run }]),
) as Runs;
const relayOf = (more: { renewEveryMs?: number } = {}) =>
  createRelay({ db, pausedUntil: new Map(), log: pino({ level: 'silent' }) }, jobQueue, {
    runs: counted,
    lanes: createLanes(['okta', 'entra'], steps),
    ...more,
  });
beforeEach(async () => {
  await db.deleteFrom('outbox').execute();
  queued = [];
  runs = 0;
  begun = [];
  gate = Promise.resolve();
  trouble = null;
  failsOn = () => false;
  relay = relayOf();
});
afterEach(() => relay.stop());

const leaseDue = async (limit: number, leaseMs?: number) =>
  (await exchange(db, [], { limit, ...(leaseMs === undefined ? {} : { leaseMs }) })).leased;
const changeId = '00000000-0000-4000-8000-000000000000';
const row = () => db.selectFrom('outbox').selectAll().executeTakeFirstOrThrow();
const leaseRunsOut = () => sql`update outbox set next_at = clock_timestamp()`.execute(db);
/** Work that takes the queue even when its lane has a free place here. */
const queuedWork = { job: 'applyToIdp', personId: changeId, groupId: 'g', idp: 'okta' } as const;
const given = () => addJobs(db, [queuedWork]);

describe('a delivery is run only while its lease is the current one', () => {
  test('of a row that another process leased', async () => {
    // given
    relay.start();
    await relay.stop();
    await given();
    await leaseDue(10, 0);
    const [leased] = (await leaseDue(10, 60_000)) as [OutboxRow];
    expect(leased.leases).toBe(2);

    // then
    await deliver('idp-okta', leased.id, 1);
    expect(runs).toBe(0);
    await deliver('idp-okta', leased.id, 2);
    expect(runs).toBe(1);
    expect((await row()).done_at).not.toBeNull();
    await deliver('idp-okta', leased.id, 2);
    expect(runs).toBe(1);
  });

  test('of a row that this process leased and remembers', async () => {
    // given
    await given();
    relay.start();
    await eventually('the row is in the queue', () => queued.length === 1);
    await leaseRunsOut();
    await eventually('and once more', () => queued.length === 2);
    const id = (await row()).id;

    // then
    await deliver('idp-okta', id, 1);
    expect(runs).toBe(0);
    await deliver('idp-okta', id, 2);
    expect(runs).toBe(1);
    expect((await row()).done_at).not.toBeNull();
  });
});

test('a run that failed after another process has leased its row leaves it to that one', async () => {
  // given
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  trouble = new Fault('slack.unavailable', 'no', { retryable: true });
  await addJobs(db, [{ job: 'updateMessages', changeId }]);
  relay.start();
  await eventually('it runs', () => runs === 1);
  await sql`update outbox set leases = leases + 1, next_at = clock_timestamp() + interval '1 hour'`.execute(
    db,
  );

  // when
  resolve();
  await relay.stop();

  // then
  const { leased, attempts, next_at } = await row();
  expect({ leased, attempts }).toEqual({ leased: true, attempts: 0 });
  expect(next_at.getTime() - Date.now()).toBeGreaterThan(3_000_000);
});

describe('what failed', () => {
  async function fails(fault: Fault): Promise<{ waitMs: number }> {
    trouble = fault;
    await given();
    relay.start();
    await eventually('the row is in the queue', () => queued.length === 1);
    const { id } = await row();
    await deliver('idp-okta', id, 1);
    const { next_at } = await row();
    return { waitMs: next_at.getTime() - Date.now() };
  }

  test.each([1e7, 1e13, Number.MAX_SAFE_INTEGER])(
    'waits five minutes at most, asked for %d ms',
    async (ms) => {
      const { waitMs } = await fails(
        new Fault('slack.throttled', 'wait', { retryable: true, retryAfterMs: ms }),
      );
      expect(waitMs).toBeLessThanOrEqual(301_000);
      expect(waitMs).toBeGreaterThan(290_000);
    },
  );

  test('keeps to a shorter wait that it was asked for', async () => {
    const { waitMs } = await fails(
      new Fault('slack.throttled', 'wait', { retryable: true, retryAfterMs: 40_000 }),
    );
    expect(waitMs).toBeGreaterThan(38_000);
    expect(waitMs).toBeLessThanOrEqual(40_000);
  });

  test('stays owed, is counted by its fault, and no more once it succeeds', async () => {
    await fails(
      new Fault('slack.forbidden', 'Slack answers not_in_channel', {
        retryable: false,
        vendorCode: 'not_in_channel',
      }),
    );
    expect(await owed(db)).toEqual({ open: 1, failing: { 'slack.forbidden (not_in_channel)': 1 } });
    trouble = null;
    await leaseRunsOut();
    await eventually('it is handed out again', () => queued.length === 2);
    await deliver('idp-okta', (await row()).id, 2);
    expect(await owed(db)).toEqual({ open: 0, failing: {} });
  });

  test('is not forgotten as failing while its lane waits', async () => {
    await fails(
      new Fault('idp.throttled', 'wait', { retryable: true, retryAfterMs: 40_000, system: 'okta' }),
    );
    await leaseRunsOut();
    await eventually('it is handed out again', () => queued.length === 2);
    await deliver('idp-okta', (await row()).id, 2);
    expect(runs).toBe(1);
    expect(await owed(db)).toEqual({ open: 1, failing: { 'idp.throttled': 1 } });
  });
});

describe('work that its lane has a place for', () => {
  const tell = (n: number): Job => ({ job: 'updateMessages', changeId: `c${n}` });
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
  const places = placesIn('slack');

  test('runs in this process without the queue, and its row is closed', async () => {
    await addJobs(db, [tell(1), tell(2)]);
    relay.start();
    await eventually('both have run', () => runs === 2);
    await eventually('both are closed', async () => (await owed(db)).open === 0);
    expect(queued).toEqual([]);
  });

  test('is held up for a moment where all of our own work waits for somebody, and runs beside it then', async () => {
    // given as much as has a place waits for an identity provider that does not answer
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const own = placesIn('core');
    await addJobs(
      db,
      numbers(0, own).map((n) => ({ job: 'assessRequest', changeId: `c${n}` }) as const),
    );
    relay.start();
    await eventually('its places are taken', () => runs === own);

    // when
    await addJobs(db, [{ job: 'assessRequest', changeId }]);

    // then
    await eventually('one more runs', () => runs === own + 1);
    resolve();
    await eventually('all is done', async () => (await owed(db)).open === 0);
    expect(runs).toBe(own + 1);
  });

  test('is never more than its places; what is beyond the next ones stays in the outbox for any process, and holds up no other lane', async () => {
    // given a lane whose places are taken, and more
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await addJobs(db, numbers(0, 100).map(tell));
    await addJobs(db, [{ job: 'updateHome', personId: changeId }]);
    relay.start();
    await eventually('its places are taken', () => runs === places);

    // when work for another lane comes
    await addJobs(db, [{ job: 'assessRequest', changeId }]);
    relay.nudge();

    // then
    await eventually('that runs', () => begun.some(({ job }) => job === 'assessRequest'));
    expect(runs).toBe(places + 1);
    expect(await leaseDue(200)).toHaveLength(61);
    expect(queued).toEqual([]);
    resolve();
  });

  test('runs by urgency, whatever came first', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await addJobs(db, [{ job: 'updateHome', personId: changeId }, ...numbers(0, 3 * places).map(tell)]);
    relay.start();
    await eventually('its places are taken', () => runs === places);

    // when
    resolve();

    // then
    await eventually('all have run', () => runs === 3 * places + 1);
    expect(begun.at(-1)?.job).toBe('updateHome');
    await eventually('all are closed', async () => (await owed(db)).open === 0);
  });

  test('waits behind what its lane has in the queue', async () => {
    await given();
    relay.start();
    await eventually('the write is in the queue', () => queued.length === 1);
    await addJobs(db, [{ job: 'checkMembership', personId: changeId, groupId: 'g', idp: 'okta' }]);
    relay.nudge();
    await eventually('the look follows it there', () => queued.length === 2);
    expect(runs).toBe(0);
  });

  test('that is called for again while it runs is run again', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await addJobs(db, [tell(1)]);
    relay.start();
    await eventually('it runs', () => runs === 1);
    await addJobs(db, [tell(1)]);
    resolve();
    await eventually('it has run again', () => runs === 2);
    await eventually('it is closed', async () => (await owed(db)).open === 0);
  });

  test('keeps its lease while it runs, however long, and is not begun again beside itself', async () => {
    // given two that run, the lease of one of which another process has taken
    relay = relayOf({ renewEveryMs: 40 });
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await addJobs(db, [tell(1), tell(2)]);
    relay.start();
    await eventually('both run', () => runs === 2);
    await sql`update outbox set leases = leases + 1, next_at = clock_timestamp() + interval '1 hour'
      where key = 'updateMessages:c2'`.execute(db);

    // when the lease of the other is about to run out
    await sql`update outbox set next_at = clock_timestamp() + interval '300 ms'
      where key = 'updateMessages:c1'`.execute(db);

    // then
    const msLeft = async (key: string) => {
      const { rows } = await sql<{ ms: number }>`
        select extract(epoch from next_at - clock_timestamp())::float8 * 1000 as ms from outbox
        where key = ${key}`.execute(db);
      return rows[0]?.ms ?? 0;
    };
    await eventually('its lease is whole again', async () => (await msLeft('updateMessages:c1')) > 10_000);
    expect(await msLeft('updateMessages:c2')).toBeGreaterThan(3_000_000);
    expect(runs).toBe(2);
    resolve();
    await eventually('both are closed', async () => (await owed(db)).open === 0);
    expect(runs).toBe(2);
  });

  test('is finished and closed before the process ends', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await addJobs(db, [tell(1), tell(2)]);
    relay.start();
    await eventually('both run', () => runs === 2);
    const stopped = relay.stop();
    resolve();
    await stopped;
    expect(await owed(db)).toEqual({ open: 0, failing: {} });
  });

  test('whose closing is lost is run again when its lease runs out', async () => {
    // given rows that can't be closed
    await sql`create sequence refusals`.execute(db);
    await sql`create function refuse() returns trigger as
      'begin perform nextval(''refusals''); raise exception ''no''; end' language plpgsql`.execute(db);
    await sql`create trigger refuse before update on outbox for each row when (new.done_at is not null)
      execute function refuse()`.execute(db);
    await addJobs(db, [tell(1), tell(2)]);
    relay.start();
    await eventually('closing them has failed', async () => {
      const { rows } = await sql<{ is_called: boolean }>`select is_called from refusals`.execute(db);
      return runs === 2 && rows[0]?.is_called === true;
    });

    // when
    await sql`drop trigger refuse on outbox`.execute(db);
    await leaseRunsOut();

    // then
    await eventually('both have run again', () => runs === 4);
    await eventually('both are closed', async () => (await owed(db)).open === 0);
  });
});

describe('what follows from a commit of this process', () => {
  const tell = (n: number): Job => ({ job: 'updateMessages', changeId: `c${n}` });
  const places = placesIn('slack');
  let looks: number;
  beforeEach(() => {
    followHere(db, relay);
    looks = 0;
  });
  const committed = (...jobs: Job[]) =>
    commit(
      db,
      async () => ({ result: null, jobs }),
      () => {
        looks += 1;
        relay.nudge();
      },
    );
  /** It has looked into the outbox once, and found nothing. */
  const started = async () => {
    relay.start();
    await eventually('it takes work', () => relay.takes([tell(0)]).length === 1);
  };
  const rowOf = (key: string) =>
    db
      .selectFrom('outbox')
      .selectAll()
      .where('key', '=', key)
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();

  test('is leased with the commit and runs at once: nobody looks for it', async () => {
    await started();
    await committed(tell(1));
    expect(runs).toBe(1);
    expect(looks).toBe(0);
    await eventually('it is closed', async () => (await owed(db)).open === 0);
    expect((await row()).leases).toBe(1);
  });

  test('goes into the queue where it writes to an identity provider, and nobody looks for it', async () => {
    await started();
    await committed(queuedWork);
    await eventually('it is in the queue', () => queued.length === 1);
    expect(looks).toBe(0);
    const { id } = await row();
    await deliver('idp-okta', id, 1);
    expect(runs).toBe(1);
    expect((await row()).done_at).not.toBeNull();
  });

  test('and is due later only, is begun when it is due', async () => {
    await started();
    await committed({ job: 'updateMessages', changeId, afterMs: 60 });
    expect(looks).toBe(0);
    expect((await row()).leased).toBe(false);
    await eventually('it has run', () => runs === 1, 200);
  });

  test('and has no place here, stays in the outbox for any process', async () => {
    // given
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await started();
    await committed(...Array.from({ length: places }, (_, n) => tell(n)));
    expect(runs).toBe(places);

    // when
    await committed(tell(places));

    // then
    expect(looks).toBe(1);
    resolve();
    await eventually('all have run', () => runs === places + 1);
  });

  test('is of many, is left in the outbox, where what belongs together is found', async () => {
    await started();
    await committed(...Array.from({ length: 20 }, (_, n) => ({ ...queuedWork, groupId: `g${n}` })));
    expect(looks).toBe(1);
    await eventually('it is one job of the queue', () => queued.length === 1);
    expect(queued[0]?.beside).toHaveLength(19);
  });

  test('waits for its turn while due rows of its lane are left in the outbox', async () => {
    // given more than the lane works off
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await addJobs(
      db,
      Array.from({ length: 100 }, (_, n) => tell(n)),
    );
    relay.start();
    await eventually('its places are taken', () => runs === places);

    // when
    expect(relay.takes([tell(101)])).toEqual([]);
    expect(relay.takes([{ job: 'assessRequest', changeId }])).toHaveLength(1);

    // then
    resolve();
    await eventually('all have run', () => runs === 100);
  });

  test('and runs already, is run again when that has ended, and never beside itself', async () => {
    // given
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await started();
    await committed(tell(1));
    expect(runs).toBe(1);

    // when
    await committed(tell(1));

    // then
    expect(looks).toBe(1);
    expect(runs).toBe(1);
    resolve();
    await eventually('it has run again', () => runs === 2);
    await eventually('it is closed', async () => (await owed(db)).open === 0);
    expect(runs).toBe(2);
  });

  test('and waits in the outbox until later, is due at once', async () => {
    await started();
    await addJobs(db, [{ job: 'updateMessages', changeId: 'c1', afterMs: 60_000 }]);
    await committed(tell(1));
    expect(looks).toBe(1);
    await eventually('it has run', () => runs === 1);
  });

  test('is begun by nobody when the commit fails', async () => {
    await started();
    await expect(committed(tell(1), { job: 'updateMessages', changeId: '\u0000' } as Job)).rejects.toThrow();
    expect(await db.selectFrom('outbox').select('id').execute()).toEqual([]);
    expect(runs).toBe(0);
  });

  test('is taken by another process when the lease runs out, this one having been killed before it began', async () => {
    // given
    followHere(db, { takes: (jobs) => jobs, begin: () => {}, dueIn: () => {} });
    await committed(tell(1));
    expect(await row()).toMatchObject({ leased: true, leases: 1, done_at: null });

    // when
    relay.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(runs).toBe(0);
    await leaseRunsOut();

    // then
    await eventually('it has run', () => runs === 1);
    await eventually('it is closed', async () => (await owed(db)).open === 0);
    expect((await row()).leases).toBe(2);
  });

  test('is left to others by a process that ends', async () => {
    await started();
    await relay.stop();
    await committed(tell(1));
    expect(await rowOf('updateMessages:c1')).toMatchObject({ leased: false, done_at: null });
    expect(runs).toBe(0);
  });
});

describe('more than a lane works off within a lease', () => {
  const many = (count: number) =>
    addJobs(
      db,
      Array.from({ length: count }, (_, n) => ({
        ...queuedWork,
        groupId: `g${n}`,
      })),
    );

  /** Rows that the queue holds for a lane: those that run side by side are one job of its. */
  const rowsIn = (lane: Lane) =>
    queued
      .filter((work) => work.lane === lane)
      .flatMap(({ id, delivery, beside = [] }) => [{ id, delivery }, ...beside]);

  test('waits in the outbox, and not in the queue where its lease would run out', async () => {
    await many(1_000);
    relay.start();
    await eventually('the lane is full', () => rowsIn('idp-okta').length >= 200);

    // when work for another lane comes
    await addJobs(db, [{ ...queuedWork, idp: 'entra', groupId: 'e' }]);
    relay.nudge();
    await eventually('that is handed out', () => rowsIn('idp-entra').length === 1);
    expect(rowsIn('idp-okta')).toHaveLength(200);

    // when the lane has worked off more than half
    for (const { id, delivery, beside } of queued.filter(({ lane }) => lane === 'idp-okta'))
      await deliver('idp-okta', id, delivery, beside);
    await eventually('it is filled up', () => rowsIn('idp-okta').length > 200);
    expect(rowsIn('idp-okta').length).toBeLessThanOrEqual(400);
  });

  test('runs side by side, many rows as one job of the queue, each with an outcome of its own', async () => {
    // given
    const failing = 'g7';
    failsOn = (job) => 'groupId' in job && job.groupId === failing;
    await many(20);
    relay.start();
    await eventually('they are in the queue', () => rowsIn('idp-okta').length === 20);

    // when
    expect(queued).toHaveLength(1);
    const [{ id, delivery, beside } = queued[0] as QueuedWork] = queued;
    await deliver('idp-okta', id, delivery, beside);

    // then
    expect(runs).toBe(20);
    const { rows } = await sql<{ group: string; attempts: number }>`
      select payload->>'groupId' as group, attempts from outbox where done_at is null`.execute(db);
    expect(rows).toEqual([{ group: failing, attempts: 1 }]);

    // when the queue hands the same out once more, only what is owed yet runs
    await deliver('idp-okta', id, delivery, beside);
    expect(runs).toBe(21);
  });

  test('what another process has begun of it is left to that one', async () => {
    await many(20);
    relay.start();
    await eventually('they are in the queue', () => rowsIn('idp-okta').length === 20);
    const [{ id, delivery, beside = [] } = queued[0] as QueuedWork] = queued;
    await relay.stop();

    // when a process that never leased them is handed the job, and one row is begun elsewhere
    const other = relayOf();
    other.start();
    const [begunElsewhere] = beside;
    await sql`update outbox set taken = true where id = ${begunElsewhere?.id}`.execute(db);
    await deliver('idp-okta', id, delivery, beside);
    await other.stop();

    // then
    expect(runs).toBe(19);
  });

  test('goes out by urgency, whatever came first', async () => {
    await many(1_000);
    await addJobs(db, [{ job: 'advise', changeId }]);
    await addJobs(db, [{ job: 'settleClick', clickKey: 'c', click: { clickId: 'c' } as never }]);
    const leased = await leaseDue(200);
    expect(leased.filter(({ job }) => job !== 'applyToIdp').map(({ job }) => job)).toEqual(['settleClick']);
  });
});

test('a throttled identity provider pauses its own work, and another’s goes on', async () => {
  // given
  const pair = { personId: changeId, urgency: 'grant' } as const;
  const work = (idp: string, groupId: string) => addJobs(db, [{ job: 'applyToIdp', ...pair, groupId, idp }]);
  const next = async (n: number) => {
    await eventually('the row is in the queue', () => queued.length === n);
    const { lane, id, delivery } = queued[n - 1] as QueuedWork;
    await deliver(lane, id, delivery);
  };
  relay.start();
  trouble = new Fault('idp.throttled', 'wait', { retryable: true, retryAfterMs: 60_000, system: 'entra' });
  await work('entra', 'a');
  await next(1);
  expect(runs).toBe(1);
  trouble = null;

  // when
  await work('okta', 'b');
  await next(2);
  await work('entra', 'c');
  await next(3);

  // then
  expect(runs).toBe(2);
  const { rows } = await sql<{ idp: string }>`
    select payload->>'idp' as idp from outbox where done_at is not null`.execute(db);
  expect(rows).toEqual([{ idp: 'okta' }]);
});
