import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { sql } from 'kysely';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCheckpoints } from '../../src/audit/checkpoints.ts';
import { documentHash } from '../../src/audit/entry.ts';
import { logKeysOf } from '../../src/audit/log-keys.ts';
import { newSigningKey, readSigner } from '../../src/audit/note.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { evidenceCommand } from '../../src/cli/evidence-command.ts';
import { csvLine } from '../../src/core/csv.ts';
import type { Catalogue } from '../../src/core/policy/catalogue.ts';
import { STEP_UP_SECONDS } from '../../src/core/step-up/step-up.ts';
import { manifestNote } from '../../src/evidence/manifest-note.ts';
import type { Manifest } from '../../src/evidence/pack.ts';
import { safeName } from '../../src/evidence/safe-name.ts';
import { createKeyNotes } from '../../src/flow/audit/key-notes.ts';
import { sealedCount, unsealedAudit } from '../../src/store/audit-seals.ts';
import { sampleQuery } from '../../src/store/evidence/populations.ts';
import { entitlement } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { seriousFindings } from '../sandbox/axe.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, NARROW, QUIET } from '../sandbox/chromium.ts';
import { POLICY_BEFORE } from './planted-lists.ts';
import { ADMINISTRATOR, LATCHKEY, type Planted, plantQuarter } from './planted-quarter.ts';
import { ADMINISTRATION, on, POLICY, QUARTER } from './quarter.ts';

let fresh: FreshDatabase;
let folder: string;
let planted: Planted;

/** A quarter in which all is as it should be, but for what is planted in it. */
beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  planted = await plantQuarter(db);
  // What is younger than a transaction that somebody else has open beside it is sealed a moment later.
  await eventually('all is sealed', async () => {
    await sealAudit(db);
    const { rows } = await sql<{ all: string }>`select count(*) as all from audit`.execute(db);
    return (await sealedCount(db)) === Number(rows[0]?.all);
  });
  await changeKeys(db);
  folder = await mkdtemp(join(tmpdir(), 'evidence-'));
  expect(await run(...DRAWN, '--out', folder, '--by', 'Sam')).toMatchObject({ isWell: true });
});
afterAll(async () => {
  await fresh.close();
  await rm(folder, { recursive: true, force: true });
});

/** The key of before has signed; then both do, while one follows the other; now the new one alone. */
async function changeKeys(db: FreshDatabase['database']['db']): Promise<void> {
  const [before, now] = [logKeysOf(keyBefore)(), logKeysOf(key)()];
  const both = {
    signers: [...now.signers, ...before.signers],
    verifiers: [...now.verifiers, ...before.verifiers],
  };
  for (const keys of [before, both, now]) {
    await createKeyNotes(db, () => keys)();
    await eventually('what it says of the keys is sealed', async () => {
      await sealAudit(db);
      return (await unsealedAudit(db)).entries === 0;
    });
    if (keys !== now) await createCheckpoints(() => keys)(db);
  }
}

const keyBefore = newSigningKey('latchkey.example/audit');
const vkeyBefore = readSigner(keyBefore)?.verifier.vkey ?? '';
const key = newSigningKey('latchkey.example/audit');
const vkey = readSigner(key)?.verifier.vkey ?? '';
const DRAWN = '--from 2026-01-01 --to 2026-03-31 --sample 5 --seed spring'.split(' ');

type Ran = { said: string; isWell: boolean };
const run = (...words: string[]): Promise<Ran> => runWith(key, words);
/** As an auditor does, on a machine without Latchkey's settings and database. */
const runAlone = (...words: string[]): Promise<Ran> => runWith(null, words);

async function runWith(signingKey: string | null, words: readonly string[]): Promise<Ran> {
  const lines: string[] = [];
  let isWell = true;
  const program = new Command('latchkey').exitOverride();
  evidenceCommand(program, {
    withDatabase: (work) => work(fresh.database.db),
    vanta: async () => null,
    keys: async () => logKeysOf(signingKey)(),
    catalogue: async () => ({ entitlements: [entitlement(), ADMINISTRATION] }) as unknown as Catalogue,
    say: (said) => lines.push(said),
    fail: () => {
      isWell = false;
    },
  });
  await program.parseAsync(['evidence', ...words], { from: 'user' });
  return { said: lines.join('\n'), isWell };
}

type Row = Record<string, unknown>;
const list = async (name: string): Promise<Row[]> =>
  JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));
const page = () => readFile(join(folder, 'index.html'), 'utf8');

test('every access of the quarter is in its population, and counted by the query too', async () => {
  const manifest: Manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  const of = (name: string) => manifest.populations.find((one) => one.list === name);
  expect(of('grants')).toMatchObject({ counted: 16, written: 16 });
  expect(of('removals')).toMatchObject({ counted: 16, written: 16 });
  expect(of('grants')?.query).toContain("'2026-04-01T00:00:00.000Z'");
  // Each query that is shown can be run as it stands, and gives as many rows.
  for (const { list: name, query, counted } of manifest.populations)
    if (query !== null)
      expect((await sql.raw(query).execute(fresh.database.db)).rows.length, name).toBe(counted);
  // The query that is shown is the one that was asked.
  const { rows } = await sql.raw<Row>(of('grants')?.query ?? '').execute(fresh.database.db);
  expect(rows.map(({ id }) => id).sort()).toEqual((await list('grants')).map(({ change }) => change).sort());
});

test('what was not approved before, or by whoever had made it, is listed, and nothing else', async () => {
  const found = (await list('violations')).map(({ kind, change, person, madeBy }) => ({
    kind,
    change,
    person,
    madeBy,
  }));
  expect(found).toHaveLength(4);
  expect(found).toContainEqual({
    kind: 'writtenBeforeApproval',
    change: planted.early,
    person: 'ines',
    madeBy: null,
  });
  expect(found).toContainEqual({
    kind: 'thereBeforeApproval',
    change: planted.around,
    person: 'omar',
    madeBy: 'mallory',
  });
  expect(found).toContainEqual({
    kind: 'thereBeforeApproval',
    change: planted.selfKept,
    person: 'omar',
    madeBy: 'olga',
  });
  expect(found).toContainEqual({
    kind: 'approvedByAuthor',
    change: planted.selfKept,
    person: 'omar',
    madeBy: 'olga',
  });
});

