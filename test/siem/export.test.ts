import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sealAudit } from '../../src/audit/seal.ts';
import { exportStatus } from '../../src/flow/audit/export-status.ts';
import { createExporting } from '../../src/flow/audit/exporting.ts';
import type { AuditDestination } from '../../src/ports/audit-destination.ts';
import { createDestinations, type SiemSettings } from '../../src/siem/destinations.ts';
import { checkSiem } from '../../src/siem/siem-check.ts';
import { exportState, restartExport } from '../../src/store/audit-exports.ts';
import { sealedCount } from '../../src/store/audit-seals.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { tamper } from '../audit/tamper.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type Answering, numbersOf, startCollector, type Taken } from './collector.ts';

let fresh: FreshDatabase;
let db: Db;
let folder: string;
let collector: Awaited<ReturnType<typeof startCollector>>;
let answer: (request: Taken, count: number) => Answering;
const said: { level: number; msg: string; why?: string }[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line)) });
const ending = new AbortController();

beforeEach(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  folder = mkdtempSync(join(tmpdir(), 'latchkey-export-'));
  answer = () => ({ status: 200 });
  collector = await startCollector((request, count) => answer(request, count));
  said.length = 0;
});
afterEach(async () => {
  await collector.close();
  await fresh.close();
  rmSync(folder, { recursive: true });
});

async function write(count: number): Promise<void> {
  await sql`insert into audit (at, type, actor, data) select now(), 'changeApproved', '{}', '{}' from generate_series(1, ${count})`.execute(
    db,
  );
  const { rows } = await sql<{ all: string }>`select count(*) as all from audit`.execute(db);
  while ((await sealedCount(db)) < Number(rows[0]?.all)) {
    await sealAudit(db);
    await sleep(5);
  }
}

const settings: SiemSettings = {
  format: 'jsonl',
  since: 'start',
  stdout: false,
  file: null,
  https: null,
  syslog: null,
};

function https(): AuditDestination {
  const given = { url: collector.url, kind: 'lines', token: null, header: null } as const;
  return createDestinations(
    { ...settings, https: given },
    { idp: 'Okta', version: '0.1.0' },
  )[0] as AuditDestination;
}

function file(): AuditDestination {
  const given = { ...settings, file: join(folder, 'audit.jsonl') };
  return createDestinations(given, { idp: 'Okta', version: '0.1.0' })[0] as AuditDestination;
}

const send = (destination: AuditDestination, since: SiemSettings['since'] = 'start') =>
  createExporting({ db, log }, destination, since)(ending.signal);
/** As if its waiting were over. */
const again = () => sql`update audit_exports set next_try_at = null`.execute(db);
const upTo = (count: number, from = 1) => Array.from({ length: count - from + 1 }, (_, n) => from + n);
const arrived = () => collector.taken.flatMap(numbersOf);
const statusOf = async (destination: AuditDestination) => (await exportStatus(db, [destination]))[0];

describe('in the sealed order, each once while all is well', () => {
  test('everything there was, and then what comes', async () => {
    await write(1_200);
    expect(await statusOf(https())).toMatchObject({ words: 'up to date', lag: null });
    await send(https());
    await write(3);
    await send(https());
    expect(arrived()).toEqual(upTo(1_203));
    expect(await statusOf(https())).toMatchObject({ words: 'up to date', lag: { seq: 1_203, entries: 0 } });
  });

  test('from now on, or from a day on, where that is set', async () => {
    await write(10);
    await send(https(), 'now');
    expect(arrived()).toEqual([]);
    await write(2);
    await send(https(), 'now');
    expect(arrived()).toEqual([11, 12]);
    await send(file(), new Date(Date.now() + 86_400_000));
    expect(await exportState(db, 'file')).toMatchObject({ seq: 12 });
  });

  test('once more from an entry on, when somebody wants that, also in the midst of a batch', async () => {
    await write(5);
    await send(https());
    expect(await restartExport(db, 'https', 3)).toBe(true);
    await send(https());
    expect(arrived()).toEqual([1, 2, 3, 4, 5, 4, 5]);
    await write(1);
    const restarted: Promise<boolean>[] = [];
    answer = () => {
      if (restarted.length === 0) restarted.push(restartExport(db, 'https', 0));
      return { status: 200 };
    };
    await send(https());
    await Promise.all(restarted);
    await send(https());
    expect(arrived().slice(7)).toEqual([6, ...upTo(6)]);
    expect(await restartExport(db, 'syslog', 0)).toBe(false);
  });

  // obelisk/plaid#76: asked by time, what was committed late was missed.
  test('also what was written early and committed late', async () => {
    await write(2);
    await send(https());
    await sql`insert into audit (at, type, actor, data) values (now() - interval '1 hour', 'changeSeen', '{}', '{}')`.execute(
      db,
    );
    await write(1);
    await send(https());
    expect(arrived()).toEqual([1, 2, 3, 4]);
  });
});

