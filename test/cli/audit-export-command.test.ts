import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sealAudit } from '../../src/audit/seal.ts';
import { beginExport, exportState, moveExport } from '../../src/store/audit-exports.ts';
import { sealedCount } from '../../src/store/audit-seals.ts';
import { tamper } from '../audit/tamper.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

let fresh: FreshDatabase;
const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03'];

beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  for (const day of DAYS)
    await sql`insert into audit (at, type, actor, data)
      values (${`${day}T09:00:00Z`}, 'changeApproved', '{"part":"policy"}', ${JSON.stringify({ day })})`.execute(
      db,
    );
  await seal(DAYS.length);
});
afterAll(() => fresh.close());

async function seal(count: number): Promise<void> {
  while ((await sealedCount(fresh.database.db)) < count) {
    await sealAudit(fresh.database.db);
    await sleep(5);
  }
}

/** The program itself, on the database of the test. */
function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: fresh.url };
  return new Promise((resolve) => {
    execFile(process.execPath, ['src/cli/cli.ts', 'audit', ...words], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

const daysOf = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).data.day);
async function noted(type: string): Promise<unknown[]> {
  const { rows } = await sql<{
    data: unknown;
  }>`select data from audit where type = ${type} order by id`.execute(fresh.database.db);
  return rows.map(({ data }) => data);
}

test('days are whole, both ends belong to the range, and that it was printed is in the audit', async () => {
  const { code, out, err } = await run('export', '--from', '2026-03-02', '--to', '2026-03-03');
  expect([code, err]).toEqual([0, '']);
  expect(daysOf(out)).toEqual(['2026-03-02', '2026-03-03']);
  expect(await noted('auditExported')).toEqual([{ format: 'jsonl', from: 2, to: 3 }]);
});

test('OCSF has its class and the version in each line', async () => {
  const { out } = await run('export', '--format', 'ocsf', '--from', '1', '--to', '1');
  expect(JSON.parse(out)).toMatchObject({ class_uid: 3004, metadata: { version: '1.8.0' } });
});

test('a range in which there is nothing is said, and prints nothing', async () => {
  expect(await run('export', '--from', '900')).toMatchObject({
    code: 0,
    out: '',
    err: 'Nothing that is sealed is in this range, so nothing was printed.\n',
  });
});

test.each([['yesterday'], ['2026-13-01'], ['0'], ['-1']])(
  '--from %s is refused, and is in no audit',
  async (from) => {
    const before = (await noted('auditExported')).length;
    const { code, out, err } = await run('export', `--from=${from}`);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('number of an entry, or a day as 2026-03-01 (UTC)');
    expect((await noted('auditExported')).length).toBe(before);
  },
);

test('a destination is sent everything again from an entry on; one that never got anything is no destination', async () => {
  const { db } = fresh.database;
  const never = await run('resend', 'https', '--from', '1');
  expect(never.code).toBe(1);
  expect(never.out + never.err).toContain('Nothing was ever sent to https');
  await beginExport(db, 'syslog', 0);
  await moveExport(db, 'syslog', 0, 3);
  const again = await run('resend', 'syslog', '--from', '2');
  expect([again.code, again.out]).toEqual([
    0,
    'syslog is sent everything from entry 2 on, within seconds.\n',
  ]);
  expect((await exportState(db, 'syslog'))?.seq).toBe(1);
  expect(await noted('auditResent')).toEqual([{ destination: 'syslog', from: 2 }]);
});

test('of an entry that the database no longer has nothing is printed, and it says so', async () => {
  const { db } = fresh.database;
  await tamper(db, `delete from audit where data->>'day' = '2026-03-02'`);
  const { out, err } = await run('export', '--to', '3');
  expect(daysOf(out)).toEqual(['2026-03-01', '2026-03-03']);
  expect(err).toContain('Not printed: 1 entry that the database no longer has.');
});