test('the exceptions are those that were planted, and nothing else', async () => {
  const isElsewhere = ({ kind }: Row) =>
    /^(canary|made around Latchkey|privileged|duties)/.test(String(kind));
  const exceptions = (await list('exceptions')).filter((one) => !isElsewhere(one));
  expect(exceptions.map(({ kind, change }) => ({ kind, change }))).toEqual([
    { kind: 'removal was late', change: planted.late },
    { kind: 'review: kept without a rationale', change: null },
    { kind: 'review: a line was not decided on', change: null },
    { kind: 'break-glass', change: planted.breakGlass },
    { kind: 'removal was late', change: planted.leaver },
    { kind: 'sign-in for an approval failed', change: planted.signIn },
  ]);
  expect(await list('emergencies')).toMatchObject([
    { person: 'mona', found: 'justified', reviewedBy: 'olga', reviewedBySelf: false },
  ]);
  const text = await page();
  for (const said of [
    '<td>by a person, before it was given</td><td>12</td>',
    '<td>approved only after it had been given</td><td>1</td>',
    '<td>made around Latchkey, and kept by an owner when it was found</td><td>2</td>',
    '<td>taken in an emergency: by the policy nobody approves it before</td><td>1</td>',
    '<td>Access given: in effect</td><td>14</td><td>0</td><td>0</td><td>2</td>',
    '<td>Access taken away: gone</td><td>14</td><td>2</td><td>0</td><td>0</td>',
  ])
    expect(text).toContain(said);
});

test('who left is there, with the time until all of theirs was gone', async () => {
  expect(await list('terminations')).toMatchObject([
    {
      person: 'lena',
      cause: 'deactivated',
      knownAt: on(60).toISOString(),
      decidedBy: 'olga',
      revokes: 1,
      lastSeenGoneAt: on(60, 10).toISOString(),
      secondsToGone: 3_600,
      notSeenGone: 0,
      lateBecause: 'Anypoint did not answer',
      closedAt: on(60, 11).toISOString(),
    },
  ]);
});

test('a review is there with its completion, and each line with its rationale and the time that it took', async () => {
  expect(await list('reviews')).toMatchObject([
    {
      name: 'First quarter',
      startedBy: 'olga',
      dueAt: on(44).toISOString(),
      decidedAt: on(31).toISOString(),
      lines: 4,
      decided: 3,
      undecided: 1,
      kept: 2,
      revoked: 1,
      keptWithoutRationale: 1,
      medianSecondsPerLine: 37.5,
    },
  ]);
  const none = { decision: null, rationale: null, reviewer: null, secondsTaken: null, seenGoneAt: null };
  expect(await list('review-lines')).toMatchObject([
    {
      person: 'ines',
      decision: 'keep',
      rationale: 'on call for the import',
      secondsTaken: 40,
      inBulk: false,
    },
    { person: 'omar', decision: 'keep', rationale: null, secondsTaken: null, inBulk: true, reviewer: 'olga' },
    {
      person: 'mona',
      decision: 'revoke',
      secondsTaken: 35,
      seenGoneAt: expect.stringMatching(/^2026-02-01/),
    },
    { person: 'lena', ...none },
  ]);
});

test('the rounds of the canary are control evidence: each is there, and the page sums up all of them', async () => {
  expect(await list('canary')).toMatchObject([
    { result: 'hit', secondsToEffect: 9, secondsToGone: 12, stuckAt: null },
    { result: 'hit', secondsToGone: 20 },
    { result: 'miss', secondsToGone: 90, stuckAt: 'delivery', stuckBecause: 'Anypoint did not answer' },
  ]);
  expect(await page()).toContain(
    'Of 3 rounds 2 were within the objective, and 1 missed it; a removal took 20.0 s in the middle, and 90.0 s at most.',
  );
});

test('a membership change that Latchkey had not made is named, with what became of it', async () => {
  expect(
    (await ofSource('oktaLog')).map(({ person, madeBy, matched, change }) => ({
      person,
      madeBy,
      matched,
      change,
    })),
  ).toEqual([
    { person: 'omar', madeBy: 'mallory', matched: 'found', change: planted.around },
    { person: 'mona', madeBy: 'mallory', matched: 'nothing', change: null },
    { person: 'omar', madeBy: 'olga', matched: 'found', change: planted.selfKept },
  ]);
  expect(await list('membership-events')).toHaveLength(33);
});

const ofSource = async (name: string) =>
  (await list('made-around-latchkey')).filter(({ source }) => source === name);

test('so is what Anypoint’s own log has, and nothing else', async () => {
  expect(
    (await ofSource('anypointAudit')).map(({ person, account, madeBy, matched, direction }) => ({
      who: person ?? account,
      madeBy,
      matched,
      direction,
    })),
  ).toEqual([
    { who: 'omar', madeBy: LATCHKEY.name, matched: 'found', direction: 'added' },
    // The group's membership that nothing tells of was carried into the team.
    { who: 'mona', madeBy: LATCHKEY.name, matched: 'nothing', direction: 'added' },
    { who: 'mona', madeBy: ADMINISTRATOR.name, matched: 'corrected', direction: 'added' },
    { who: 'mona', madeBy: ADMINISTRATOR.name, matched: 'nothing', direction: 'added' },
    { who: 'anypoint-stranger', madeBy: ADMINISTRATOR.name, matched: 'nothing', direction: 'added' },
    { who: 'omar', madeBy: LATCHKEY.name, matched: 'found', direction: 'added' },
  ]);
  const events = await list('team-events');
  expect(events).toHaveLength(37);
  expect(events.filter(({ matched }) => matched === 'change')).toHaveLength(30);
  expect(events.filter(({ matched }) => matched === 'correcting')).toMatchObject([
    { person: 'mona', direction: 'removed' },
  ]);
  const text = await page();
  expect(text).toContain(
    'It was read without a gap from 2025-11-22 09:00:00 UTC to 2026-04-11 09:00:00 UTC.',
  );
  expect(text).toContain('It also has 1 of teams that Latchkey does not give');
});

