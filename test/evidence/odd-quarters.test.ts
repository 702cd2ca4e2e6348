import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newFolder } from '../../src/evidence/folder.ts';
import { makePack } from '../../src/evidence/pack.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { rememberPerson } from '../../src/store/people.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { entitlement, target } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { idpPerson } from '../store/given.ts';
import { access, QUARTER, type Somebody } from './quarter.ts';

let fresh: FreshDatabase;
let db: Db;
beforeEach(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterEach(() => fresh.close());

type Row = Record<string, unknown>;
type Pack = {
  page: string;
  limits: string[];
  list(name: string): Promise<Row[]>;
  csv(name: string): Promise<string>;
};

async function made(period: { from: Date; to: Date } = QUARTER): Promise<Pack> {
  const path = await mkdtemp(join(tmpdir(), 'evidence-odd-'));
  const plan = { ...period, frameworks: ['soc2', 'iso27001'] as const, sample: { size: 5, seed: 'odd' } };
  const { manifest } = await makePack(db, await newFolder(path), plan, {
    tierOf: () => 'medium',
    known: [],
    entitlements: [entitlement()],
    teams: [],
    idpName: () => 'Okta',
    madeBy: 'Sam',
    tool: 'test',
    signers: [],
  });
  const names = manifest.files.map(({ name }) => name);
  const texts = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')] as const)),
  );
  await rm(path, { recursive: true });
  const text = (name: string) => texts.get(name) ?? '';
  return {
    page: text('index.html'),
    limits: manifest.limits,
    list: async (name) => JSON.parse(text(`${name}.json`)),
    csv: async (name) => text(`${name}.csv`),
  };
}

async function somebody(login: string, name = login): Promise<Somebody> {
  const { id, email } = await rememberPerson(db, 'okta', idpPerson(login));
  await sql`update people set name = ${name} where id = ${id}`.execute(db);
  return { id, name, email };
}

/** An access that is decided on at this moment. */
async function decidedAt(who: Somebody, by: Somebody, at: Date, reason = 'the nightly import fails') {
  const one = access(who, by, new Date(at.getTime() - 600_000), { reason });
  await commit(db, async () => ({ result: null, events: one.events }));
  return one;
}

// Unleash/unleash#12639, BerriAI/litellm#36662: rows at the edges of a period were missed by those east or west of UTC.
test('a period is of whole days in UTC: its first moment is in it, and its last; what is a millisecond beside is not', async () => {
  const [ines, olga] = [await somebody('ines'), await somebody('olga')];
  const { from, to } = QUARTER;
  const beside = (at: Date, ms: number) => new Date(at.getTime() + ms);
  await decidedAt(ines, olga, beside(from, -1));
  const first = await decidedAt(ines, olga, from);
  const last = await decidedAt(ines, olga, beside(to, -1));
  await decidedAt(ines, olga, to);
  const { list } = await made();
  expect((await list('grants')).map(({ change }) => change).sort()).toEqual([first.id, last.id].sort());
});

// Robert-Velhorst/000-LARO#128: what is missing is said, and not left out without a word.
test('of a period in which nothing happened, and of which nothing is known, each part says so', async () => {
  const { page, limits, list } = await made();
  expect(limits).toContain('The record is empty: Latchkey has written nothing yet.');
  for (const limit of limits) expect(page).toContain(limit.split('`')[0]);
  expect(page).toContain('Nobody left.');
  expect(page).toContain('No round began in this period');
  expect(page).toContain('0 accesses</h2>');
  for (const name of ['grants', 'removals', 'privileged', 'holders', 'holders-at-start'])
    expect(await list(name), name).toEqual([]);
});

