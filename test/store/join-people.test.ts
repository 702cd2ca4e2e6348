import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followsPerson, historyOfPerson, joinPeople } from '../../src/store/join-people.ts';
import { linkOf, personByLink, readPerson, rememberPerson } from '../../src/store/people.ts';
import { freshDatabase } from '../database.ts';
import { idpPerson } from './given.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

/** Somebody whom both have, as two records. */
async function known() {
  const { db } = fresh.database;
  const name = `p${randomUUID().slice(0, 8)}`;
  const first = await rememberPerson(db, 'okta', idpPerson(name, { id: `00u-${name}` }));
  const second = await rememberPerson(
    db,
    'entra',
    idpPerson(name, { id: `guid-${name}`, department: 'Sales' }),
  );
  return { db, name, first, second };
}

const grantTo = async (personId: string) =>
  await sql`insert into mcp_tokens (id, person_id, name, hash, created_at, expires_at)
    values (${randomUUID()}, ${personId}, ${randomUUID()}, ${Buffer.from(randomUUID())}, now(), now())`.execute(
    fresh.database.db,
  );

describe('two records of one person', () => {
  test('become one, found by either id, and the first goes on speaking for them', async () => {
    const { db, name, first, second } = await known();
    await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
      values (${first.id}, 'g1', 'one', now()), (${second.id}, 'g1', 'one', now()), (${second.id}, 'g2', 'two', now())`.execute(
      db,
    );

    expect(await joinPeople(db, first.id, second.id)).toBe(first.id);

    expect(await readPerson(db, second.id)).toBeNull();
    expect((await personByLink(db, 'entra', `guid-${name}`))?.id).toBe(first.id);
    expect(await linkOf(db, first.id, 'okta')).toBe(`00u-${name}`);
    const { rows } =
      await sql`select group_id from baseline_members where person_id = ${first.id} order by 1`.execute(db);
    expect(rows).toEqual([{ group_id: 'g1' }, { group_id: 'g2' }]);
    // What the other says from now on is told to whoever asks it, and changes nothing that the first has said.
    const asEntra = await rememberPerson(
      db,
      'entra',
      idpPerson(name, { id: `guid-${name}`, department: 'Legal' }),
    );
    expect(asEntra).toMatchObject({ id: first.id, department: 'Legal' });
    expect((await readPerson(db, first.id))?.department).toBe(first.department);
  });

  test('become the one with a history, whichever it is', async () => {
    const { db, name, first, second } = await known();
    await grantTo(second.id);
    expect(await joinPeople(db, first.id, second.id)).toBe(second.id);
    expect((await personByLink(db, 'okta', `00u-${name}`))?.id).toBe(second.id);
  });

  test('stay two where both have one', async () => {
    const { db, first, second } = await known();
    await grantTo(first.id);
    await grantTo(second.id);
    expect(await joinPeople(db, first.id, second.id)).toBeNull();
    expect(await readPerson(db, second.id)).not.toBeNull();
  });
});

test('every table that names a person either follows them or is their history', async () => {
  const { rows } = await sql<{ name: string }>`
    select c.conrelid::regclass || '.' || a.attname as name from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'f' and c.confrelid = 'people'::regclass order by 1`.execute(fresh.database.db);
  const listed = [...followsPerson, ...historyOfPerson].map(({ table, column }) => `${table}.${column}`);
  expect(rows.map(({ name }) => name).filter((name) => !listed.includes(name))).toEqual([]);
});
