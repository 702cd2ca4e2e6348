import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Told } from '../../src/core/drift/observation.ts';
import { scimStatus } from '../../src/store/scim-mirror.ts';
import { type StartedScim, startScim } from './start-scim.ts';

/** What Entra makes of a name when it deletes somebody. */
const ID = '283405f5aa114c2b9d0e7f6a5b4c3d2e';

let scim: StartedScim;
let count = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

type Leaver = { id: string; path: string; name: string; group: string; personId: string };

/** Provisioned under an id that is not the IdP's, as Entra's default mapping has it: only the name says who it is. */
async function leaver(): Promise<Leaver> {
  const name = `user${count++}@acme.example`;
  const id = await scim.createUser(name, { externalId: `nickname-${count}` });
  const group = `group ${count}`;
  await scim.createGroup(group, [id]);
  return { id, path: `/Users/${id}`, name, group, personId: await person(name) };
}
async function person(login: string): Promise<string> {
  const id = randomUUID();
  await sql`insert into people (id, email, login, name, status) values (${id}, ${login}, ${login}, 'X', 'active')`.execute(
    scim.database.db,
  );
  return id;
}
const statusText = ({ name, group }: Leaver, personId: string) =>
  scimStatus(
    scim.database.db,
    { personId, externalId: `00u${personId}`, userNames: [name], source: 'okta' },
    [group],
  );
const off = { op: 'Replace', path: 'active', value: 'False' };
const renamed = (name: string) => ({ op: 'Replace', path: 'userName', value: `${ID}${name}` });

async function loginsTold(since: number): Promise<(string | undefined)[]> {
  const { rows } = await sql<{ told: Exclude<Told, { kind: 'group' }> }>`select payload as told from observed
    where id > ${since} order by id`.execute(scim.database.db);
  return rows.map(({ told }) => ('pushed' in told.person ? told.person.pushed?.login : undefined));
}
async function lastObserved(): Promise<number> {
  const { rows } = await sql<{ id: number }>`select coalesce(max(id), 0)::int as id from observed`.execute(
    scim.database.db,
  );
  return rows[0]?.id ?? 0;
}

describe('somebody Entra deletes, and renames with it', () => {
  it.each<[string, (name: string) => unknown[][]]>([
    ['in one request', (name) => [[off, renamed(name)]]],
    ['in one request, the name first', (name) => [[renamed(name), off]]],
    ['in two', (name) => [[off], [renamed(name)]]],
    ['in two, the name first', (name) => [[renamed(name)], [off]]],
    ['in two, and again', (name) => [[off, renamed(name)], [off, renamed(name)], [renamed(name)]]],
    ['with hyphens', (name) => [[off, { op: 'Replace', path: 'userName', value: `${randomUUID()}${name}` }]]],
  ])('%s, is still who they were', async (_name, requests) => {
    const of = await leaver();
    const since = await lastObserved();
    for (const operations of requests(of.name))
      expect((await scim.patch(of.path, ...operations)).status).toBe(200);
    expect((await scim.call('GET', of.path)).body).toMatchObject({ active: false });
    expect(await statusText(of, of.personId)).toMatchObject({ isSwitchedOff: true, isInAnyGroup: false });
    expect(new Set(await loginsTold(since))).toEqual(new Set([of.name]));
  });

  it('whoever gets the old name loses nothing by it, and gets nothing', async () => {
    const of = await leaver();
    await scim.patch(of.path, off, renamed(of.name));
    // given the name was given anew, first in the directory alone
    const newcomer = await person(of.name);
    expect(await statusText(of, newcomer)).toMatchObject({ isSwitchedOff: null, isInAnyGroup: false });

    // when they are provisioned
    const { status, body } = await scim.call('POST', '/Users', { userName: of.name, externalId: 'another' });

    // then
    expect(status).toBe(201);
    expect(await statusText(of, newcomer)).toMatchObject({ isSwitchedOff: false, isInAnyGroup: false });

    // and the one before can't be given the name back while it is theirs
    const back = await scim.patch(
      of.path,
      { ...off, value: 'True' },
      { op: 'Replace', path: 'userName', value: of.name },
    );
    expect(back.status).toBe(409);
    expect((await scim.call('GET', `/Users/${body.id}`)).body).toMatchObject({ active: true });
  });

  it('whoever is restored is who they were', async () => {
    const of = await leaver();
    await scim.patch(of.path, off, renamed(of.name));
    const since = await lastObserved();
    const { status } = await scim.patch(
      of.path,
      { op: 'Replace', path: 'active', value: 'True' },
      { op: 'Replace', path: 'userName', value: of.name },
    );
    expect(status).toBe(200);
    expect(await statusText(of, of.personId)).toMatchObject({ isSwitchedOff: false, isInAnyGroup: true });
    expect(new Set(await loginsTold(since))).toEqual(new Set([of.name]));
    const { rows } = await sql`select known_as from scim_users where id = ${of.id}`.execute(scim.database.db);
    expect(rows).toEqual([{ known_as: null }]);
  });
});