test('that a period began before Latchkey did, and that it is not over, is said first', async () => {
  const [ines, olga] = [await somebody('ines'), await somebody('olga')];
  const now = new Date();
  await decidedAt(ines, olga, new Date(now.getTime() - 86_400_000));
  const from = new Date(now.getTime() - 30 * 86_400_000);
  const { page, limits } = await made({ from, to: new Date(now.getTime() + 30 * 86_400_000) });
  expect(limits).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^The period is not over: it goes on until/),
      expect.stringMatching(/^Latchkey’s record begins at/),
    ]),
  );
  expect(page.indexOf('The period is not over')).toBeLessThan(page.indexOf('id="summary"'));
});

test('that a log of the identity provider was not read to the end of the period is said', async () => {
  await sql`insert into observed (key, event_source, payload, occurred_at, processed_at) values ('k', 'oktaLog', '{"kind":"other"}', ${QUARTER.from}, now())`.execute(
    db,
  );
  await sql`insert into event_source_coverage (event_source, covered_to) values ('oktaLog', ${new Date(QUARTER.to.getTime() - 86_400_000)})`.execute(
    db,
  );
  expect((await made()).limits).toContain(
    'oktaLog was read up to 2026-03-31 00:00:00 UTC: what it has since is not held against the record.',
  );
});

test('two people of one name are told apart by their addresses, and a new name is told as it is now', async () => {
  const [ines, one, two] = [
    await somebody('ines'),
    await somebody('olga1', 'Olga Berg'),
    await somebody('olga2', 'Olga Berg'),
  ];
  await decidedAt(ines, one, QUARTER.from);
  await decidedAt(ines, two, QUARTER.from);
  await somebody('ines', 'Ines Married');
  const grants = await (await made()).list('grants');
  expect(grants.map(({ approvedBy }) => approvedBy)).toEqual([['Olga Berg'], ['Olga Berg']]);
  expect(grants.map(({ approvedByEmail }) => String(approvedByEmail)).sort()).toEqual(
    [one.email, two.email].sort(),
  );
  expect(new Set(grants.map(({ person }) => person))).toEqual(new Set(['Ines Married']));
});

// pkp/pkp-lib#4219, drewburchfield/help-scout-mcp-server#73
test.each([
  ['markup', '<script>alert(1)</script><img src=x onerror=alert(1)>"\'&'],
  ['right to left', 'הגישה ל־API של ההזמנות, עד יום שישי (دخول)'],
  ['a formula', '=HYPERLINK("http://x.example","y")'],
  ['a formula behind a line break', '\n+1+cmd|x'],
  ['very long', 'why '.repeat(1_000).trim()],
  ['emoji and a line break', '👩‍🔧 fix\nand verify'],
])('a reason that is %s comes out as it is, as text', async (_what, reason) => {
  const [ines, olga] = [await somebody('ines'), await somebody('olga')];
  await decidedAt(ines, olga, QUARTER.from, reason);
  const { page, list, csv } = await made();
  expect(await list('grants')).toMatchObject([{ reason }]);
  expect(page).not.toMatch(/<script|<img/);
  expect(await csv('grants')).not.toMatch(/,"?\s*[=+]/);
});

// A played quarter found it: the comparison had read the group while the end of an access was on its way.
test('what a comparison reads as there while it is taken away is no change made around Latchkey', async () => {
  const [ines, olga] = [await somebody('ines'), await somebody('olga')];
  const one = await decidedAt(ines, olga, QUARTER.from);
  const reads = (key: string, at: Date) =>
    sql`insert into observed (key, event_source, payload, occurred_at, received_at, processed_at, outcome, person_id, group_id)
      values (${key}, 'reconcile', ${JSON.stringify({ kind: 'membership', direction: 'added' })}::jsonb,
        ${at}, ${at}, ${at}, 'checked', ${ines.id}, ${target.groupId})`.execute(db);
  await reads('while it ends', new Date(one.goneWrittenAt.getTime() + 1_000));
  await reads('an hour later', new Date(one.goneWrittenAt.getTime() + 3_600_000));
  const { list } = await made();
  expect((await list('membership-events')).map(({ matched }) => matched)).toEqual(['wanted', 'nothing']);
  expect(await list('made-around-latchkey')).toHaveLength(1);
});