test('how far each log was read is on the page and in the manifest, also of one that told of nothing', async () => {
  const { db } = fresh.database;
  const made = async () => {
    const out = await mkdtemp(join(tmpdir(), 'evidence-'));
    await run(...DRAWN, '--out', out);
    const manifest: Manifest = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
    const html = await readFile(join(out, 'index.html'), 'utf8');
    await rm(out, { recursive: true });
    return { ...manifest, html };
  };
  const anypoint = { source: 'anypointAudit', from: on(-40).toISOString(), to: on(100).toISOString() };
  expect(await page()).toContain('<td>2026-04-11 09:00:00 UTC</td></tr>');
  await sql`insert into event_source_coverage (event_source, covered_to) values ('graph', ${on(20)})`.execute(
    db,
  );
  const withQuiet = await made();
  expect(withQuiet.readTo).toEqual([
    { source: 'graph', from: null, to: on(20).toISOString() },
    { source: 'oktaLog', from: on(-40).toISOString(), to: on(100).toISOString() },
    anypoint,
  ]);
  expect(withQuiet.html).toContain('<td>graph</td><td>of nothing</td>');
  expect(withQuiet.limits.join()).toContain('graph was read up to 2026-01-21 09:00:00 UTC');
  await sql`delete from event_source_coverage`.execute(db);
  const unread = await made();
  expect(unread.readTo).toEqual([{ source: 'oktaLog', from: null, to: null }, anypoint]);
  expect(unread.limits.join()).toContain('oktaLog was never read to its end');
  expect(unread.html).not.toContain('it sends by itself');
  await sql`insert into event_source_coverage (event_source, covered_from, covered_to) values ('oktaLog', ${on(3)}, ${on(100)})`.execute(
    db,
  );
  const fromLater = await made();
  expect(fromLater.readTo).toEqual([
    { source: 'oktaLog', from: on(3).toISOString(), to: on(100).toISOString() },
    anypoint,
  ]);
  expect(fromLater.limits).toContain(
    'oktaLog is read from 2026-01-04 09:00:00 UTC on: what it has from before is not held against the record.',
  );
  expect(withQuiet.limits.join()).not.toContain('is read from');
  await sql`update event_source_coverage set covered_from = ${on(-40)}`.execute(db);
});

test('where Anypoint’s log is not known for the whole period, the page says so', async () => {
  const { db } = fresh.database;
  await sql`update usage_sources set since = ${on(30)}`.execute(db);
  const out = await mkdtemp(join(tmpdir(), 'evidence-'));
  await run(...DRAWN, '--out', out);
  expect(await readFile(join(out, 'index.html'), 'utf8')).toContain('That is not the whole period');
  await sql`update usage_sources set since = ${on(-40)}`.execute(db);
  await rm(out, { recursive: true });
});

test('a sample is told whole, and is drawn again with its seed', async () => {
  const samples = JSON.parse(await readFile(join(folder, 'samples.json'), 'utf8')) as {
    of: string;
    size: number;
    stories: {
      id: string;
      facts: { label: string; value: string }[];
      clauses: Row[];
      timeline: { seq: string; what: string }[];
    }[];
  }[];
  expect(samples.map(({ of, size, stories }) => [of, size, stories.length])).toEqual([
    ['grants', 16, 5],
    ['removals', 16, 5],
    ['requests-not-granted', 0, 0],
    ['terminations', 1, 1],
    ['emergencies', 1, 1],
    ['review-lines', 4, 4],
    ['privileged', 1, 1],
    ['made-around-latchkey', 9, 5],
  ]);
  const factsOf = (of: { facts: { label: string; value: string }[] } | undefined) =>
    new Map(of?.facts.map(({ label, value }) => [label, value]));
  // Which ones are drawn goes by their ids: some of them the written policy gave.
  const story = samples[0]?.stories.find((one) => !factsOf(one).get('By what right')?.includes('policy'));
  const facts = factsOf(story);
  expect(facts.get('By what right')).toContain('olga <olga@acme.example> as owner at');
  expect(facts.get('Policy')).toBe(POLICY);
  expect(story?.clauses).toMatchObject([
    { clause: 'AC-3', text: expect.stringContaining('Production, reading.') },
  ]);
  expect(story?.timeline.every(({ seq }) => Number(seq) > 0)).toBe(true);
  const again = await mkdtemp(join(tmpdir(), 'evidence-'));
  await run(...DRAWN, '--out', again);
  expect(await readFile(join(again, 'samples.json'), 'utf8')).toBe(
    await readFile(join(folder, 'samples.json'), 'utf8'),
  );
  await rm(again, { recursive: true });
});

test('the shell of the page draws every sample again, from the lists of the pack; a query of the database draws the same', async () => {
  const samples: { of: string; keys: string[] }[] = JSON.parse(
    await readFile(join(folder, 'samples.json'), 'utf8'),
  );
  const [seed = '', draw = '', ...lines] = (await shownIn('draw')).split('\n');
  expect(lines).toHaveLength(samples.length);
  for (const [n, { of, keys }] of samples.entries()) {
    expect(lines[n]).toContain(`draw ${of} `);
    const { stdout } = await promisify(execFile)('bash', ['-c', [seed, draw, lines[n]].join('\n')], {
      cwd: folder,
    });
    expect(
      stdout.split('\n').filter((line) => line !== ''),
      of,
    ).toEqual(keys);
  }
  for (const of of ['grants', 'removals', 'requests-not-granted'] as const) {
    const { rows } = await sampleQuery(of, QUARTER, { size: 5, seed: 'spring' }).execute(fresh.database.db);
    expect(samples.find((one) => one.of === of)?.keys).toEqual(rows.map(({ id }) => id));
  }
});

