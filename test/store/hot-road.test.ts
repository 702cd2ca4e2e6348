import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillTo } from '../bench/growth-crowd.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

/** So many others have a live grant, its card, its entry in the audit, and accounts. */
const PEOPLE = 20_000;
const read = 'orders-api-read';
/** As the stage is set. */
const READ_TOKEN = 'read-token-for-tests';

let stage: Stage;
let walk: Journey;
let db: pg.Pool;
beforeAll(async () => {
  // Once a week the digests read everybody's access. That day is not near.
  const weekday = ((new Date().getUTCDay() + 3) % 7) + 1;
  ({ stage, walk } = await setOut({
    catalogue: (loaded) => ({ ...loaded, digest: { ...loaded.digest, weekday } }),
  }));
  db = new pg.Pool({ connectionString: stage.databaseUrl, max: 1 });
  // Latchkey has worked, its statements are planned, and its tables were small.
  const first = await walk.isGiven('erik', { entitlement: read, reason: 'The first of all' });
  await walk.owesNothing();
  await walk.until('all is sealed', async () => {
    const unsealed = `select 1 from audit where not exists (select from audit_seals where audit_id = audit.id) limit 1`;
    return (await walk.query(unsealed)).length === 0;
  });
  await fillTo(db, first.id, 0, PEOPLE);
});
afterAll(async () => {
  await db?.end();
  await stage?.close();
});

type Scans = { table: string; rows: number };

/** A connection that has nothing more to do tells of its scans after ten seconds. */
const TOLD_AFTER_MS = 10_500;

/** Rows read by sequential scans so far, of the tables that are large. */
async function scans(waitMs = TOLD_AFTER_MS): Promise<Scans[]> {
  await sleep(waitMs);
  const { rows } = await db.query<Scans>(
    `select relname as table, seq_tup_read::int as rows from pg_stat_user_tables
     where n_live_tup >= ${PEOPLE} order by relname`,
  );
  return rows;
}

/** As they were when they were last looked at. */
let known: Scans[] = [];

/** Tables of which as many rows were read since as there are, once or more. */
async function wholeSince(waitMs?: number): Promise<string[]> {
  const before = new Map(known.map(({ table, rows }) => [table, rows]));
  known = await scans(waitMs);
  return known.flatMap(({ table, rows }) => {
    const times = Math.floor((rows - (before.get(table) ?? 0)) / PEOPLE);
    return times === 0 ? [] : [`${table}: ${times} times`];
  });
}

test('a look at everybody is noticed', async () => {
  known = await scans(0);
  expect(known.map(({ table }) => table)).toEqual([
    'audit',
    'audit_seals',
    'changes',
    'grants',
    'messages',
    'people',
    'person_links',
    'person_snapshots',
  ]);
  await db.query(`select count(*), pg_stat_force_next_flush() from people where title = 'nobody'`);
  expect(await wholeSince(0)).toEqual(['people: 1 times']);
});

/** Ten seconds of access. The journey's own way to find the change would look at all of them. */
async function isAsked(as: string): Promise<string> {
  const newest = async () =>
    (await walk.query<{ id: string }>('select id from changes order by requested_at desc limit 1'))[0]?.id;
  const before = await newest();
  await walk.ask(as, { entitlement: read, seconds: 10, reason: 'Among many' });
  return await walk.until('the request is stored', async () => {
    const id = await newest();
    return id !== before && id;
  });
}

test('no step of a change, from the request until it has ended, reads a large table as a whole', async () => {
  const id = await isAsked('ines');
  const card = await walk.until('the card is out', async () =>
    (await walk.messages('sofia', 'access-requests')).find(
      (m) => m.metadata?.event_payload?.marker === `${id}:card`,
    ),
  );
  await walk.click('tom', card, 'approve');
  await walk.becomes(id, 'inEffect');
  await walk.endsAs(id, 'inEffect');
  await walk.owesNothing();
  expect(await wholeSince()).toEqual([]);
});

/** Types `/access` and these words, and waits for the answer. */
async function typed(as: string, text: string): Promise<void> {
  const known = new Set((await walk.messages(as, 'access-requests')).map((m) => m.ts));
  await walk.request('POST', '/slack/sim/command', {
    as,
    command: '/access',
    channel: 'access-requests',
    text,
  });
  await walk.until(`an answer to ${text}`, async () =>
    (await walk.messages(as, 'access-requests')).some((m) => m.ephemeral && !known.has(m.ts)),
  );
}

test('nothing that a person reads, an operator scrapes, or comes by itself reads a large table as a whole', async () => {
  for (const words of ['mine', `who ${read}`, `why ${read}`]) await typed('ines', words);
  const answer = await fetch(`${stage.latchkey.url}/metrics`, {
    headers: { authorization: `Bearer ${READ_TOKEN}` },
  });
  expect(answer.status).toBe(200);
  expect(await wholeSince()).toEqual([]);
});
