import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinPeople } from '../../src/store/join-people.ts';
import { accountIsBack, lostAccountsOf, noteLostAccount } from '../../src/store/lost-accounts.ts';
import { rememberPerson } from '../../src/store/people.ts';
import { freshDatabase } from '../database.ts';
import { idpPerson } from './given.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const T0 = new Date('2026-11-02T09:00:00Z');
const minutes = (n: number) => new Date(T0.getTime() + n * 60_000);
const met = async (system = 'okta') =>
  (await rememberPerson(fresh.database.db, system, idpPerson('lost', { id: randomUUID() }))).id;
const lose = (personId: string, idp: string, at: Date) =>
  fresh.database.db
    .transaction()
    .execute((tx) =>
      noteLostAccount(
        tx,
        { personId, idp, other: 'entra', why: 'left', ended: ['Orders: read'], stays: [] },
        at,
      ),
    );

test('those whom one provider loses within ten minutes are one message, and those of another are not', async () => {
  const { db } = fresh.database;
  const people = await Promise.all(Array.from({ length: 5 }, () => met()));
  // By several workers at once.
  const notices = await Promise.all(people.map((id) => lose(id, 'okta', T0)));
  const [notice = ''] = notices;
  expect(new Set(notices).size).toBe(1);
  expect(await lose(await met(), 'entra', minutes(1))).not.toBe(notice);
  expect(await lose(await met(), 'okta', minutes(9))).toBe(notice);
  expect(await lose(await met(), 'okta', minutes(30))).not.toBe(notice);
  expect(await lostAccountsOf(db, notice)).toHaveLength(6);
});

test('it is back once, and follows a person whose records are joined', async () => {
  const { db } = fresh.database;
  const [first, second] = [await met(), await met('entra')];
  const notice = await lose(second, 'entra', minutes(60));
  expect(await joinPeople(db, first, second)).toBe(first);
  const back = () =>
    db.transaction().execute((tx) => accountIsBack(tx, { personId: first, idp: 'entra' }, minutes(61)));
  expect(await back()).toEqual([notice]);
  expect(await back()).toEqual([]);
  expect(await lostAccountsOf(db, notice)).toMatchObject([{ personId: first, backAt: minutes(61) }]);
});