test('a seed may be any word: the shell is given it as it is', async () => {
  const out = await mkdtemp(join(tmpdir(), 'evidence-'));
  const seed = `it's $HOME "a" \`b\` ü`;
  await run('--from', '2026-01-01', '--to', '2026-03-31', '--sample', '3', '--seed', seed, '--out', out);
  const [{ keys }] = JSON.parse(await readFile(join(out, 'samples.json'), 'utf8'));
  const lines = (await shownIn('draw', await readFile(join(out, 'index.html'), 'utf8'))).split('\n');
  const { stdout } = await promisify(execFile)('bash', ['-c', lines.slice(0, 3).join('\n')], { cwd: out });
  expect(stdout.trim().split('\n')).toEqual(keys);
  await rm(out, { recursive: true });
});

test('a leaver, an emergency, a line of a review and what was made around Latchkey are told with the changes that they are about', async () => {
  type Told = {
    id: string;
    facts: { label: string; value: string }[];
    timeline: { what: string; proof: string }[];
    changes?: Told[];
  };
  const samples: { of: string; stories: Told[] }[] = JSON.parse(
    await readFile(join(folder, 'samples.json'), 'utf8'),
  );
  const of = (name: string) => samples.find((one) => one.of === name)?.stories ?? [];
  expect(of('terminations')[0]?.changes?.map(({ id }) => id)).toEqual([planted.leaver]);
  expect(of('emergencies')[0]?.changes?.map(({ id }) => id)).toEqual([planted.breakGlass]);
  expect(of('privileged')[0]?.changes?.map(({ id }) => id)).toEqual([planted.privileged]);
  const [told] = of('terminations');
  expect(told?.facts).toContainEqual({ label: 'Last seen gone at', value: '2026-03-02 10:00:00' });
  // The case has an entry of its own in the audit, proven like those of its changes.
  expect(told?.timeline).toMatchObject([{ proof: expect.stringMatching(/^samples\/.*\.tlog-proof$/) }]);
  // What is out of the ordinary is said of a change also where it is of no population of changes.
  const fact = (story: Told | undefined, label: string) =>
    story?.facts.find((one) => one.label === label)?.value;
  expect(fact(of('emergencies')[0]?.changes?.[0], 'Exceptions')).toContain('break-glass');
  // Of the lines of a review one has the entry that decided it; another line's is not its own.
  const lines = of('review-lines');
  const line = (n: number) => lines.find(({ id }) => id.endsWith(`/${n}`));
  expect(line(1)?.timeline.map(({ what }) => what)).toHaveLength(1);
  expect(line(4)?.timeline).toEqual([]);
  expect(line(3)?.changes?.length).toBe(1);
});

test('who held what stands there for the start and the end, and the whole of what is privileged with its approval', async () => {
  for (const [name, at] of [
    ['holders-at-start', '2026-01-01 00:00:00 UTC'],
    ['holders', '2026-04-01 00:00:00 UTC'],
  ] as const) {
    const isByLog = ({ status }: Row) => String(status).startsWith('there by a log');
    expect((await list(name)).filter((one) => !isByLog(one))).toMatchObject([
      {
        person: 'ines',
        entitlement: 'orders-admin',
        status: 'held',
        couldUseIt: true,
        change: planted.privileged,
      },
    ]);
    // At the end one more is there by a log alone.
    expect(await page()).toContain(`of the period, ${at}: ${name === 'holders' ? 2 : 1}</h2>`);
  }
  expect(await list('entitlements')).toMatchObject([
    {
      entitlement: 'orders',
      tier: 'medium',
      privileged: false,
      heldAtStart: 0,
      givenInPeriod: 16,
      heldAtEnd: 1,
    },
    {
      entitlement: 'orders-admin',
      tier: 'critical',
      privileged: true,
      heldAtStart: 1,
      givenInPeriod: 0,
      heldAtEnd: 1,
    },
  ]);
  expect(await list('privileged')).toMatchObject([
    {
      person: 'ines',
      entitlement: 'orders-admin',
      approvedBy: ['olga'],
      byWhatRight: ['owner'],
      inEffectAt: '2025-12-27T09:10:20.000Z',
      // To the end of the period: it went on. It had begun before.
      daysHeldInPeriod: 90,
      daysHeldInAll: 94.6178,
      change: planted.privileged,
    },
  ]);
});

test('who agreed to the policy stands beside its text, when it was in force, and what differed before', async () => {
  const rows = await list('policies');
  expect(rows).toHaveLength(4);
  for (const row of rows)
    expect(row).toMatchObject({
      fingerprint: POLICY,
      agreedBy: ['olga'],
      agreedOn: ['2025-12-01'],
      agreedWhere: ['minutes of the security board, item 4'],
      inForce: ['2025-12-02 09:00:00 UTC to now'],
      before: POLICY_BEFORE,
      differs: 'approvals.cedar is new; policy.md was changed',
    });
  expect(rows.find(({ file }) => file === `policies/${POLICY}/policy.md`)).toMatchObject({
    text: expect.stringContaining('AC-3'),
  });
  expect(await page()).toContain('<summary>The written policy policy-of-the-quarter</summary>');
});

test('all texts under the fingerprint are files, so are those of the policy before, and the audit proves which they were', async () => {
  for (const file of ['policy.md', 'catalogue.yaml', 'requests.cedar', 'approvals.cedar'])
    expect(await readFile(join(folder, 'policies', POLICY, file), 'utf8')).toBe(
      await readFile(`policy/${file}`, 'utf8'),
    );
  expect(await readdir(join(folder, 'policies', POLICY_BEFORE))).not.toContain('approvals.cedar');
  const { stdout } = await promisify(execFile)('diff', ['-rq', POLICY_BEFORE, POLICY], {
    cwd: join(folder, 'policies'),
  }).catch((error: { stdout: string }) => error);
  expect(stdout).toContain('policy.md differ');
  const proofs = (await list('policies'))[0]?.proofs as string[];
  const types = await Promise.all(
    proofs.map(
      async (name) =>
        JSON.parse(await readFile(join(folder, name.replace(/tlog-proof$/, 'json')), 'utf8')).type,
    ),
  );
  expect(types.sort()).toEqual(['policyAgreed', 'policyLoaded']);
  // A rule that somebody put into the pack, with a manifest made anew over it: the audit has another hash.
  const copy = await copied();
  await appendFile(join(copy, 'policies', POLICY, 'requests.cedar'), '\n// and Mallory');
  await manifestAnew(copy);
  expect((await run('verify', copy)).said).toContain(
    `NOT RIGHT: policies/${POLICY}/requests.cedar is not the text that was put in force, as the audit has it`,
  );
  await rm(copy, { recursive: true });
});

