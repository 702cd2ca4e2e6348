import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { CORE_USER, type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
let serial = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const create = (userName: string, more: Record<string, unknown> = {}) =>
  scim.call('POST', '/Users', { schemas: [CORE_USER], userName, ...more });
const freshNames = (n: number) => Array.from({ length: n }, () => `n${serial++}@acme.example`);
async function entriesOf(userName: string): Promise<{ scimUserId: string; did: string }[]> {
  const { rows } = await sql<{ data: { scimUserId: string; did: string } }>`
    select data from audit where type = 'scimUserChanged' and data->>'userName' = ${userName}`.execute(
    scim.database.db,
  );
  return rows.map((row) => row.data);
}

test('each of many newcomers at once is answered, kept and noted by itself', async () => {
  const names = freshNames(40);
  const answers = await Promise.all(
    names.map((name, n) =>
      create(name, {
        externalId: `00u-${name}`,
        active: n % 3 !== 0,
        ...(n % 2 === 0 ? { emails: [{ value: `"${n}\\,{}" <${name}>`, primary: true }] } : {}),
        ...(n % 5 === 0 ? { displayName: 'null' } : {}),
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201));
  for (const [n, { body }] of answers.entries()) {
    const { body: shown } = await scim.call('GET', `/Users/${body.id}`);
    expect(shown).toEqual(body);
    expect([shown.userName, shown.active, shown.displayName]).toEqual([
      names[n],
      n % 3 !== 0,
      n % 5 === 0 ? 'null' : undefined,
    ]);
    const [entry, ...others] = await entriesOf(names[n] as string);
    expect([entry?.scimUserId, entry?.did, others.length]).toEqual([body.id, 'created', 0]);
    const { rows } = await sql<{ email: string | null; display_name: string | null }>`
      select email, display_name from scim_users where id = ${body.id}`.execute(scim.database.db);
    expect(rows).toEqual([
      { email: n % 2 === 0 ? `"${n}\\,{}" <${names[n]}>` : null, display_name: n % 5 === 0 ? 'null' : null },
    ]);
  }
});

test('of several at once by one name one is made, and the others are told what is taken', async () => {
  const [name, ...names] = freshNames(9) as [string, ...string[]];
  const answers = await Promise.all([
    ...Array.from({ length: 5 }, (_, n) => create(n % 2 === 0 ? name : name.toUpperCase())),
    ...names.map((one) => create(one, { externalId: 'the same' })),
  ]);
  const [byName, byId] = [answers.slice(0, 5), answers.slice(5)];
  for (const some of [byName, byId])
    expect(some.map(({ status }) => status).sort()).toEqual([201, ...some.slice(1).map(() => 409)]);
  const details = (some: typeof answers) => new Set(some.flatMap(({ body }) => body.detail ?? []));
  expect([...details(byName)]).toEqual(['another user has this userName']);
  expect([...details(byId)]).toEqual(['another user has this externalId']);
  const noted = await Promise.all([name, name.toUpperCase()].map(entriesOf));
  expect(noted.flat()).toHaveLength(1);
});

test('one who can’t be stored is refused alone', async () => {
  const names = freshNames(8);
  // Longer than PostgreSQL's index rows, and not to be compressed.
  const tooLong = { emails: [{ value: `${randomBytes(6_000).toString('hex')}@acme.example` }] };
  const answers = await Promise.all(names.map((name, n) => create(name, n === 3 ? tooLong : {})));
  expect(answers.map(({ status }) => status < 300)).toEqual(names.map((_, n) => n !== 3));
  for (const [n, name] of names.entries()) expect(await entriesOf(name)).toHaveLength(n === 3 ? 0 : 1);
});

test('one whose name somebody else is about to take waits, and those that come later with it', async () => {
  const [held, ...names] = freshNames(4) as [string, ...string[]];
  let waiting: Promise<{ status: number }>[] = [];
  await scim.database.db.transaction().execute(async (tx) => {
    await sql`insert into scim_users (id, source, user_name, user_name_key, active, resource, created_at, updated_at)
      values (gen_random_uuid(), 'okta', ${held}, ${held}, true, '{}', now(), now())`.execute(tx);
    waiting = [held, ...names].map((name) => create(name));
    await eventually('it waits', async () => {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(tx);
      return (rows[0]?.n ?? 0) > 0;
    });
  });
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([409, 201, 201, 201]);
});