describe('a destination that takes nothing', () => {
  // vectordotdev/vector#22064, #20496, #13679; hashicorp/vault#5361: one that is down, or silent, stopped all others.
  test('holds up no other, says how far behind it is and why, and gets everything when it is back', async () => {
    await write(700);
    answer = () => ({ status: 503 });
    await send(https());
    await send(file());
    expect(readFileSync(join(folder, 'audit.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(700);
    const status = await statusOf(https());
    expect(status).toMatchObject({ isWell: false, lag: { entries: 700 } });
    expect(status?.words).toMatch(
      /^it answers 503: Latchkey goes on trying; .*SIEM_URL.*; 700 entries wait, the first \(number 1\) for .*nothing is lost$/,
    );
    expect(await statusOf(file())).toMatchObject({ words: 'up to date' });
    const [line] = await checkSiem([https()], (work) => work(db));
    expect(line).toMatchObject({ name: 'SIEM https', trouble: expect.stringContaining('700 entries wait') });
    answer = () => ({ status: 200 });
    await again();
    await send(https());
    expect(arrived()).toEqual(upTo(700));
    expect(await statusOf(https())).toMatchObject({ isWell: true, words: 'up to date' });
    // Said once, and once that it is over.
    expect(said.map(({ level }) => level)).toEqual([40, 30]);
  });

  test('is tried again later and later, by every process together, and as late as it asks', async () => {
    await write(1);
    answer = () => ({ status: 500 });
    const waits: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      await send(https());
      // Another process, or this one after a restart, does not ask before.
      await send(https());
      waits.push((await exportState(db, 'https'))?.waitMs ?? 0);
      await again();
    }
    expect(collector.asked).toHaveLength(9);
    expect(waits[0]).toBeLessThan(1_300);
    expect(waits[3]).toBeGreaterThan(5_000);
    expect(Math.max(...waits)).toBeLessThan(76_000);
    answer = () => ({ status: 429, headers: { 'retry-after': '300' } });
    await send(https());
    expect((await exportState(db, 'https'))?.waitMs).toBeGreaterThan(290_000);
    answer = () => ({ status: 429, headers: { 'retry-after': '864000' } });
    await again();
    await send(https());
    expect((await exportState(db, 'https'))?.waitMs).toBeLessThan(901_000);
  });

  // Azure/Azure-Sentinel#14984: a portion that could not be finished was begun anew for days.
  test('in the midst keeps what had arrived', async () => {
    await write(1_600);
    answer = (_, count) => ({ status: count <= 2 ? 200 : 500 });
    await send(https());
    expect(await exportState(db, 'https')).toMatchObject({ seq: 1_000 });
    answer = () => ({ status: 200 });
    await again();
    await send(https());
    expect(arrived()).toEqual(upTo(1_600));
  });

  test('or whose answer is lost gets that batch twice, and misses none', async () => {
    await write(20);
    answer = () => ({ status: 200, isCut: true });
    await send(https());
    answer = () => ({ status: 200 });
    await again();
    await send(https());
    expect(arrived()).toEqual([...upTo(20), ...upTo(20)]);
  });
});

test('a process that ends between sending and its cursor sends again, and misses none', async () => {
  await write(3);
  const torn: AuditDestination = {
    ...https(),
    async send(entries, until) {
      await https().send(entries, until);
      throw new Error('the process ended here');
    },
  };
  await expect(send(torn)).rejects.toThrow('ended here');
  await send(https());
  expect(arrived()).toEqual([1, 2, 3, 1, 2, 3]);
});

test('what was deleted from the audit stops nobody, and is said', async () => {
  await write(5);
  await tamper(db, 'delete from audit where id in (2, 3)');
  await send(https());
  expect(arrived()).toEqual([1, 4, 5]);
  expect(said).toMatchObject([{ msg: 'entries of the audit are gone' }]);
  expect(await exportState(db, 'https')).toMatchObject({ seq: 5 });
});