test('a file of a policy may be called as people like', () => {
  expect(safeName('Orders, lesen (übrig).cedar')).toBe('Orders%2C%20lesen%20%28%C3%BCbrig%29.cedar');
  expect(safeName('.cedar')).toBe('%2Ecedar');
});

test('a review tells who reviewed, how complete it is, and whether the reviewer had approved that access', async () => {
  expect(await list('reviews')).toMatchObject([
    { reviewers: ['olga'], percentDecided: 75, decidedByHolder: 0, decidedByApprover: 1 },
  ]);
  expect(await list('review-lines')).toMatchObject([
    { accessApprovedBy: ['olga'], reviewerApprovedIt: true },
    { accessApprovedBy: [], reviewerApprovedIt: false },
    { reviewerApprovedIt: false },
    { reviewerApprovedIt: false },
  ]);
});

test('an emergency tells when it ended; a leaver’s case which removals it is made of', async () => {
  expect(await list('emergencies')).toMatchObject([
    { endedAt: '2026-02-20T04:24:00.000Z', seenGoneAt: '2026-02-20T04:24:20.000Z' },
  ]);
  expect(await list('terminations')).toMatchObject([{ removals: [planted.leaver] }]);
});

test('the story of each sample says what was out of the ordinary about it, and what other logs have of it', async () => {
  const out = await mkdtemp(join(tmpdir(), 'evidence-'));
  await run('--from', '2026-01-01', '--to', '2026-03-31', '--sample', '50', '--out', out);
  const samples = JSON.parse(await readFile(join(out, 'samples.json'), 'utf8')) as {
    stories: {
      id: string;
      facts: { label: string; value: string }[];
      timeline: { at: string; what: string; seq: string; proof: string }[];
    }[];
  }[];
  // Those of the populations of changes; the others tell of the same changes.
  const stories = samples.slice(0, 3).flatMap((one) => one.stories);
  const fact = (id: string, label: string) =>
    stories.find((one) => one.id === id)?.facts.find((one) => one.label === label)?.value;
  expect(fact(planted.early, 'Exceptions')).toBe('written before it was approved');
  expect(fact(planted.selfKept, 'Exceptions')).toContain('kept by whoever had made it around Latchkey');
  expect(fact(planted.breakGlass, 'Exceptions')).toBe('break-glass: taken at once: the nightly import fails');
  expect(fact(planted.late, 'Exceptions')).toBe(
    'removal was late: seen gone after 300 s: Anypoint did not answer',
  );
  const grantOfLate = (await list('grants')).find(
    ({ seenGoneAt }) => seenGoneAt === '2026-01-24T09:15:00.000Z',
  );
  expect(fact(String(grantOfLate?.change), 'Exceptions')).toContain('of its removal: removal was late');
  expect(fact(String(grantOfLate?.change), 'Its removal late')).toContain('Anypoint did not answer');
  // Every other story says that there was nothing.
  const isNoted = (id: string) => fact(id, 'Exceptions') !== 'none';
  expect(
    stories
      .filter(({ id }) => isNoted(id))
      .map(({ id }) => id)
      .sort(),
  ).toEqual(
    [
      ...[planted.early, planted.selfKept, planted.around, planted.breakGlass, planted.late, planted.leaver],
      ...[planted.signIn, String(grantOfLate?.change), planted.leaverGrant, planted.reviewed],
    ].sort(),
  );
  const advised = stories
    .find(({ id }) => id === planted.advised)
    ?.timeline.find(({ what }) => what === 'The model gave its advice');
  expect(fact(planted.advised, 'Model’s advice, which decides nothing')).toBe(
    `leaned to approve: “Routine: the same import as last week” (model gpt-test, prompt request-summary version 7), by the audit entry with the sealed number ${advised?.seq}`,
  );
  // The entry is proven beside the story: the model, the prompt's version, and which facts it read.
  expect(
    JSON.parse(await readFile(join(out, advised?.proof.replace(/tlog-proof$/, 'json') ?? ''), 'utf8')),
  ).toMatchObject({
    type: 'adviceGiven',
    data: {
      advice: { lean: 'approve' },
      provenance: { model: 'gpt-test', promptId: 'request-summary', promptVersion: 7 },
      factsSha256: documentHash({ facts: [] }),
    },
  });
  expect(fact(planted.advised, 'Who agreed to that policy')).toBe(
    'olga on 2025-12-01 (minutes of the security board, item 4)',
  );
  expect(fact(planted.advised, 'Decided by somebody else')).toBe(
    'yes: who decided neither asked for it nor gets it (by their ids)',
  );
  expect(fact(planted.advised, 'By other systems’ own logs')).toBe(
    [
      'oktaLog: added at 2026-01-08 09:10:02 UTC',
      'Anypoint’s audit log: added at 2026-01-08 09:10:10 UTC by Latchkey (connected app)',
      'oktaLog: removed at 2026-01-11 09:10:02 UTC',
      'Anypoint’s audit log: removed at 2026-01-11 09:10:10 UTC by Latchkey (connected app)',
    ].join('; '),
  );
  for (const { timeline } of stories)
    expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).toSorted());
  await rm(out, { recursive: true });
});

