import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { moveLinks } from '../../src/store/join-people.ts';
import {
  linkOf,
  linksOf,
  peopleByEmail,
  peopleWithAccounts,
  personByLink,
  readPerson,
  rememberPerson,
} from '../../src/store/people.ts';
import { linkPerson, noteAccount } from '../../src/store/person-links.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { idpPerson, somebody } from './given.ts';

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterAll(() => fresh.close());

describe('a person', () => {
  test('stays one person through a new login and e-mail', async () => {
    const first = await rememberPerson(db, 'okta', idpPerson('ines'));
    const renamed = await rememberPerson(db, 'okta', idpPerson('ines.moreau', { id: 'okta-ines' }));
    expect(renamed.id).toBe(first.id);
    expect(await readPerson(db, first.id)).toMatchObject({
      login: 'ines.moreau',
      email: 'ines.moreau@acme.example',
    });
  });

  test('with the same e-mail but another id is another person: addresses are given to others in time', async () => {
    const first = await rememberPerson(db, 'okta', idpPerson('sam'));
    const other = await rememberPerson(db, 'okta', idpPerson('sam', { id: 'okta-sam-2' }));
    expect(other.id).not.toBe(first.id);
  });

  test('with the same id in another IdP is another person', async () => {
    const okta = await rememberPerson(db, 'okta', idpPerson('x', { id: 'same' }));
    expect((await rememberPerson(db, 'entra', idpPerson('x', { id: 'same' }))).id).not.toBe(okta.id);
  });

  test('met by many at once is stored once', async () => {
    const met = await Promise.all(
      Array.from({ length: 12 }, () => rememberPerson(db, 'okta', idpPerson('tom'))),
    );
    expect(new Set(met.map((p) => p.id)).size).toBe(1);
    expect(await db.selectFrom('people').select('id').where('login', '=', 'tom').execute()).toHaveLength(1);
  });

  test.each(['suspended', 'deprovisioned', 'inactive'] as const)(
    'who is %s is not active',
    async (status) => {
      expect((await rememberPerson(db, 'okta', idpPerson(`one-${status}`, { status }))).isActive).toBe(false);
    },
  );
});

