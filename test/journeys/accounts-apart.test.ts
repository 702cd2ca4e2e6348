import { afterAll, beforeAll, expect, test } from 'vitest';
import { at } from '../../src/flow/idps/idps.ts';
import { evaluatePerson } from '../../src/flow/joiner-mover/evaluate-person.ts';
import { identify } from '../../src/flow/people/identify.ts';
import { excludedFrom, nobodyTold } from '../../src/flow/request/deciders.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { type Person, peopleByEmail, personByLink, rememberPerson } from '../../src/store/people.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { idpPerson } from '../store/given.ts';
import { type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';
import { mira, walkWithLeavers } from './offboarding-walk.ts';

/** Of Okta, and of Entra. */
const READ = { key: 'orders-api-read', group: 'anypoint-orders-read' };
const DEPLOY = { key: 'orders-api-deploy', group: 'anypoint-orders-deploy' };
const PATIENCE_MS = 60_000;
/** Whom the chat does not know: nothing shows which accounts are theirs. */
const lena = {
  ...crowdPerson(1),
  key: 'lena',
  name: 'Lena Ott',
  email: 'lena@acme.example',
  department: 'Orders',
  slackKind: 'none' as const,
};

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ idp: 'both', listenEveryMs: 300, people: [...seeded, mira, lena] }));
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

const inOkta = (method: 'POST' | 'DELETE', key: string, group = READ.group) =>
  walk.request(method, `/okta/sim/groups/${group}/members/${key}`);
const inEntra = (key: string, isMember: boolean, group = DEPLOY.group) =>
  walk.request('POST', '/entra/sim/members', { group, key, isMember });
const happens = (key: string, happening: string, fields?: object) =>
  walk.request('POST', '/entra/sim/users', { key, happening, ...(fields === undefined ? {} : { fields }) });
const records = (key: string) => peopleByEmail(stage.latchkey.context.db, `${key}@acme.example`);
const entraIdOf = async (key: string) =>
  (await walk.request<{ userId: string }>('POST', '/entra/sim/users', { key, happening: 'updated' })).userId;

async function found(key: string, of: { key: string }): Promise<{ id: string; person_id: string }> {
  return await walk.until(
    `${key} is found in ${of.key}`,
    async () => {
      const rows = await walk.query<{ id: string; person_id: string }>(
        `select c.id, c.person_id from changes c join people p on p.id = c.person_id
       where p.email = $1 and c.entitlement_key = $2 and c.doc->>'cause' = 'finding' and c.state = 'asking'`,
        [`${key}@acme.example`, of.key],
      );
      return rows[0];
    },
    PATIENCE_MS,
  );
}
/** Known by Okta alone, with something that was asked about them. */
async function metInOkta(key: string): Promise<string> {
  await inOkta('POST', key);
  return (await found(key, READ)).person_id;
}
async function identified(key: string): Promise<Person> {
  const person = await identify(stage.latchkey.context, slackIdOf(key));
  return 'id' in person ? person : expect.fail(`${key} is not identified: ${JSON.stringify(person)}`);
}

test(
  'somebody found in one, and then by another account in the other, is one person on both cards',
  async () => {
    // given
    const known = await metInOkta('erik');

    // when somebody puts his account in Entra into a group there
    await inEntra('erik', true);

    // then
    expect((await found('erik', DEPLOY)).person_id).toBe(known);
    expect(await records('erik')).toHaveLength(1);
    expect((await personByLink(stage.latchkey.context.db, 'entra', await entraIdOf('erik')))?.id).toBe(known);
  },
  PATIENCE_MS,
);

test(
  'the owner who is put into her own group in Entra is nobody who decides on it, joined or not',
  async () => {
    // given
    const olga = await metInOkta('olga');

    // when
    await inEntra('olga', true);
    const finding = await found('olga', DEPLOY);

    // then
    expect(finding.person_id).toBe(olga);
    const { plan } = await walk.change(finding.id);
    expect(JSON.stringify(plan)).not.toContain(olga);

    // and where nobody can join them: another account of her address, which Entra does not have any more
    const { context } = stage.latchkey;
    const tom = await identified('tom');
    const apart = await rememberPerson(
      context.db,
      'entra',
      idpPerson('nadia', { id: 'e0000000-0000-4000-8000-00000000abcd', email: 'NADIA@acme.example' }),
    );
    await inOkta('POST', 'nadia');
    const nadia = (await found('nadia', READ)).person_id;
    const excluded = await excludedFrom(
      at(context, {}),
      { ...(await walk.change(finding.id)), personId: apart.id, requesterId: tom.id },
      nobodyTold,
    );
    expect([...excluded].sort()).toEqual([apart.id, nadia, tom.id].sort());
  },
  PATIENCE_MS,
);

test(
  'whoever arrives in Entra gets by rule what their department has, as the person whom Okta knows',
  async () => {
    // given
    const known = await metInOkta('mira');

    // when
    await happens('mira', 'updated');

    // then
    const given = await walk.until('it is given', async () => {
      const rows = await walk.query<{ person_id: string }>(
        `select person_id from changes where doc->>'cause' = 'birthright' and entitlement_key = 'dashboards-view'`,
      );
      return rows[0];
    });
    expect(given.person_id).toBe(known);
    expect(await records('mira')).toHaveLength(1);
  },
  PATIENCE_MS,
);

