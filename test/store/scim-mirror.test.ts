import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nameKey } from '../../src/core/name-key.ts';
import { scimStatus } from '../../src/store/scim-mirror.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());
beforeEach(async () => {
  await sql`truncate people, scim_users, scim_groups cascade`.execute(fresh.database.db);
  await sql`insert into scim_groups (id, source, display_name, display_name_key, created_at, updated_at)
    values (${GROUP_ID}, 'okta', ${GROUP}, ${GROUP}, now(), now())`.execute(fresh.database.db);
});

const LOGIN = 'ana@acme.example';
const EMAIL = 'ana.berg@acme.example';
const GROUP = 'readers';
const GROUP_ID = randomUUID();

/** A SCIM user: which name, under whose id, and what is said of it. */
type Record = { name: string; id: string | null; active: boolean; isMember: boolean };
type Case = {
  records: Record[];
  /** Ids that we know, besides Ana's own, and whose they are. */
  links?: { id: string; of: 'Ana' | 'Ben' | 'somebody else'; system?: 'okta' | 'entra' }[];
  off: boolean | null;
  isIn: boolean;
  byAnothersOnly: boolean;
};

const on = { active: true, isMember: true };
const off = { active: false, isMember: true };
const OWN = '00uAna';

const cases: { [what: string]: Case } = {
  'never provisioned': { records: [], off: null, isIn: false, byAnothersOnly: false },
  'own record, on': {
    records: [{ name: LOGIN, id: OWN, ...on }],
    off: false,
    isIn: true,
    byAnothersOnly: false,
  },
  'own record, off': {
    records: [{ name: LOGIN, id: OWN, ...off }],
    off: true,
    isIn: false,
    byAnothersOnly: false,
  },
  'own record off, and another account on under the e-mail': {
    records: [
      { name: 'ana.old@acme.example', id: OWN, ...off },
      { name: EMAIL, id: '00uOther', ...on },
    ],
    links: [{ id: '00uOther', of: 'somebody else' }],
    off: true,
    isIn: false,
    byAnothersOnly: false,
  },
  'a client that sends no id': {
    records: [{ name: LOGIN, id: null, ...off }],
    off: true,
    isIn: false,
    byAnothersOnly: false,
  },
  'a client that sends an id of its own, on': {
    records: [{ name: LOGIN.toUpperCase(), id: 'employee-1', ...on }],
    off: false,
    isIn: true,
    byAnothersOnly: false,
  },
  'a client that sends an id of its own, off': {
    records: [{ name: LOGIN, id: 'employee-1', ...off }],
    off: true,
    isIn: false,
    byAnothersOnly: false,
  },
  'an id that is nobody’s, off, where the IdP provisions by its ids': {
    records: [
      { name: LOGIN, id: 'made-up', ...off },
      { name: 'ben@acme.example', id: '00uBen', ...on },
    ],
    links: [{ id: '00uBen', of: 'Ben' }],
    off: null,
    isIn: false,
    byAnothersOnly: true,
  },
  'no id, off, where the IdP provisions by its ids': {
    records: [
      { name: LOGIN, id: null, ...off },
      { name: 'ben@acme.example', id: '00uBen', ...on },
    ],
    links: [{ id: '00uBen', of: 'Ben' }],
    off: true,
    isIn: false,
    byAnothersOnly: false,
  },
  'an id of its own that is known as hers, off': {
    records: [{ name: LOGIN, id: 'employee-1', ...off }],
    links: [{ id: 'employee-1', of: 'Ana' }],
    off: true,
    isIn: false,
    byAnothersOnly: false,
  },
  'Entra’s id, known as hers, off': {
    records: [{ name: LOGIN, id: 'e1', ...off }],
    links: [{ id: 'e1', of: 'Ana', system: 'entra' }],
    off: true,
    isIn: false,
    byAnothersOnly: false,
  },
  'the account made anew: what is left of the old one, off, says nothing': {
    records: [{ name: LOGIN, id: '00uOld', ...off }],
    links: [{ id: '00uOld', of: 'somebody else' }],
    off: null,
    isIn: false,
    byAnothersOnly: true,
  },
  'a twin that is on counts, and the IdP is asked': {
    records: [{ name: LOGIN, id: 'employee-1', ...on }],
    links: [{ id: 'employee-1', of: 'somebody else' }],
    off: false,
    isIn: true,
    byAnothersOnly: true,
  },
  'a twin that is on, in no group, is no word against': {
    records: [{ name: LOGIN, id: 'employee-1', active: true, isMember: false }],
    links: [{ id: 'employee-1', of: 'somebody else' }],
    off: false,
    isIn: false,
    byAnothersOnly: true,
  },
  'another’s off under the e-mail, hers on under the login': {
    records: [
      { name: EMAIL, id: '00uOther', ...off },
      { name: LOGIN, id: 'employee-1', ...on },
    ],
    links: [{ id: '00uOther', of: 'somebody else' }],
    off: false,
    isIn: true,
    byAnothersOnly: false,
  },
  'another’s off under the e-mail, hers off under the login': {
    records: [
      { name: EMAIL, id: '00uOther', ...off },
      { name: LOGIN, id: 'employee-1', ...off },
    ],
    links: [{ id: '00uOther', of: 'somebody else' }],
    off: true,
    isIn: false,
    byAnothersOnly: false,
  },
};

describe('whose SCIM user it is', () => {
  test.each(Object.entries(cases))('%s', async (_, { records, links = [], off, isIn, byAnothersOnly }) => {
    const { db } = fresh.database;
    const ids = {
      Ana: await person(),
      'somebody else': await person(),
      Ben: await person('ben@acme.example'),
    };
    for (const { id, of, system = 'okta' } of [{ id: OWN, of: 'Ana' } as const, ...links])
      await sql`insert into person_links (system, external_id, person_id)
        values (${system}, ${id}, ${ids[of]})`.execute(db);
    for (const record of records) await provisioned(record);

    const who = { personId: ids.Ana, externalId: OWN, userNames: [LOGIN, EMAIL], source: 'okta' as const };
    expect(await scimStatus(db, who, [GROUP])).toEqual({
      isSwitchedOff: off,
      isInAnyGroup: isIn,
      isByAnothersOnly: byAnothersOnly,
    });
  });
});

async function person(login = LOGIN): Promise<string> {
  const id = randomUUID();
  await sql`insert into people (id, email, login, name, status)
    values (${id}, ${EMAIL}, ${login}, 'Ana Berg', 'active')`.execute(fresh.database.db);
  return id;
}

async function provisioned({ name, id, active, isMember }: Record): Promise<void> {
  const { db } = fresh.database;
  const userId = randomUUID();
  await sql`insert into scim_users (id, source, user_name, user_name_key, external_id, active, resource, created_at, updated_at)
    values (${userId}, 'okta', ${name}, ${nameKey(name)}, ${id}, ${active}, '{}', now(), now())`.execute(db);
  if (isMember) await sql`insert into scim_members values (${GROUP_ID}, ${userId})`.execute(db);
}