test('a sign-in that is waited for was asked for at the time of its entry, between the request and its end', async () => {
  const { rows } = await sql<{
    type: string;
    at: Date;
    data: { stepUp?: { askedAt: string; expiresAt: string } };
  }>`
    select type, at, data from audit where change_id = ${planted.signIn} order by at, id`.execute(
    fresh.database.db,
  );
  expect(rows.map(({ type }) => type).slice(0, 4)).toEqual([
    'changeReceived',
    'approversAsked',
    'stepUpAsked',
    'stepUpEnded',
  ]);
  const [received, , asked, ended] = rows;
  const { askedAt = '', expiresAt = '' } = asked?.data.stepUp ?? {};
  expect(new Date(askedAt)).toEqual(asked?.at);
  expect(Number(asked?.at)).toBeGreaterThan(Number(received?.at));
  expect(Number(ended?.at)).toBeGreaterThan(Number(asked?.at));
  expect(Date.parse(expiresAt)).toBe(Date.parse(askedAt) + STEP_UP_SECONDS * 1_000);
});

test('the canary’s days without a round are told: of those it is no evidence', async () => {
  expect(await page()).toContain(
    'Rounds began on 1 of 90 days. The longest time without one was 84 days 14 hours',
  );
});

/** What stands in the page, as somebody copies it. */
async function shownIn(id: string, html?: string): Promise<string> {
  const shown = new RegExp(`<pre id="${id}">(.*?)</pre>`, 's').exec(html ?? (await page()))?.[1] ?? '';
  return shown
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

const checkedByPage = async (cwd: string, KEY: string) =>
  await promisify(execFile)('bash', ['-c', await shownIn('commands')], { cwd, env: { ...process.env, KEY } });

test('the commands of the page check a pack without Latchkey, and find what was changed', async () => {
  const copy = await copied();
  const check = (key = vkey) => checkedByPage(copy, key);
  expect((await check()).stdout).toContain('Signature Verified Successfully');
  const other = readSigner(newSigningKey('latchkey.example/audit'))?.verifier.vkey;
  await expect(check(other)).rejects.toMatchObject({
    stdout: expect.stringContaining('It is not signed by'),
  });
  await appendFile(join(copy, 'grants.csv'), 'x');
  await expect(check()).rejects.toMatchObject({ stdout: expect.stringContaining('grants.csv: FAILED') });
  await manifestAnew(copy);
  await expect(check()).rejects.toThrow();
  await rm(copy, { recursive: true });
});

test('the program that a pack brings is the one of the guide', async () => {
  const guide = /```js\n(.*?)```/s.exec(await readFile('docs/audit.md', 'utf8'))?.[1];
  expect(await readFile(join(folder, 'verify-proof.mjs'), 'utf8')).toBe(guide);
});

// opensearch-project/dashboards-reporting#545, getodk/central#752; grafana/grafana#17363 and adaltas/node-csv#503
test('a spreadsheet reads the files as UTF-8, and their numbers as numbers', async () => {
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.csv'))) {
    const bytes = await readFile(join(folder, name));
    expect([...bytes.subarray(0, 3)], name).toEqual([0xef, 0xbb, 0xbf]);
    expect(bytes.indexOf(Buffer.from('\ufeff'), 3), name).toBe(-1);
  }
  expect(csvLine([-0.02, '-0.02', '-2+3'])).toBe("-0.02,'-0.02,'-2+3\r\n");
});

// HeidiSQL/HeidiSQL#922, sosedoff/pgweb#163, IFRCGo/go-frontend#969
test('a spreadsheet takes the times in the files for times; JSON has them whole', async () => {
  const csv = await readFile(join(folder, 'grants.csv'), 'utf8');
  expect(csv).toContain(',2026-01-15 09:10:00,olga,olga@acme.example,owner,');
  expect(csv).not.toMatch(/\d\dT\d\d:/);
  expect((await list('grants'))[0]).toMatchObject({
    approvedAt: expect.stringMatching(/^2026-.*T.*\.000Z$/),
  });
});

test('a cell that a spreadsheet would run stays text', async () => {
  const csv = await readFile(join(folder, 'grants.csv'), 'utf8');
  expect(csv.trimEnd().split('\r\n')).toHaveLength(17);
  expect(csv).toContain(`,'=cmd()|x,`);
});

/** A copy of the pack, to do something to. */
async function copied(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'evidence-'));
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** The manifest made anew over what is in the folder, as somebody who can write there would. */
async function manifestAnew(copy: string): Promise<void> {
  const manifest: Manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8'));
  const files = await Promise.all(
    manifest.files.map(async (one) => ({
      ...one,
      sha256: createHash('sha256')
        .update(await readFile(join(copy, one.name)))
        .digest('hex'),
    })),
  );
  await writeFile(join(copy, 'manifest.json'), `${JSON.stringify({ ...manifest, files }, null, 2)}\n`);
}

test('a pack is right as it was made; a file that was changed, put in or taken out is named', async () => {
  const copy = await copied();
  expect(await run('verify', copy)).toMatchObject({
    isWell: true,
    said: expect.stringMatching(/^right: .* made .* by Sam, signed with latchkey.example\/audit\+/),
  });
  const [sample = ''] = await readdir(join(copy, 'samples'));
  const [entry = ''] = (await readdir(join(copy, 'samples', sample))).filter((one) => one.endsWith('.json'));
  await appendFile(join(copy, 'grants.csv'), 'x');
  await rm(join(copy, 'exceptions.json'));
  await rm(join(copy, 'samples', sample, entry));
  await writeFile(join(copy, 'extra.txt'), 'x');
  await mkdir(join(copy, 'samples', 'more'));
  await writeFile(join(copy, 'samples', 'more', '1.json'), '{}');
  const { said, isWell } = await run('verify', copy);
  expect(isWell).toBe(false);
  expect(said.split('\n').sort()).toEqual(
    [
      'NOT RIGHT: grants.csv was changed',
      'NOT RIGHT: exceptions.json is missing',
      `NOT RIGHT: samples/${sample}/${entry} is missing`,
      'NOT RIGHT: extra.txt is not in the manifest',
      'NOT RIGHT: samples/more/1.json is not in the manifest',
    ].sort(),
  );
  await rm(copy, { recursive: true });
});

