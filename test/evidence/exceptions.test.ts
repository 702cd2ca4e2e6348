import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { beyondTerms, type Granted } from '../../src/core/evidence/privileged.ts';
import type { PersonId } from '../../src/core/ids.ts';
import { openExceptions } from '../../src/evidence/exceptions.ts';
import { newFolder } from '../../src/evidence/folder.ts';
import type { MadeAround } from '../../src/evidence/other-exceptions.ts';
import { entitlement, ruleOfOne } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type MadePack, packOf } from './made-pack.ts';
import { type Planted, plantQuarter } from './planted-quarter.ts';
import { ADMINISTRATION, on, POLICY } from './quarter.ts';

let fresh: FreshDatabase;
let planted: Planted;
let pack: MadePack;

const entitlements = [entitlement(), ADMINISTRATION];

beforeAll(async () => {
  fresh = await freshDatabase();
  planted = await plantQuarter(fresh.database.db);
  pack = await packOf(fresh.database.db, { entitlements });
});
afterAll(() => fresh.close());

const ofKind = async (of: MadePack, begins: string) =>
  (await of.list('exceptions')).filter(({ kind }) => String(kind).startsWith(begins));
const exceptionsInStory = (of: MadePack, change: string) =>
  of.samples
    .flatMap(({ stories }) => stories)
    .find(({ id }) => id === change)
    ?.facts.find(({ label }) => label === 'Exceptions')?.value;

test('privileged access for longer than the catalogue allows is an exception, also where it was given before the period', async () => {
  expect(await ofKind(pack, 'privileged')).toMatchObject([
    {
      kind: 'privileged: granted for longer than the catalogue allows',
      at: '2025-12-27T09:10:00.000Z',
      change: planted.privileged,
      person: 'ines',
      entitlement: 'orders-admin',
      what: 'granted for 200 days; the longest is 7 days (by the catalogue of today)',
    },
  ]);
  expect(pack.page).toContain('granted for 200 days; the longest is 7 days');
  expect(pack.limits).toContain(
    'Of one privileged access the catalogue that decided is not kept: how long and by how many people it may be given was held against the catalogue of today.',
  );
});

const CATALOGUE = `
channel: access
admins: [sam@acme.example]
pending: { remindAfter: 4h, lapseAfter: 3d }
entitlements:
  - key: orders-admin
    title: Administer orders
    gives: all of it
    idp: { group: anypoint-orders-admin }
    team: Orders admin
    tier: critical
    owner: olga@acme.example
    requestable: everyone
    approvers: { of: all, quorum: 2, sources: [manager, owner] }
    durations: { offered: [1d, 30d], default: 1d, max: 30d }
    clauses: [AC-3]
`;

test('what the catalogue of the decision asked for counts, where its text is kept', async () => {
  const { db } = fresh.database;
  const put = (text: string | null) =>
    sql`update policies set texts = case when ${text}::text is null then texts - 'catalogue.yaml'
      else texts || jsonb_build_object('catalogue.yaml', ${text}::text) end where fingerprint = ${POLICY}`.execute(
      db,
    );
  await put(CATALOGUE);
  // Today's catalogue calls it low: then it was critical.
  const again = await packOf(db, { entitlements: [entitlement({ ...ADMINISTRATION, tier: 'low' })] });
  await put(null);
  expect((await ofKind(again, 'privileged')).map(({ kind, what }) => [kind, what])).toEqual([
    [
      'privileged: granted for longer than the catalogue allows',
      'granted for 200 days; the longest is 30 days (by the catalogue that decided)',
    ],
    [
      'privileged: approved by fewer people than the catalogue asks for',
      'approved by olga; it takes 2 people (by the catalogue that decided)',
    ],
  ]);
  expect(again.limits.join()).not.toContain('catalogue of today');
});

const person = (id: string) => ({ by: id as PersonId, name: id });
const granted = (rest: Partial<Granted>): Granted => ({
  cause: 'request',
  startsAt: on(0),
  endsAt: on(1),
  approvals: [person('tom'), person('olga')],
  decision: { by: 'olga' as PersonId, byName: 'olga' },
  ...rest,
});
const two = entitlement({ approvers: ruleOfOne('all', 2, { manager: true }, { owner: true }) });

test.each<[what: string, granted: Partial<Granted>, kinds: string[]]>([
  ['two people, within the longest', {}, []],
  ['one person twice', { approvals: [person('tom'), person('tom')] }, ['tooFew']],
  ['one person on a card of many', { approvals: [] }, ['tooFew']],
  ['a rule, which gives it to nobody', { approvals: [], decision: { by: null, byName: 'rule' } }, ['tooFew']],
  ['a day more than a week', { endsAt: on(8) }, ['tooLong']],
  ['a second more than a week', { endsAt: on(7, 9, 1) }, []],
  ['an emergency where there is none', { cause: 'breakGlass', approvals: [] }, ['tooLong']],
])('of %s is said what is beyond the catalogue', (_what, rest, kinds) => {
  expect(beyondTerms(granted(rest), two).map(({ kind }) => kind)).toEqual(kinds);
});