describe('links', () => {
  test('what is only an unconfirmed record moves to who it turns out to be; what the IdP has answered by stays', async () => {
    const real = await rememberPerson(db, 'okta', idpPerson('vera'));
    const unconfirmed = await rememberPerson(db, 'okta', idpPerson('vera', { id: 'employee-1' }), true);
    const former = await rememberPerson(db, 'okta', idpPerson('vera', { id: 'okta-vera-old' }), true);
    // Confirmed: the IdP knew it once.
    await rememberPerson(db, 'okta', idpPerson('vera', { id: 'okta-vera-old' }));
    await rememberPerson(db, 'okta', idpPerson('vera', { id: 'okta-vera-old' }), true);

    for (const from of [unconfirmed.id, former.id])
      await moveLinks(db, 'okta', { from, to: real.id, onlyUnconfirmed: true });
    expect((await personByLink(db, 'okta', 'employee-1'))?.id).toBe(real.id);
    expect((await personByLink(db, 'okta', 'okta-vera-old'))?.id).toBe(former.id);
    // Called by its own id still.
    expect(await linkOf(db, real.id, 'okta')).toBe('okta-vera');

    await moveLinks(db, 'okta', { from: former.id, to: real.id, onlyUnconfirmed: false });
    expect((await personByLink(db, 'okta', 'okta-vera-old'))?.id).toBe(real.id);
  });

  test('what was told under an unconfirmed id is about who it turns out to be; what was told under another stays', async () => {
    // given
    const real = await rememberPerson(db, 'okta', idpPerson('wim'));
    const record = await rememberPerson(db, 'okta', idpPerson('wim', { id: 'employee-2' }), true);
    const tellOf = (key: string, externalId: string) =>
      sql`insert into observed (key, event_source, payload, occurred_at, person_id) values (${key}, 'scim',
        ${JSON.stringify({ kind: 'membership', idp: 'okta', person: { id: externalId } })}::jsonb, now(), ${record.id})`.execute(
        db,
      );
    await tellOf('wim:1', 'employee-2');
    await tellOf('wim:2', 'another');

    // when
    await moveLinks(db, 'okta', { from: record.id, to: real.id, onlyUnconfirmed: true });

    // then
    const { rows } = await sql<{ key: string; about: string }>`select key, person_id as about from observed
      where key like 'wim:%' order by key`.execute(db);
    expect(rows).toEqual([
      { key: 'wim:1', about: real.id },
      { key: 'wim:2', about: record.id },
    ]);
  });

  test('lead from an account to the person and back, the newest first', async () => {
    const { id } = await rememberPerson(db, 'okta', idpPerson('olga'));
    expect(await linkOf(db, id, 'slack')).toBeNull();
    await linkPerson(db, id, 'slack', 'U1');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await linkPerson(db, id, 'slack', 'U2');
    expect(await linkOf(db, id, 'slack')).toBe('U2');
    expect((await personByLink(db, 'slack', 'U1'))?.id).toBe(id);
    expect(await personByLink(db, 'anypoint', 'U1')).toBeNull();
  });

  test('an account that moved to another person moves here too', async () => {
    const a = await rememberPerson(db, 'okta', idpPerson('a'));
    const b = await rememberPerson(db, 'okta', idpPerson('b'));
    await linkPerson(db, a.id, 'anypoint', 'user-1');
    await linkPerson(db, b.id, 'anypoint', 'user-1');
    expect(await linkOf(db, a.id, 'anypoint')).toBeNull();
    expect(await linkOf(db, b.id, 'anypoint')).toBe('user-1');
  });

  test('noted of many at the same time are each where they would be one after the other', async () => {
    const [a, b, c] = await Promise.all([somebody(db), somebody(db), somebody(db)]);
    await Promise.all([
      linkPerson(db, a, 'anypoint', 'many-1'),
      linkPerson(db, b, 'anypoint', 'many-2'),
      linkPerson(db, c, 'anypoint', 'many-1'),
      linkPerson(db, b, 'anypoint', 'many-4'),
    ]);
    expect(await linksOf(db, a, 'anypoint')).toEqual([]);
    expect(await linksOf(db, b, 'anypoint')).toEqual(['many-2', 'many-4']);
    expect(await linksOf(db, c, 'anypoint')).toEqual(['many-1']);
  });

  test('of somebody who is not there any more is refused alone', async () => {
    const a = await somebody(db);
    const gone = '00000000-0000-4000-8000-000000000000';
    const ended = await Promise.allSettled([
      linkPerson(db, gone, 'anypoint', 'gone-1'),
      linkPerson(db, a, 'anypoint', 'here-1'),
    ]);
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await linksOf(db, a, 'anypoint')).toEqual(['here-1']);
  });

  test('an account of whom the IdP has confirmed never moves to whom only an unconfirmed record names; nor does what they are called', async () => {
    const real = await rememberPerson(db, 'okta', idpPerson('kim'));
    await linkPerson(db, real.id, 'anypoint', 'user-kim');
    const unconfirmed = await rememberPerson(db, 'okta', idpPerson('kim', { id: 'made-up' }), true);

    await linkPerson(db, unconfirmed.id, 'anypoint', 'user-kim');
    await noteAccount(db, unconfirmed.id, 'slack', 'UKIM');
    await rememberPerson(db, 'okta', { ...idpPerson('mallory'), id: 'okta-kim' }, true);

    expect(await linkOf(db, real.id, 'anypoint')).toBe('user-kim');
    expect(await personByLink(db, 'slack', 'UKIM')).toBeNull();
    expect((await readPerson(db, real.id))?.login).toBe('kim');
    expect((await peopleByEmail(db, real.email)).map(({ id }) => id)).toEqual([real.id]);
  });

  test('an account that a message went to is noted for whoever has none, and taken from nobody', async () => {
    const one = await rememberPerson(db, 'okta', idpPerson('lea'));
    const other = await rememberPerson(db, 'okta', idpPerson('lea', { id: 'okta-lea-2' }));
    await noteAccount(db, one.id, 'slack', 'ULEA');
    await noteAccount(db, other.id, 'slack', 'ULEA');
    expect((await personByLink(db, 'slack', 'ULEA'))?.id).toBe(one.id);
  });

  test('people are named with their newest account, by id and by e-mail, in one go', async () => {
    const erik = await rememberPerson(db, 'okta', idpPerson('erik'));
    const zoe = await rememberPerson(db, 'okta', idpPerson('zoe'));
    await linkPerson(db, erik.id, 'slack', 'UE1');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await linkPerson(db, erik.id, 'slack', 'UE2');
    const found = await peopleWithAccounts(db, {
      ids: [zoe.id, null],
      emails: ['ERIK@acme.example', 'no@body'],
      system: 'slack',
    });
    expect(new Map(found.map((p) => [p.id, p.accountId]))).toEqual(
      new Map<string, string | null>([
        [erik.id, 'UE2'],
        [zoe.id, null],
      ]),
    );
    expect(await peopleWithAccounts(db, { ids: [], emails: [], system: 'slack' })).toEqual([]);
  });
});