test('an auditor checks it with the verifier key alone; without it, or by another, nothing is proven', async () => {
  expect(await runAlone('verify', folder, '--key', vkey)).toMatchObject({ isWell: true });
  const other = readSigner(newSigningKey('latchkey.example/audit'))?.verifier.vkey ?? '';
  for (const given of [[], ['--key', other]])
    expect(await runAlone('verify', folder, ...given)).toMatchObject({
      isWell: false,
      said: expect.stringMatching(/^NOT PROVEN: it is signed by latchkey.example\/audit\+[0-9a-f]{8}, whose/),
    });
});

test('an auditor who has the key of before is told by what it was followed, and where to ask; nothing is proven by it', async () => {
  expect(await list('signing-keys')).toMatchObject([
    { verifierKey: vkeyBefore, signedTo: expect.any(String), handover: null },
    {
      verifierKey: vkey,
      signedTo: null,
      handover: expect.stringMatching(/^keys\/changes\/\d+\.handover\.tlog-proof$/),
    },
  ]);
  const short = (text: string) => text.split('+').slice(0, 2).join('+');
  const { said, isWell } = await runAlone('verify', folder, '--key', vkeyBefore);
  expect(isWell).toBe(false);
  expect(said).toContain(
    `it is signed by ${short(vkey)}, whose verifier key is not known here; known is ${short(vkeyBefore)}`,
  );
  expect(said).toContain('Ask who keeps it for the key history (`latchkey audit keys`)');
  expect(said).toContain(`Under a key that is known here, the audit says at `);
  // With a key that never signed here there is nothing to say of the one that did.
  const strange = readSigner(newSigningKey('latchkey.example/audit'))?.verifier.vkey ?? '';
  expect((await runAlone('verify', folder, '--key', strange)).said).not.toContain('Under a key');
  // An entry that says other keys than the audit does is no proof of them.
  const copy = await copied();
  const [changed = ''] = (await readdir(join(copy, 'keys/changes'))).filter((one) => one.endsWith('.json'));
  const entry = join(copy, 'keys/changes', changed);
  await writeFile(entry, (await readFile(entry, 'utf8')).replace(short(vkeyBefore), short(strange)));
  await manifestAnew(copy);
  expect((await run('verify', copy)).said).toContain(
    `NOT RIGHT: keys/changes/${changed.replace('.json', '.tlog-proof')} does not lead from the entry`,
  );
  await rm(copy, { recursive: true });
});

// sigstore/sigstore-python#1513, letsencrypt/boulder#8970: of several signatures the one by one's own key counts
test('while two keys sign, a pack is checked with either of them, by Latchkey and without it', async () => {
  const copy = await copied();
  const sha256 = createHash('sha256')
    .update(await readFile(join(copy, 'manifest.json')))
    .digest('hex');
  const both = [...logKeysOf(key)().signers, ...logKeysOf(keyBefore)().signers];
  const grease = `— grease.invalid ${Buffer.from('nobody can check this').toString('base64')}\n`;
  for (const signers of [both, both.toReversed()]) {
    await writeFile(join(copy, 'manifest.note'), manifestNote(sha256, signers) + grease);
    for (const one of [vkey, vkeyBefore]) {
      expect(await runAlone('verify', copy, '--key', one)).toMatchObject({ isWell: true });
      expect((await checkedByPage(copy, one)).stdout).toContain('Signature Verified Successfully');
    }
  }
  await rm(copy, { recursive: true });
});

// FerroEHR#2122, keybase/keybase-issues#2236, sigstore/sigstore-python#1826: what is no proof, or by another key, is named as such
test('the program says what is wrong: another key, no key, or no proof; line ends of Windows don’t matter', async () => {
  const [sample = ''] = await readdir(join(folder, 'samples'));
  const [name = ''] = (await readdir(join(folder, 'samples', sample))).filter((one) => one.endsWith('.json'));
  const entry = join(folder, 'samples', sample, name);
  const proof = entry.replace('.json', '.tlog-proof');
  const check = (...given: string[]) =>
    promisify(execFile)(process.execPath, [join(folder, 'verify-proof.mjs'), ...given]).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
  const [, id = ''] = vkey.split('+');
  const [, idBefore = ''] = vkeyBefore.split('+');
  expect((await check(entry, proof, vkeyBefore)).stdout).toBe(
    `NOT PROVEN: it is signed by ${id}, and not by ${idBefore}\n`,
  );
  expect(await check(entry, proof, 'a key')).toMatchObject({
    stdout: 'NOT PROVEN: this is no verifier key\n',
    stderr: '',
  });
  expect(await check(entry, entry, vkey)).toMatchObject({
    stdout: 'NOT PROVEN: this is no signed proof\n',
    stderr: '',
  });
  const out = await mkdtemp(join(tmpdir(), 'evidence-'));
  const mailed = join(out, 'mailed.tlog-proof');
  await writeFile(mailed, (await readFile(proof, 'utf8')).replaceAll('\n', '\r\n'));
  expect((await check(entry, mailed, vkey)).stdout).toMatch(/^sealed number \d+ of the/);
  await rm(out, { recursive: true });
});

test('a manifest made anew is forged, with the old signature, with another key’s, and with none', async () => {
  const copy = await copied();
  await writeFile(join(copy, 'violations.csv'), 'kind,at\r\n');
  await manifestAnew(copy);
  expect(await run('verify', copy)).toMatchObject({
    isWell: false,
    said: 'FORGED: manifest.note is the signature of another manifest',
  });
  const sha256 = createHash('sha256')
    .update(await readFile(join(copy, 'manifest.json')))
    .digest('hex');
  const forger = newSigningKey('latchkey.example/audit');
  const note = manifestNote(sha256, logKeysOf(forger)().signers);
  await writeFile(join(copy, 'manifest.note'), note);
  expect((await run('verify', copy)).said).toMatch(/^NOT PROVEN: it is signed by/);
  // The name and the id of the true key, over the signature of the forger.
  const [, id = ''] = vkey.split('+');
  const bytes = Buffer.from(note.trimEnd().split(' ').at(-1) ?? '', 'base64').subarray(4);
  const asIfOurs = Buffer.concat([Buffer.from(id, 'hex'), bytes]).toString('base64');
  await writeFile(
    join(copy, 'manifest.note'),
    note.replace(/— .*\n/, `— latchkey.example/audit ${asIfOurs}\n`),
  );
  expect((await run('verify', copy)).said).toBe(
    'FORGED: manifest.note has a signature that its key did not make',
  );
  await rm(join(copy, 'manifest.note'));
  expect(await run('verify', copy)).toMatchObject({
    isWell: false,
    said: expect.stringMatching(/^NOT PROVEN: the pack is not signed/),
  });
  await rm(copy, { recursive: true });
});

