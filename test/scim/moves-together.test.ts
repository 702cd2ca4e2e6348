import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
let serial = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const freshUser = () => scim.createUser(`m${serial++}@acme.example`);
const freshGroup = () => scim.createGroup(`moved ${serial++}`);
const many = async (n: number, make: () => Promise<string>) =>
  await Promise.all(Array.from({ length: n }, make));
const add = (group: string, user: string) =>
  scim.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: user }] });
const remove = (group: string, user: string) =>
  scim.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${user}"]` });
const etagOf = async (group: string) => (await scim.call('GET', `/Groups/${group}`)).headers.get('etag');

async function auditOf(group: string): Promise<{ added: string[]; removed: string[] }[]> {
  const { rows } = await sql<{ data: { added: string[]; removed: string[] } }>`
    select data from audit where type = 'scimMembersChanged' and data->>'scimGroupId' = ${group} order by id`.execute(
    scim.database.db,
  );
  return rows.map((row) => row.data);
}

test('each of many moves at once is answered, versioned, noted and observed by itself', async () => {
  const groups = await many(5, freshGroup);
  const users = await many(8, freshUser);
  const pairs = groups.flatMap((group) => users.map((user) => ({ group, user })));
  const added = await Promise.all(pairs.map(({ group, user }) => add(group, user)));
  expect(added.map((answer) => answer.status)).toEqual(pairs.map(() => 204));
  for (const group of groups) {
    expect(await scim.membersOf(group)).toEqual([...users].sort());
    expect(await etagOf(group)).toBe(`W/"${users.length + 1}"`);
    expect((await auditOf(group)).map((entry) => [entry.added.length, entry.removed.length])).toEqual(
      users.map(() => [1, 0]),
    );
  }
  // Every version but the last was somebody's answer, and no two had the same.
  expect(new Set(added.map((answer, i) => `${pairs[i]?.group} ${answer.headers.get('etag')}`)).size).toBe(
    pairs.length,
  );
  await Promise.all(pairs.map(({ group, user }) => remove(group, user)));
  for (const group of groups) expect(await scim.membersOf(group)).toEqual([]);
  const observed = (await scim.committed()).filter((one) => groups.includes(one.groupId));
  for (const direction of ['added', 'removed'] as const)
    expect(
      observed.flatMap((one) => one[direction].map((member) => `${one.groupId} ${member.scimUserId}`)).sort(),
    ).toEqual(pairs.map(({ group, user }) => `${group} ${user}`).sort());
});

test('what is wrong with one move is said to that one alone', async () => {
  const [group, other] = (await many(2, freshGroup)) as [string, string];
  const users = await many(6, freshUser);
  const stranger = randomUUID();
  const [unknownUser, unknownGroup, notAnId, again, ...right] = await Promise.all([
    add(group, stranger),
    add(randomUUID(), users[0] as string),
    add(other, 'nobody'),
    remove(other, users[0] as string),
    ...users.map((user) => add(group, user)),
    ...users.map((user) => add(other, user)),
  ]);
  expect([unknownUser?.status, unknownUser?.body.scimType]).toEqual([400, 'invalidValue']);
  expect(unknownUser?.body.detail).toContain(stranger);
  expect(unknownGroup?.status).toBe(404);
  expect([notAnId?.status, notAnId?.body.scimType]).toEqual([400, 'invalidValue']);
  expect(again?.status).toBe(204);
  expect(right.map((answer) => answer.status)).toEqual(right.map(() => 204));
  expect(await scim.membersOf(group)).toEqual([...users].sort());
});

test('what changes nothing leaves version and audit alone, beside what does', async () => {
  const [group, other] = (await many(2, freshGroup)) as [string, string];
  const user = await freshUser();
  await add(group, user);
  const answers = await Promise.all([add(group, user), add(other, user), add(group, user)]);
  expect(answers.map((answer) => answer.status)).toEqual([204, 204, 204]);
  expect([await etagOf(group), await etagOf(other)]).toEqual(['W/"2"', 'W/"2"']);
  expect(await auditOf(group)).toHaveLength(1);
});

test.each(['scim_groups', 'scim_users'] as const)(
  'a row of %s that somebody holds makes only its own move wait',
  async (table) => {
    const groups = await many(4, freshGroup);
    const users = await many(4, freshUser);
    const held = (table === 'scim_groups' ? groups[0] : users[0]) as string;
    const moves = groups.map((group, i) => ({ group, user: users[i] as string }));
    let waiting: Promise<unknown> = Promise.resolve();
    let isAnswered = false;
    await scim.database.db.transaction().execute(async (tx) => {
      await sql`select 1 from ${sql.table(table)} where id = ${held} for update`.execute(tx);
      const [first, ...others] = moves.map(({ group, user }) => add(group, user));
      waiting = (first as Promise<unknown>).then(() => {
        isAnswered = true;
      });
      for (const answer of await Promise.all(others)) expect(answer.status).toBe(204);
      // Those that come later are not held up by it either.
      expect((await add(groups[1] as string, users[2] as string)).status).toBe(204);
      expect((await remove(groups[1] as string, users[2] as string)).status).toBe(204);
      await eventually('the held one waits', async () => {
        const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(tx);
        return rows[0]?.n === 1;
      });
      expect(isAnswered).toBe(false);
    });
    await waiting;
    expect(await scim.membersOf(groups[0] as string)).toEqual([users[0]]);
  },
);
