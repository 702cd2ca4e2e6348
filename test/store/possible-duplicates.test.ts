import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinPeople } from '../../src/store/join-people.ts';
import { rememberPerson } from '../../src/store/people.ts';
import { possibleDuplicatesOf, withPossibleDuplicates } from '../../src/store/possible-duplicates.ts';
import { freshDatabase } from '../database.ts';
import { idpPerson } from './given.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const met = async (
  system: string,
  name: string,
  more: Parameters<typeof idpPerson>[1] = {},
  isUnconfirmed = false,
) =>
  (
    await rememberPerson(
      fresh.database.db,
      system,
      idpPerson(name, { id: `${system}-${randomUUID()}`, ...more }),
      isUnconfirmed,
    )
  ).id;
const nameOf = () => `p${randomUUID().slice(0, 8)}`;
const found = async (id: string) =>
  [...(await possibleDuplicatesOf(fresh.database.db, [id])).values()].flat();

test('who goes by the address or the login of somebody at another identity provider may be the same', async () => {
  const name = nameOf();
  const okta = await met('okta', name);
  const entra = await met('entra', name.toUpperCase());
  expect(await found(okta)).toEqual([entra]);
  expect(await found(entra)).toEqual([okta]);
  expect(await withPossibleDuplicates(fresh.database.db, [okta])).toEqual(new Set([okta, entra]));

  const other = nameOf();
  const [byLogin, byMail] = [
    await met('okta', other, { login: `${other}@login.example`, email: `${other}@mail.example` }),
    await met('entra', other, { login: `x${other}@x.example`, email: `${other}@login.example` }),
  ];
  expect(await found(byLogin)).toEqual([byMail]);
});

test('nobody is one of two accounts of one provider, of a record that nobody confirmed, or once they are joined', async () => {
  const { db } = fresh.database;
  const twice = nameOf();
  const [one] = [await met('okta', twice), await met('okta', twice)];
  expect(await found(one)).toEqual([]);

  const pushed = nameOf();
  const known = await met('okta', pushed);
  await met('entra', pushed, {}, true);
  expect(await found(known)).toEqual([]);

  const joined = nameOf();
  const [first, second] = [await met('okta', joined), await met('entra', joined)];
  expect(await joinPeople(db, first, second)).toBe(first);
  expect(await found(first)).toEqual([]);
  // Another account by the address, met later: the one who has both is known at each, so only the other may be them.
  const third = await met('entra', joined);
  expect(await found(first)).toEqual([]);
  expect(await found(third)).toEqual([first]);
});
