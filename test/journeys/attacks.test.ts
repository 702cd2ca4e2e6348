import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { credentials, type Person, people as seeded } from '../../src/sandbox/seed.ts';
import { createToken } from '../../src/scim/tokens.ts';
import type { ScimSource } from '../../src/store/scim-tables.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './leaver-walk.ts';

/** What an attacker tries, by kind: what is right is that nobody innocent loses and nobody wrong gets. */

const PATIENCE_MS = 90_000;
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const MANAGED = 'anypoint-orders-read';

describe('a SCIM token of another source than the IdP', () => {
  let stage: Stage;
  let walk: Journey;
  let leavers: LeaverWalk;
  const tokens = new Map<ScimSource, string>();
  beforeAll(async () => {
    ({ stage, walk } = await setOut());
    leavers = walkWithLeavers(walk);
    for (const source of ['entra', 'other'] as const) {
      const made = await createToken(stage.latchkey.road.db, { source, name: `of ${source}`, days: null });
      if (made !== null) tokens.set(source, made.token);
    }
    await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'the stuck orders of last night' });
    await walk.isQuiet();
  }, PATIENCE_MS);
  afterAll(() => stage?.close());

  const scim = async (source: ScimSource, method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${stage.latchkey.url}/scim/v2${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.get(source)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  const seed = (key: string) => seeded.find((person) => person.key === key) as Person;
  const oktasRecord = async (key: string) => {
    const [row] = await walk.query<{ id: string; version: number; active: boolean }>(
      `select id, version, active from scim_users where external_id = $1 and source = 'okta'`,
      [seed(key).oktaId],
    );
    return row ?? expect.fail(`Okta has not provisioned ${key}`);
  };
  const teams = () => walk.request('GET', '/anypoint/sim/teams');
  const cases = () => walk.query('select id from offboardings order by id');
  const links = () =>
    walk.query('select system, external_id, person_id from person_links order by system, external_id');
  const people = () => walk.query('select id, email, login, name, status from people order by id');

  let before: unknown;
  const world = async () => ({
    teams: await teams(),
    cases: await cases(),
    links: await links(),
    people: await people(),
  });
  beforeEach(async () => {
    await walk.isQuiet();
    before = await world();
  });

  test.each(['other', 'entra'] as const)(
    'of source %s can’t list, read, deactivate, rename or delete whom Okta provisions',
    async (source) => {
      const ines = await oktasRecord('ines');
      const off = {
        schemas: [PATCH],
        Operations: [{ op: 'replace', path: 'active', value: false }],
      };
      const renamed = { schemas: [USER], userName: `taken-over-by-${source}@acme.example`, active: true };
      const answers = [
        await scim(source, 'GET', `/Users/${ines.id}`),
        await scim(source, 'PATCH', `/Users/${ines.id}`, off),
        await scim(source, 'PUT', `/Users/${ines.id}`, renamed),
        await scim(source, 'DELETE', `/Users/${ines.id}`),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
      const [team] = await walk.query<{ id: string }>(
        `select id from scim_groups where display_name = $1 and source = 'okta'`,
        [MANAGED],
      );
      const out = {
        schemas: [PATCH],
        Operations: [{ op: 'remove', path: `members[value eq "${ines.id}"]` }],
      };
      expect((await scim(source, 'PATCH', `/Groups/${team?.id}`, out)).status).toBe(403);
      expect((await scim(source, 'DELETE', `/Groups/${team?.id}`)).status).toBe(403);
      for (const path of ['/Users', '/Groups', '/'])
        expect((await scim(source, 'GET', path)).body).toMatchObject({ totalResults: 0 });
      await walk.isQuiet();
      expect(await oktasRecord('ines')).toEqual(ines);
      expect(await world()).toEqual(before);
    },
    PATIENCE_MS,
  );

  test(
    'that makes a person up with somebody’s e-mail, in a group of a managed name, moves nobody',
    async () => {
      const mallory = await scim('other', 'POST', '/Users', {
        schemas: [USER],
        userName: 'zz-nobody',
        externalId: 'not-in-okta',
        displayName: 'Mallory',
        emails: [{ value: 'olga@acme.example' }, { value: seed('ines').email, primary: true }],
      });
      expect(mallory.status).toBe(201);
      const member = [{ value: mallory.body.id }];
      const gang = await scim('other', 'POST', '/Groups', {
        schemas: [GROUP],
        displayName: MANAGED,
        members: member,
      });
      expect(gang.status).toBe(201);
      const operations = [
        { op: 'replace', path: 'active', value: false },
        { op: 'replace', path: 'active', value: true },
        { op: 'replace', path: 'userName', value: 'zz-somebody-else' },
      ];
      for (const operation of operations)
        await scim('other', 'PATCH', `/Users/${mallory.body.id}`, {
          schemas: [PATCH],
          Operations: [operation],
        });
      await scim('other', 'DELETE', `/Users/${mallory.body.id}`);
      await walk.isQuiet();
      expect(await world()).toEqual(before);
    },
    PATIENCE_MS,
  );

  test(
    'can’t take a login or an externalId that Okta has given, by POST, PUT or PATCH',
    async () => {
      const ines = seed('ines');
      const made = await scim('other', 'POST', '/Users', { schemas: [USER], userName: 'mallory' });
      const path = `/Users/${made.body.id}`;
      const change = (value: unknown) => ({ schemas: [PATCH], Operations: [{ op: 'replace', value }] });
      const answers = [
        await scim('other', 'POST', '/Users', {
          schemas: [USER],
          userName: 'mallory2',
          externalId: ines.oktaId,
        }),
        await scim('entra', 'POST', '/Users', { schemas: [USER], userName: ines.email.toUpperCase() }),
        await scim('other', 'PUT', path, {
          schemas: [USER],
          userName: 'mallory',
          externalId: ines.oktaId,
        }),
        await scim('other', 'PATCH', path, change({ externalId: ines.oktaId })),
        await scim('other', 'PATCH', path, change({ userName: ines.email })),
      ];
      expect(answers.map(({ status, body }) => [status, body.scimType])).toEqual(
        answers.map(() => [409, 'uniqueness']),
      );
      await walk.isQuiet();
      expect(await world()).toEqual(before);
    },
    PATIENCE_MS,
  );

  test(
    'that knew a newcomer’s id first neither stops Okta nor hides that Okta takes the app away',
    async () => {
      // given a newcomer in Okta, whose id a stranger uses before Okta provisions them
      const email = 'nils@acme.example';
      await walk.request('POST', '/okta/sim/push', { paused: true });
      const hired = await fetch(`${stage.world.url}/okta/api/v1/users?activate=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `SSWS ${credentials.oktaApiToken}` },
        body: JSON.stringify({
          profile: { firstName: 'Nils', lastName: 'Berg', login: email, email, department: 'Orders' },
        }),
      });
      const { id } = (await hired.json()) as { id: string };
      const mask = await scim('other', 'POST', '/Users', {
        schemas: [USER],
        userName: email,
        externalId: id,
        active: true,
      });
      expect(mask.status).toBe(201);

      // when Okta provisions them, and takes the app away
      await walk.request('POST', '/okta/sim/push', { paused: false });
      await walk.request('POST', '/okta/sim/assign', { key: 'nils', assigned: true });
      const record = () =>
        walk.query<{ active: boolean }>(
          `select active from scim_users where external_id = $1 and source = 'okta'`,
          [id],
        );
      await walk.until('Okta has provisioned', async () => (await record())[0]?.active === true);
      await walk.isQuiet();
      await walk.request('POST', '/okta/sim/assign', { key: 'nils', assigned: false });

      // then it is seen: there is a case
      await walk.until('Okta has taken it away', async () => (await record())[0]?.active === false);
      await leavers.caseIs('nils', 'asking');
    },
    PATIENCE_MS,
  );
});