test('what a rule gives to a department, or extends without approval as the catalogue says, takes nobody', () => {
  const byRule = { approvals: [], decision: { by: null, byName: 'rule' } };
  const withRule = { ...two, birthright: { departments: ['Orders'] } };
  expect(beyondTerms(granted({ ...byRule, cause: 'birthright' }), withRule)).toEqual([]);
  expect(beyondTerms(granted({ ...byRule, cause: 'birthright' }), two)).toMatchObject([{ kind: 'tooFew' }]);
  expect(
    beyondTerms(granted({ ...byRule, cause: 'extension' }), { ...two, extensionApproval: 'never' }),
  ).toEqual([]);
  expect(beyondTerms(granted({ ...byRule, cause: 'extension' }), two)).toMatchObject([{ kind: 'tooFew' }]);
});

test('a round of the canary that missed, and the days without one, are exceptions', async () => {
  expect((await ofKind(pack, 'canary')).map(({ kind, at, what }) => [kind, at, what])).toEqual([
    [
      'canary: days without a round',
      '2026-01-01T00:00:00.000Z',
      expect.stringContaining('from 2026-01-01 to 2026-01-05, 5 days'),
    ],
    [
      'canary: a round missed the objective',
      expect.stringMatching(/^2026-/),
      expect.stringMatching(
        /^round \S+: gone after 90 s, the objective is 60 s; stuck at delivery: Anypoint did not answer$/,
      ),
    ],
    [
      'canary: days without a round',
      '2026-01-07T00:00:00.000Z',
      expect.stringContaining('to 2026-03-31, 84 days'),
    ],
  ]);
});

test('of a sign-in that did not count is told who was to sign in, and for whom', async () => {
  expect(await ofKind(pack, 'sign-in')).toMatchObject([
    {
      person: 'olga',
      email: 'olga@acme.example',
      what: 'olga’s approval did not count: the sign-in was weaker than asked for; it was for ines <ines@acme.example>',
    },
  ]);
});

const told = (rest: Partial<MadeAround>): MadeAround => ({
  occurredAt: on(3),
  source: 'oktaHook',
  direction: 'added',
  place: 'anypoint-orders',
  madeBy: null,
  matched: 'found',
  change: null,
  person: 'omar',
  email: 'omar@acme.example',
  entitlement: null,
  ...rest,
});

test.each<[what: string, second: Partial<MadeAround>, count: number]>([
  ['another log tells of it a minute later', { source: 'scim', occurredAt: on(3, 9, 60) }, 1],
  ['the team’s log tells of it', { source: 'anypointAudit', place: 'Orders' }, 1],
  ['the same log tells of it once more', { occurredAt: on(3, 9, 60) }, 2],
  ['another log tells of it an hour later', { source: 'scim', occurredAt: on(3, 10) }, 2],
  ['it is the contrary', { source: 'scim', direction: 'removed' }, 2],
  ['it is somebody else of the same name', { source: 'scim', email: 'omar2@acme.example' }, 2],
  ['it is another team', { source: 'anypointAudit', place: 'Payments' }, 2],
  ['nobody knows who it is', { source: 'scim', email: null }, 2],
])('one happening is one exception; where %s', async (_what, second, count) => {
  const folder = await newFolder(await mkdtemp(join(tmpdir(), 'exceptions-')));
  const list = await openExceptions(folder, { entitlements });
  // What is told later is written first.
  await list.addAround(told(second));
  await list.addAround(told({}));
  expect((await list.end()).written).toBe(count);
});

test('where the canary was never switched on, its days are no exception', async () => {
  const empty = await freshDatabase();
  expect(await ofKind(await packOf(empty.database.db, { entitlements }), 'canary')).toEqual([]);
  await empty.close();
});

test('exceptions stand in the order of their times', async () => {
  const times = (await pack.list('exceptions')).map(({ at }) => String(at));
  expect(times.length).toBeGreaterThan(10);
  expect(times).toEqual(times.toSorted());
});

test('what was made around Latchkey is an exception: one that names each log that told of it, also in the story of what came of it', async () => {
  const around = await pack.list('made-around-latchkey');
  const exceptions = await ofKind(pack, 'made around Latchkey');
  const logs = exceptions.flatMap(({ what }) => String(what).match(/oktaLog|anypointAudit/g) ?? []);
  expect(logs).toHaveLength(around.length);
  expect(exceptions.length).toBeLessThan(around.length);
  expect(exceptions.map(({ what }) => what)).toContain(
    'mallory put mona into anypoint-orders, by oktaLog, anypointAudit (Orders): nothing in the record',
  );
  expect(exceptions.map(({ what }) => what)).toContain(
    'Anypoint administrator put anypoint-stranger into Orders, by anypointAudit: nothing in the record',
  );
  expect(exceptionsInStory(pack, planted.around)).toContain(
    'made around Latchkey: mallory put omar into anypoint-orders, by oktaLog, anypointAudit (Orders): made around Latchkey; found, and put to an owner',
  );
});
