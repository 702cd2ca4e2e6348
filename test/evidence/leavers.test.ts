import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetObserved } from '../../src/store/observed.ts';
import { entitlement } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type MadePack, packOf } from './made-pack.ts';
import { plantQuarter } from './planted-quarter.ts';
import { on } from './quarter.ts';

let fresh: FreshDatabase;
let pack: MadePack;
const entitlements = [entitlement()];

async function told(name: string | null, happening: string, at: Date, source = 'oktaLog'): Promise<void> {
  const { db } = fresh.database;
  const payload = JSON.stringify({ kind: 'person', person: { id: name }, happening });
  await sql`insert into observed (key, event_source, payload, actor, occurred_at, received_at, processed_at, outcome, person_id)
    values (${`${name} ${happening} ${at.toISOString()}`}, ${source}, ${payload}::jsonb, '{"id":"hr","name":"HR system"}', ${at}, ${at}, ${at},
      ${name === null ? 'unknown person' : 'evaluated'}, (select id from people where name = ${name}))`.execute(
    db,
  );
}

beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  await plantQuarter(db);
  await told('lena', 'deprovisioned', on(60, 8, 3_590));
  await told('lena', 'switchedOff', on(60, 9, 30), 'scim');
  // Weeks after she had left.
  await told('lena', 'deleted', on(85));
  // Nobody began a case: mona had nothing then, ines had.
  await told('mona', 'deprovisioned', on(33));
  await told('ines', 'deleted', on(29));
  await told('omar', 'suspended', on(30));
  await told('omar', 'switchedOff', on(35));
  await told('omar', 'switchedOn', on(35, 9, 600));
  await told(null, 'deprovisioned', on(36));
  await told('olga', 'deprovisioned', on(37));
  await sql`insert into lost_accounts (id, notice_id, person_id, idp, other, why, ended, stays, lost_at)
    select gen_random_uuid(), gen_random_uuid(), id, 'okta', 'entra', 'left', '[]', '[]', ${on(37, 9, 5)} from people where name = 'olga'`.execute(
    db,
  );
  await told('omar', 'deprovisioned', on(95));
  pack = await packOf(db, { entitlements });
});
afterAll(() => fresh.close());

// Tr3kkR/Yuzu#2375: "disabled" may be for a while, or may be somebody who has left; an auditor can't tell them apart.
test('each deactivation that was told of is held against the leavers, and a suspension is not taken for one', async () => {
  expect(
    (await pack.list('deactivations')).map(({ person, happening, source, matched, heldThen }) => [
      person,
      happening,
      source,
      matched,
      heldThen,
    ]),
  ).toEqual([
    ['ines', 'deleted', 'oktaLog', 'no leaver’s case', 2],
    ['omar', 'suspended: it may be for a while', 'oktaLog', 'no leaver: out of the teams while it lasts', 0],
    ['mona', 'deactivated', 'oktaLog', 'no leaver’s case', 0],
    ['omar', 'its account for MuleSoft was switched off', 'oktaLog', 'active again within a day', 0],
    [null, 'deactivated', 'oktaLog', 'nobody whom Latchkey knows', 0],
    ['olga', 'deactivated', 'oktaLog', 'another identity provider goes on having them', 0],
    ['lena', 'deactivated', 'oktaLog', 'a leaver’s case', 1],
    ['lena', 'its account for MuleSoft was switched off', 'scim', 'a leaver’s case', 0],
    ['lena', 'deleted', 'oktaLog', 'a leaver’s case', 0],
  ]);
});

test('one without a leaver’s case is an exception, with what they held then', async () => {
  const found = (await pack.list('exceptions')).filter(
    ({ kind }) => kind === 'deactivated, and no leaver’s case',
  );
  expect(found.map(({ person, what }) => [person, what])).toEqual([
    ['ines', 'deleted, as oktaLog tells; accesses that they held then: 2'],
    ['mona', 'deactivated, as oktaLog tells; they held nothing of Latchkey’s then'],
  ]);
});

test('from when on deactivations are kept is said, where that is after the period began', async () => {
  const { db } = fresh.database;
  const said = async () =>
    (await packOf(db, { entitlements })).limits.filter((one) => one.startsWith('Deactivations'));
  expect(await said()).toEqual([]);
  await sql`insert into installation (belongs_to, deactivations_since) values ('acme', ${on(20)})`.execute(
    db,
  );
  expect(await said()).toEqual([
    'Deactivations that were told of before 2026-01-21 09:00:00 UTC are not kept: leavers of that time are held against none.',
  ]);
  await sql`delete from installation`.execute(db);
});

test('the ends and returns of accounts are kept as long as memberships are; what else was told of people is not', async () => {
  const { db } = fresh.database;
  await told('mona', 'changed', on(40));
  const count = async () =>
    (
      await sql<{
        n: number;
      }>`select count(*)::int as n from observed where payload->>'kind' = 'person'`.execute(db)
    ).rows[0]?.n;
  const before = (await count()) ?? 0;
  const days = Math.ceil((Date.now() - on(0).getTime()) / 86_400_000);
  await forgetObserved(db, { days: 1, evidenceDays: days + 10 });
  expect(await count()).toBe(before - 1);
  await forgetObserved(db, { days: 1, evidenceDays: days - 50 });
  expect(await count()).toBeLessThan(before - 2);
});
