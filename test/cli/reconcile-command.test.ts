import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcileCommand } from '../../src/cli/reconcile-command.ts';
import { type Db, openDatabase } from '../../src/store/postgres/database.ts';
import { takeUpRun } from '../../src/store/reconcile/runs.ts';
import { freshDatabase } from '../database.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ listenEveryMs: 3_600_000 }));
  await walk.isQuiet();
});
afterAll(() => stage?.close());

async function run(line: string, url = stage.databaseUrl): Promise<{ said: string; isWell: boolean }> {
  const lines: string[] = [];
  let isWell = true;
  const program = new Command('latchkey').exitOverride();
  reconcileCommand(program, {
    async withDatabase(work: (db: Db) => Promise<void>) {
      const database = await openDatabase(url);
      try {
        await work(database.db);
      } finally {
        await database.close();
      }
    },
    say: (said) => lines.push(said),
    fail: () => {
      isWell = false;
    },
  });
  await program.parseAsync(['reconcile', ...line.split(' ').filter((part) => part !== '')], { from: 'user' });
  return { said: lines.join('\n'), isWell };
}

const carriedThrough = (how: number) =>
  walk.until(`${how} comparisons are carried through`, async () => {
    const rows = await walk.query(
      `select 1 from reconcile_runs where cause = 'everything' and found is not null`,
    );
    return rows.length >= how;
  });

test('before the first one there is nothing to tell, and that is not well', async () => {
  expect(await run('--last')).toEqual({
    said: 'No comparison has been carried to its end yet.',
    isWell: false,
  });
});

test('asked for, the running Latchkey compares at once; what it found is told', async () => {
  const { said, isWell } = await run('');
  expect(said).toContain('Asked for one: Latchkey begins it within seconds');
  expect(isWell).toBe(true);
  await carriedThrough(1);
  const last = await run('--last');
  expect(last.said).toMatch(
    /^The last comparison ended [-\d]+ [:\d]+ UTC after [\d.]+ s: \d+ groups \(\d+ members\), \d+ teams/,
  );
  expect(last.said).not.toContain('Asked for one');
});

test('what nobody told of is found, and put to its owner like anything found', async () => {
  // given
  await walk.request('POST', '/okta/sim/push', { paused: true });
  await walk.request('POST', '/okta/sim/hooks', { lose: true });
  await walk.request('POST', '/okta/sim/groups/anypoint-orders-read/members/sam');

  // when
  expect(JSON.parse((await run('--json')).said)).toMatchObject({ asked: true, underWaySince: null });
  await carriedThrough(2);

  // then
  const { said, isWell } = await run('--last');
  expect(isWell).toBe(false);
  expect(said).toContain('Did not agree: anypoint-orders-read');
  expect(said).toContain('In the groups: 1 there and not asked for');
  const { asked, last } = JSON.parse((await run('--last --json')).said);
  expect({ asked, found: last.found }).toMatchObject({ asked: false, found: { allAgree: false } });
  await walk.until('the owner is asked', async () => {
    const rows = await walk.query(
      `select 1 from changes where state = 'asking' and doc->>'cause' = 'finding'`,
    );
    return rows.length === 1;
  });
});

test('one that is under way is what was asked for', async () => {
  const fresh = await freshDatabase();
  const { db } = fresh.database;
  await takeUpRun(db, 'everything', []);
  const { said } = await run('', fresh.url);
  expect(said).toMatch(/One is under way since .* UTC\.$/);
  expect(await db.selectFrom('outbox').selectAll().execute()).toEqual([]);
  await fresh.close();
});
