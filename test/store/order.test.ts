import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commit } from '../../src/flow/kernel/commit.ts';
import { requestsToLookAt } from '../../src/store/changes.ts';
import { unendedGrants } from '../../src/store/grants.ts';
import { heldBeside } from '../../src/store/holdings.ts';
import { shownItems } from '../../src/store/mass-changes.ts';
import { linksOf } from '../../src/store/people.ts';
import { linkPerson } from '../../src/store/person-links.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { approved, received, somebody } from './given.ts';

/** Rows are read from tables in one order, whichever way they were stored: cards and messages are made of them. */
let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

test('grants of a person, oldest first', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  const ages = [3, 9, 1, 7, 5];
  for (const age of ages) {
    const event = received(personId, { at: minutesAgo(age), entitlementKey: `of-${age}` });
    await commit(db, async () => ({
      result: null,
      events: [event, approved(event.changeId, minutesAgo(age))],
    }));
  }
  expect((await unendedGrants(db, { personId })).map((g) => g.entitlementKey)).toEqual(
    [9, 7, 5, 3, 1].map((age) => `of-${age}`),
  );
});

test('what a person holds and has asked for, by name', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  for (const name of ['m', 'z', 'a', 'q', 'c']) {
    const held = received(personId, { entitlementKey: `held-${name}` });
    await commit(db, async ({ now }) => ({ result: null, events: [held, approved(held.changeId, now)] }));
    await commit(db, async () => ({
      result: null,
      events: [received(personId, { entitlementKey: `asked-${name}` })],
    }));
  }
  expect(await heldBeside(db, personId, null)).toEqual({
    granted: ['a', 'c', 'm', 'q', 'z'].map((name) => `held-${name}`),
    scheduled: [],
    pending: ['a', 'c', 'm', 'q', 'z'].map((name) => `asked-${name}`),
    groupNames: [],
  });
});

test('what waits to be looked at, the longest overdue first, so that a limit leaves out none for ever', async () => {
  const { db } = fresh.database;
  const ids = new Map<number, string>();
  for (const age of [20, 60, 40]) {
    const event = received(await somebody(db), { at: minutesAgo(age) });
    ids.set(age, event.changeId);
    await commit(db, async () => ({ result: null, events: [event] }));
  }
  for (const [age, id] of ids)
    await sql`update changes set state = 'asking', look_at = ${minutesAgo(age)} where id = ${id}`.execute(db);
  expect(await requestsToLookAt(db, minutesAgo(10), 2)).toEqual([ids.get(60), ids.get(40)]);
  expect(await requestsToLookAt(db, minutesAgo(50), 9)).toEqual([ids.get(60)]);
});

test('accounts of a person, by id', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  for (const account of ['m', 'z', 'a']) await linkPerson(db, personId, 'anypoint', account);
  expect(await linksOf(db, personId, 'anypoint')).toEqual(['a', 'm', 'z']);
});

test('what somebody who moved holds, by what the card says of it', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  const id = randomUUID();
  await sql`insert into mass_changes (id, kind, scope, state, version, opened_at, doc)
    values (${id}, 'moved', ${`${personId}:x`}, 'asking', 1, now(), '{}')`.execute(db);
  for (const [key, note] of [
    ['1', 'c'],
    ['2', 'a'],
    ['3', 'b'],
  ])
    await sql`insert into mass_change_items (mass_change_id, item_key, person_id, note)
      values (${id}, ${key}, ${personId}, ${note})`.execute(db);
  expect((await shownItems(db, id, 10)).items.map((item) => item.note)).toEqual(['a', 'b', 'c']);
});