test('each entry of a sample is proven; one that was rewritten is not, though the manifest fits', async () => {
  type Timeline = { seq: string; proof: string }[];
  const samples: { stories: { timeline: Timeline; changes?: { timeline: Timeline }[] }[] }[] = JSON.parse(
    await readFile(join(folder, 'samples.json'), 'utf8'),
  );
  const told = samples.flatMap(({ stories }) =>
    stories.flatMap(({ timeline, changes = [] }) => [timeline, ...changes.map((one) => one.timeline)].flat()),
  );
  // A case may be in several samples.
  const timelines = [...new Map(told.map((one) => [one.proof, one])).values()];
  expect(timelines.length).toBeGreaterThan(50);
  for (const { seq, proof } of timelines) expect(proof.endsWith(`/${seq}.tlog-proof`)).toBe(true);
  // Those of the policy are proven too, and those of the keys; where one follows another, twice.
  const all = timelines.length + 2 + 5;
  expect((await run('verify', folder)).said).toContain(
    `${all} audit entries are proven, ${all} of them by a signed checkpoint.`,
  );
  // The program of the guide, which knows nothing of Latchkey.
  const program = join(await mkdtemp(join(tmpdir(), 'evidence-')), 'verify.mjs');
  await writeFile(program, /```js\n(.*?)```/s.exec(await readFile('docs/audit.md', 'utf8'))?.[1] ?? '');
  const { proof, seq } = timelines[7] as (typeof timelines)[number];
  const files = [proof.replace('.tlog-proof', '.json'), proof].map((name) => join(folder, name));
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...files, vkey]);
  expect(stdout).toMatch(
    new RegExp(`^sealed number ${seq} of the \\d+ that latchkey.example/audit has signed`),
  );

  const copy = await copied();
  const entry = join(copy, proof.replace('.tlog-proof', '.json'));
  await writeFile(entry, (await readFile(entry, 'utf8')).replace(/ines|olga|omar|latchkey/, 'mallory'));
  await manifestAnew(copy);
  expect((await run('verify', copy)).said).toContain(
    `NOT RIGHT: ${proof} does not lead from the entry to the root of its checkpoint`,
  );
  // An entry that is in the audit, and tells of another change.
  const strange = timelines.find((one) => one.proof.split('/')[1] !== proof.split('/')[1])?.proof ?? '';
  for (const end of ['.json', '.tlog-proof'])
    await cp(
      join(folder, strange.replace('.tlog-proof', end)),
      join(copy, proof.replace('.tlog-proof', end)),
    );
  await manifestAnew(copy);
  expect((await run('verify', copy)).said).toContain(`NOT RIGHT: ${proof} is the proof of another entry`);
  await rm(copy, { recursive: true });
});

test('without a key a pack is made, and says that it is not signed', async () => {
  const out = await mkdtemp(join(tmpdir(), 'evidence-'));
  expect(await runWith(null, [...DRAWN, '--out', out])).toMatchObject({
    isWell: true,
    said: expect.stringContaining('It is NOT SIGNED'),
  });
  expect(await readFile(join(out, 'index.html'), 'utf8')).toContain('This pack is not signed');
  await rm(out, { recursive: true });
});

test('nothing is written over, and that a pack was made is in the record', async () => {
  await expect(run('--from', '2026-01-01', '--to', '2026-03-31', '--out', folder)).rejects.toThrow(
    'is not empty',
  );
  const made = await fresh.database.db
    .selectFrom('audit')
    .select(['actor', 'data'])
    .where('type', '=', 'evidenceMade')
    .orderBy('id')
    .execute();
  expect(made[0]).toMatchObject({
    actor: { part: 'operator Sam' },
    // Tr3kkR/Yuzu#4649: how much was taken out is told, not only that something was.
    data: {
      from: QUARTER.from.toISOString(),
      to: QUARTER.to.toISOString(),
      rows: { grants: 16, terminations: 1 },
    },
  });
});

describeInBrowser('the page of a pack', () => {
  test('reads on a desktop, on a phone, in the dark and on paper, with nothing from elsewhere', async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    expect(await page()).not.toMatch(/<script|<link|<img|https?:\/\//);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    try {
      for (const [name, viewport, colorScheme] of [
        ['desktop', { width: 1_280, height: 900 }, 'light'],
        ['dark', { width: 1_280, height: 900 }, 'dark'],
        ['phone', NARROW, 'light'],
      ] as const) {
        const tab = await browser.newPage({ viewport, colorScheme, bypassCSP: true });
        await tab.goto(`file://${folder}/index.html`);
        expect(await tab.title()).toBe('Evidence of access, 2026-01-01 to 2026-03-31');
        expect(await seriousFindings(tab), name).toEqual([]);
        expect(
          await tab.evaluate('document.documentElement.scrollWidth - innerWidth'),
          name,
        ).toBeLessThanOrEqual(0);
        await tab.screenshot({ path: `${ARTEFACTS}/evidence-${name}.png`, fullPage: true });
        await tab.close();
      }
      // On paper nothing is cut off, and the queries are not folded away.
      const tab = await browser.newPage({ viewport: { width: 690, height: 980 }, colorScheme: 'dark' });
      await tab.goto(`file://${folder}/index.html`);
      await tab.emulateMedia({ media: 'print' });
      expect(await tab.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      expect(
        await tab.evaluate(
          "document.querySelector('#populations details pre').getBoundingClientRect().height",
        ),
      ).toBeGreaterThan(20);
      await tab.pdf({ path: `${ARTEFACTS}/evidence.pdf`, preferCSSPageSize: true });
    } finally {
      await browser.close();
    }
  });
});
