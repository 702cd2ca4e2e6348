import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayTable } from '../../src/policy/commands.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';
import { replay } from '../../src/policy/replay.ts';
import { seedHistory } from '../../src/sandbox/history.ts';
import { type Stage, setStage } from '../stage.ts';

const DAY_MS = 86_400_000;

let stage: Stage;
let dir: string;
let since: Date;
beforeAll(async () => {
  stage = await setStage();
  await seedHistory(stage.latchkey.context);
  dir = await mkdtemp(join(tmpdir(), 'latchkey-replay-'));
  await cp('policy', dir, { recursive: true });
  since = new Date(Date.now() - 90 * DAY_MS);
});
afterAll(async () => {
  await stage?.close();
  await rm(dir, { recursive: true, force: true });
});

type Row = {
  id: string;
  entitlement: string;
  seconds: number;
  hour: number;
  approvers: string[];
  outcome: string;
};

/** The history as the database has it, for an answer of one's own. */
async function history(): Promise<Row[]> {
  const rows = await stage.latchkey.context.db
    .selectFrom('changes')
    .select('doc')
    .where('kind', '=', 'grant')
    .execute();
  return rows.map(({ doc }) => ({
    id: doc.id,
    entitlement: doc.entitlementKey,
    seconds: doc.requestedSeconds ?? 0,
    hour: doc.verdict?.facts?.hour ?? -1,
    approvers: doc.approvals.map((a) => a.name),
    outcome: doc.decision?.outcome ?? '',
  }));
}

/** Replays under the example with this rule beside its own. */
async function under(rule: string) {
  await writeFile(join(dir, 'tried.cedar'), rule);
  return await replay(stage.latchkey.context.db, await loadPolicy(dir), since);
}

async function idsWhere(isChanged: (row: Row) => boolean): Promise<string[]> {
  return (await history())
    .filter(isChanged)
    .map((row) => row.id)
    .sort();
}

const idsOf = (changed: readonly { changeId: string }[]) => changed.map((c) => c.changeId).sort();

test('the history is there once, on record, and nobody holds anything by it', async () => {
  const { db } = stage.latchkey.context;
  expect((await history()).length).toBe(60);
  expect(await seedHistory(stage.latchkey.context)).toBe(0);
  expect(await db.selectFrom('grants').selectAll().execute()).toEqual([]);
  const entries = await db.selectFrom('audit').select('data').where('type', '=', 'approversAsked').execute();
  expect(entries.length).toBe(60);
  expect(entries[0]?.data).toMatchObject({ verdict: { facts: { requestedSeconds: expect.any(Number) } } });
});

test('under the rules it was decided by, no decision changes', async () => {
  expect(await replay(stage.latchkey.context.db, await loadPolicy('policy'), since)).toMatchObject({
    looked: 60,
    withoutFacts: 0,
    changed: [],
  });
});

test('a rule that forbids changes exactly what it forbids, and says so', async () => {
  // when a week of payments is not to be had any more
  const { changed } = await under(`
    @id("payments-two-days") @clause("AC-3") @says("payments are read for two days at most")
    forbid (principal, action == Action::"request", resource)
    when { resource.key == "payments-api-read" && context.seconds > 172800 };`);

  // then
  const expected = await idsWhere((r) => r.entitlement === 'payments-api-read' && r.seconds > 172_800);
  expect(expected.length).toBeGreaterThan(3);
  expect(idsOf(changed)).toEqual(expected);
  expect(changed[0]).toMatchObject({
    person: 'Nadia Haddad',
    entitlement: 'payments-api-read',
    before: 'ask one person',
    today: 'refuse',
    why: ['payments are read for two days at most (payments-two-days, AC-3)'],
  });
});

test('a hold for a second approver changes exactly those that had one', async () => {
  // when whatever is asked for late needs two
  const { changed } = await under(`
    @id("late-needs-two") @clause("AC-2") @says("asked for late in the day") @needs("secondApprover")
    permit (principal, action == Action::"hold", resource) when { context.hour >= 18 };`);

  // then administration, which needed two anyway, is not among them
  const late = await idsWhere((r) => r.hour >= 18 && r.entitlement !== 'platform-admin');
  expect(late.length).toBeGreaterThan(3);
  expect(idsOf(changed)).toEqual(late);
  expect(new Set(changed.map((c) => `${c.before} -> ${c.today}`))).toEqual(
    new Set(['ask one person -> ask 2 people']),
  );
});

test('who may not approve any more changes what they approved, not what they denied', async () => {
  // when
  const { changed } = await under(`
    @id("no-officers") @clause("AC-2") @says("officers do not approve reading")
    forbid (principal, action == Action::"approve", resource)
    when { principal.title == "Security officer" && resource.tier == "medium" };`);

  // then
  const expected = await idsWhere(
    (r) =>
      r.entitlement === 'payments-api-read' &&
      r.outcome === 'approved' &&
      r.approvers.includes('Sam Whitaker'),
  );
  expect(expected.length).toBeGreaterThan(3);
  expect(idsOf(changed)).toEqual(expected);
  expect(changed[0]?.why).toEqual([
    'Sam Whitaker may not approve it: officers do not approve reading (no-officers, AC-2)',
  ]);
});

test('a shorter maximum in the catalogue changes exactly what was longer', async () => {
  // given
  const path = join(dir, 'catalogue.yaml');
  const before = await readFile(path, 'utf8');
  await writeFile(
    path,
    before.replace(
      'durations: { offered: [10s, 1h, 8h, 1d, 7d], default: 1d, max: 7d }',
      'durations: { offered: [10s, 1h, 8h, 1d], default: 1d, max: 1d }',
    ),
  );

  // when
  const result = await under('');
  await writeFile(path, before);

  // then
  const expected = await idsWhere((r) => r.entitlement === 'orders-api-read' && r.seconds > 86_400);
  expect(expected.length).toBeGreaterThan(3);
  expect(idsOf(result.changed)).toEqual(expected);
  const table = replayTable(result);
  expect(table[0]).toMatch(/^asked\s+person\s+entitlement\s+was\s+rules then\s+rules now$/);
  expect(table.at(-1)).toBe(
    `${expected.length} of 60 decisions since ${since.toISOString().slice(0, 10)} would be others`,
  );
});

test('only as far back as is asked for', async () => {
  const recent = new Date(Date.now() - 30 * DAY_MS);
  const rows = await stage.latchkey.context.db
    .selectFrom('changes')
    .select(['requested_at'])
    .where('kind', '=', 'grant')
    .execute();
  const { looked } = await replay(stage.latchkey.context.db, await loadPolicy('policy'), recent);
  expect(looked).toBe(rows.filter((r) => r.requested_at > recent).length);
  expect(looked).toBeLessThan(60);
});
