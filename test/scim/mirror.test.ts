import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isInAnyGroup, isSwitchedOff } from '../../src/scim/mirror.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

async function person(idpId: string, login: string): Promise<void> {
  const id = randomUUID();
  await sql`insert into people (id, email, login, name, status)
    values (${id}, ${login}, ${login}, ${login}, 'active')`.execute(fresh.database.db);
  await sql`insert into person_links (system, external_id, person_id) values ('okta', ${idpId}, ${id})`.execute(
    fresh.database.db,
  );
}

async function provisioned(externalId: string, login: string, active: boolean, group: string): Promise<void> {
  const [userId, groupId] = [randomUUID(), randomUUID()];
  await sql`insert into scim_users (id, user_name, external_id, active, resource, created_at, updated_at)
    values (${userId}, ${login}, ${externalId}, ${active}, '{}', now(), now())`.execute(fresh.database.db);
  await sql`insert into scim_groups (id, display_name, created_at, updated_at)
    values (${groupId}, ${group}, now(), now())`.execute(fresh.database.db);
  await sql`insert into scim_members values (${groupId}, ${userId})`.execute(fresh.database.db);
}

test('an account made anew under the same login is not judged by what is left of the old one', async () => {
  const login = 'ana@acme.example';
  await person('00uold', login);
  await person('00unew', login);
  await provisioned('00uold', login, false, 'readers');
  const { db } = fresh.database;
  expect(await isSwitchedOff(db, { externalId: '00uold', userNames: [login] })).toBe(true);
  expect(await isSwitchedOff(db, { externalId: '00unew', userNames: [login] })).toBe(false);
  await sql`update scim_users set active = true where external_id = '00uold'`.execute(db);
  expect(await isInAnyGroup(db, { externalId: '00uold', userNames: [login] }, ['readers'])).toBe(true);
  expect(await isInAnyGroup(db, { externalId: '00unew', userNames: [login] }, ['readers'])).toBe(false);
});

test('a client that sends an id of its own is still found by the login', async () => {
  const login = 'ben@acme.example';
  await person('00uben', login);
  await provisioned('ben', login, true, 'writers');
  const who = { externalId: '00uben', userNames: [login] };
  expect(await isInAnyGroup(fresh.database.db, who, ['writers'])).toBe(true);
  expect(await isSwitchedOff(fresh.database.db, who)).toBe(false);
});
