import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entitlement } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type MadePack, packOf } from './made-pack.ts';
import { type Planted, plantQuarter } from './planted-quarter.ts';
import { ADMINISTRATION } from './quarter.ts';

let fresh: FreshDatabase;
let planted: Planted;
let pack: MadePack;

beforeAll(async () => {
  fresh = await freshDatabase();
  planted = await plantQuarter(fresh.database.db);
  pack = await packOf(fresh.database.db, { entitlements: [entitlement(), ADMINISTRATION] });
});
afterAll(() => fresh.close());

test('a removal stands with when it was gone by Anypoint’s own log, and with when Latchkey saw it; the latter counts', async () => {
  const removal = (await pack.list('removals')).find(({ change }) => change === planted.late);
  expect(removal).toMatchObject({
    state: 'gone',
    outOfGroupByLog: '2026-01-24T09:10:02.000Z',
    goneByLog: '2026-01-24T09:10:10.000Z',
    seenGoneAt: '2026-01-24T09:15:00.000Z',
    secondsToGone: 300,
  });
  const advised = (await pack.list('grants')).find(({ change }) => change === planted.advised);
  expect(advised).toMatchObject({
    inGroupByLog: '2026-01-08T09:10:02.000Z',
    inEffectByLog: '2026-01-08T09:10:10.000Z',
    seenInEffectAt: '2026-01-08T09:10:20.000Z',
    goneByLog: '2026-01-11T09:10:10.000Z',
    seenGoneAt: '2026-01-11T09:10:20.000Z',
  });
  expect(pack.page).toContain(
    'that stands beside it (columns that end with “by log”) and is not what counts',
  );
});

test('each change has the time of its own event in the logs, and none that is another’s', async () => {
  const grants = await pack.list('grants');
  for (const one of grants) {
    const { change, cause, requestedAt, approvedAt, inEffectByLog, seenInEffectAt, goneByLog, seenGoneAt } =
      one;
    if (inEffectByLog !== null) {
      // What was found was there before it was decided on.
      expect(Date.parse(String(inEffectByLog)), String(change)).toBeGreaterThan(
        Date.parse(String(cause === 'finding' ? requestedAt : approvedAt)) - 120_001,
      );
      expect(Date.parse(String(inEffectByLog)), String(change)).toBeLessThanOrEqual(
        Date.parse(String(seenInEffectAt)),
      );
    }
    if (goneByLog !== null) expect(String(goneByLog) <= String(seenGoneAt), String(change)).toBe(true);
  }
  expect(grants.filter(({ inEffectByLog }) => inEffectByLog !== null)).toHaveLength(16);
  expect(grants.filter(({ goneByLog }) => goneByLog !== null)).toHaveLength(16);
});

test('a removal that is in effect is said to be gone, and a rule is no person', async () => {
  const removals = await pack.list('removals');
  expect(new Set(removals.map(({ state }) => state))).toEqual(new Set(['gone']));
  expect(new Set(removals.map(({ decidedBy }) => decidedBy))).toEqual(new Set(['no person: a rule decided']));
  const emergency = (await pack.list('grants')).find(({ change }) => change === planted.breakGlass);
  expect(emergency).toMatchObject({ approvedBy: 'no person: a rule decided', approvedByEmail: [] });
  expect(JSON.stringify(pack.samples)).not.toMatch(/by rule at|"rule"/);
  for (const name of ['holders', 'holders-at-start'])
    expect(Object.keys((await pack.list(name))[0] ?? {})).not.toContain('is');
});

test('a removal that a log tells of is gone there too, as in the list of removals', async () => {
  const removals = new Map((await pack.list('removals')).map(({ change, state }) => [change, state]));
  for (const name of ['membership-events', 'team-events']) {
    const ofRemovals = (await pack.list(name)).filter(
      ({ direction, matched }) => direction === 'removed' && matched === 'change',
    );
    expect(ofRemovals.length, name).toBeGreaterThan(10);
    for (const { change, state } of ofRemovals) expect(state).toBe(removals.get(change) ?? 'gone');
  }
});

test('days of privileged access are counted within the period and in all', async () => {
  expect(await pack.list('privileged')).toMatchObject([{ daysHeldInPeriod: 90, daysHeldInAll: 94.6178 }]);
});

test('the page says what an apostrophe before text in CSV is', () => {
  expect(pack.page).toContain('has an apostrophe (<code>');
});

test('an approval is told with the addresses of all who gave it, in their order', async () => {
  const { db } = fresh.database;
  const grant = planted.advised;
  const { rows } = await sql<{
    id: string;
    email: string;
  }>`select id, email from people order by name limit 3`.execute(db);
  const approvals = rows.map(({ id, email }) => ({
    by: id,
    name: email,
    at: '2026-01-08T09:10:00Z',
    seconds: null,
    clickId: 'c',
  }));
  const before = await sql<{
    approvals: unknown;
  }>`select doc->'approvals' as approvals from changes where id = ${grant}`.execute(db);
  const put = (value: unknown) =>
    sql`update changes set doc = jsonb_set(doc, '{approvals}', ${JSON.stringify(value)}::jsonb) where id = ${grant}`.execute(
      db,
    );
  await put(approvals);
  const again = await packOf(db, { entitlements: [entitlement(), ADMINISTRATION] });
  await put(before.rows[0]?.approvals);
  expect((await again.list('grants')).find(({ change }) => change === grant)).toMatchObject({
    approvedByEmail: rows.map(({ email }) => email),
  });
});
