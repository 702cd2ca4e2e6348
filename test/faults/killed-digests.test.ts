import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillCrowd } from '../bench/digests-crowd.ts';
import { unopenedDatabase } from '../database.ts';

const PROGRAM = fileURLToPath(new URL('../bench/digests-process.ts', import.meta.url));
const PEOPLE = 1_000;
/** Managers, and owners who manage nobody. */
const READERS = PEOPLE / 10 + 1;

let fresh: Awaited<ReturnType<typeof unopenedDatabase>>;
let client: pg.Client;
beforeAll(async () => {
  fresh = await unopenedDatabase();
  await fillCrowd(fresh.url, PEOPLE);
  client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
}, 60_000);
afterAll(async () => {
  await client?.end();
  await fresh?.drop();
});

const count = async (what: string): Promise<number> => {
  const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from ${what}`);
  return rows[0]?.n ?? 0;
};

function begin() {
  return spawn(process.execPath, [PROGRAM, fresh.url], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Runs it until there is so much of something, and kills it there. */
async function killedAt(what: string, least: number): Promise<void> {
  const child = begin();
  const ended = once(child, 'exit');
  while (child.exitCode === null && (await count(what)) < least) await sleep(10);
  child.kill('SIGKILL');
  await ended;
}

test('killed while digests are made, and again while they are sent: all are sent, and nobody is told twice', async () => {
  await killedAt('digests', 1);
  const madeBefore = await count('digests');
  expect(madeBefore).toBeGreaterThan(0);
  expect(madeBefore).toBeLessThan(READERS);

  await killedAt('bench_posted', 10);
  expect(await count('bench_posted')).toBeLessThan(READERS);
  // A killed worker's rows are handed out again once the lease has run out: as if that were now.
  await client.query('update outbox set next_at = now() where done_at is null');

  const [code] = await once(begin(), 'exit');
  expect(code).toBe(0);
  expect(await count(`(select from digests where kind = 'personal') d`)).toBe(READERS);
  expect(await count('outbox where done_at is null')).toBe(0);
  expect(await count('(select marker from bench_posted group by 1 having count(*) > 1) twice')).toBe(0);
  expect(
    await count(`(select from digests d where not exists
    (select from bench_posted p where p.marker like d.id || ':%')) unsent`),
  ).toBe(0);
}, 120_000);