test(
  'deleted in Okta and made anew by the same login, while Entra has them: one person, by the new id',
  async () => {
    // given
    const { context } = stage.latchkey;
    const before = await identified('ines');
    const entraId = await entraIdOf('ines');
    expect((await personByLink(context.db, 'entra', entraId))?.id).toBe(before.id);

    // when
    await walk.request('DELETE', '/okta/sim/users/ines');
    const anew = await walk.directory.hires({
      firstName: 'Ines',
      lastName: 'Moreau',
      login: 'ines@acme.example',
      email: 'ines@acme.example',
    });
    await evaluatePerson(context, { job: 'evaluatePerson', personId: before.id });

    // then
    await walk.until('both accounts are hers', async () => {
      const [okta, entra] = [
        await personByLink(context.db, 'okta', anew),
        await personByLink(context.db, 'entra', entraId),
      ];
      return okta !== null && okta.id === entra?.id;
    });
    expect(await records('ines')).toHaveLength(1);
    expect(await walk.query('select 1 from offboardings')).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  'an address that Entra has given to somebody else joins nobody with them',
  async () => {
    // given
    const { context } = stage.latchkey;
    const sam = await identified('sam');
    const own = await entraIdOf('sam');

    // when Sam has another address there, and a newcomer has his
    const renamed = 'sam.whitaker@acme.example';
    await happens('sam', 'updated', { login: renamed, email: renamed });
    const other = await walk.request<{ id: string }>('POST', '/entra/sim/users/new', {
      userPrincipalName: 'sam@acme.example',
      mail: 'sam@acme.example',
      displayName: 'Samuel Young',
    });

    // then
    expect((await identified('sam')).id).toBe(sam.id);
    expect((await personByLink(context.db, 'entra', own))?.id).toBe(sam.id);
    const stranger = await personByLink(context.db, 'entra', other.id);
    expect(stranger?.id).toBeDefined();
    expect(stranger?.id).not.toBe(sam.id);
  },
  PATIENCE_MS,
);

test(
  'deleted in Entra and restored within its thirty days: told both times, and the group that came back with them is asked about',
  async () => {
    // given
    const asked = await walk.asks('erik', { entitlement: 'payments-api-read', reason: 'Stays at Okta' });
    await walk.click('sam', asked.card, 'approve');
    await walk.becomes(asked.id, 'inEffect', PATIENCE_MS);

    // when
    await happens('erik', 'deleted');

    // then
    const told = async () =>
      (await walk.messages('sofia', 'dm'))
        .filter(({ metadata }) => metadata?.event_payload?.marker?.includes(':lostAccount:'))
        .map(wordsOf);
    await walk.until('the admins are told', async () =>
      (await told()).some((text) => /Entra no longer has/.test(text)),
    );
    expect(
      await walk.query(
        `select 1 from offboardings o join people p on p.id = o.person_id where p.email = 'erik@acme.example'`,
      ),
    ).toEqual([]);

    // and when
    await happens('erik', 'restored');

    // then
    await walk.until('they are told that it is back', async () =>
      (await told()).some((text) => /Entra has <@\w+> again/.test(text)),
    );
    expect(await records('erik')).toHaveLength(1);
    expect((await walk.change(asked.id)).state).toBe('inEffect');
    await found('erik', DEPLOY);
  },
  PATIENCE_MS,
);

test(
  'accounts that nobody can join stay two: one leaves, and the card says that the other may be theirs too',
  async () => {
    // given
    const leavers = walkWithLeavers(walk);
    const known = await metInOkta('lena');
    await inEntra('lena', true);
    const other = await found('lena', DEPLOY);
    expect(other.person_id).not.toBe(known);

    // when
    await walk.directory.sets('lena', 'DEPROVISIONED');

    // then
    const [opened] = await walk.until('her case is there', async () => {
      const rows = await walk.query<{ id: string; person_id: string }>(
        'select id, person_id from offboardings where person_id = any($1)',
        [[known, other.person_id]],
      );
      return rows.length > 0 && rows;
    });
    expect(opened?.person_id).toBe(known);
    await leavers.cardSays(opened?.id ?? '', 'Entra has Lena Ott active by the same address');
    expect((await walk.change(other.id)).state).toBe('asking');
  },
  PATIENCE_MS,
);

test(
  'a guest account by somebody’s address is nobody’s, and who is blocked in one is the same person in the other',
  async () => {
    // given
    const { context } = stage.latchkey;
    const nadia = await identified('nadia');
    const guest = await walk.request<{ id: string }>('POST', '/entra/sim/users/new', {
      userPrincipalName: 'nadia_acme.example#EXT#@partner.example',
      mail: 'nadia@acme.example',
      userType: 'Guest',
    });
    const own = await entraIdOf('nadia');

    // when
    await happens('nadia', 'blocked');

    // then
    expect((await identified('nadia')).id).toBe(nadia.id);
    expect((await personByLink(context.db, 'entra', own))?.id).toBe(nadia.id);
    expect(await personByLink(context.db, 'entra', guest.id)).toBeNull();
  },
  PATIENCE_MS,
);
