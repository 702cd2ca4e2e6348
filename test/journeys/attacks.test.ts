import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Offboarding } from '../../src/core/offboarding/offboarding.ts';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { type Person, people as seeded } from '../../src/sandbox/seed.ts';
import { createToken } from '../../src/scim/tokens.ts';
import type { ScimSource } from '../../src/store/schema/scim-tables.ts';
import type { Stage } from '../stage.ts';
import { type Journey, onOktaAlone, setOut, wordsOf } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './offboarding-walk.ts';

/**
 * An attacker's attempts, by kind. It is right that nobody innocent loses and nobody wrong gets. Here: names and
 * records of others. Attacks on one door alone stand beside it:
 * - decisions (attacks-deciding.test.ts, kept-by-who-did-it.test.ts)
 * - deactivations in odd bodies (test/scim/deactivation.test.ts, any-deactivation.test.ts, refused-pushes.test.ts)
 * - generated names that collide (colliding-names.test.ts)
 * - requests that claim to come from Slack (test/slack/app/signed-request.test.ts)
 * - tokens, limits and slow clients (test/web/doors.test.ts)
 * - other pages (test/web/same-machine.test.ts)
 * - the database of this machine (test/store/postgres/embedded.test.ts)
 * - a queue or database that goes away (test/faults/)
 */

const PATIENCE_MS = 90_000;
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const MANAGED = 'anypoint-orders-read';
/** The source of the identity provider’s own token, and all others. */
const HOME: ScimSource = inject('idp') === 'entra' ? 'entra' : 'okta';
const OTHERS = (['other', 'entra', 'okta'] as const).filter((source) => source !== HOME);

describe('a SCIM token of another source than the IdP', () => {
  let stage: Stage;
  let walk: Journey;
  let leavers: LeaverWalk;
  const tokens = new Map<ScimSource, string>();
  beforeAll(async () => {
    ({ stage, walk } = await setOut());
    leavers = walkWithLeavers(walk);
    for (const source of OTHERS) {
      const made = await createToken(stage.latchkey.context.db, { source, name: `of ${source}`, days: null });
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
  const recordOf = async (key: string) => {
    const [row] = await walk.query<{ id: string; version: number; active: boolean }>(
      'select id, version, active from scim_users where external_id = $1 and source = $2',
      [await walk.directory.idOf(key), HOME],
    );
    return row ?? expect.fail(`${key} is not provisioned`);
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

  test.each(OTHERS)(
    'of source %s can’t list, read, deactivate, rename or delete whom the IdP provisions',
    async (source) => {
      const ines = await recordOf('ines');
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
        'select id from scim_groups where display_name = $1 and source = $2',
        [MANAGED, HOME],
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
      expect(await recordOf('ines')).toEqual(ines);
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
        externalId: 'not-in-the-directory',
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
    'can’t take a login or an externalId that the IdP has given, by POST, PUT or PATCH',
    async () => {
      const ines = { email: seed('ines').email, id: await walk.directory.idOf('ines') };
      const made = await scim('other', 'POST', '/Users', { schemas: [USER], userName: 'mallory' });
      const path = `/Users/${made.body.id}`;
      const change = (value: unknown) => ({ schemas: [PATCH], Operations: [{ op: 'replace', value }] });
      const answers = [
        await scim('other', 'POST', '/Users', {
          schemas: [USER],
          userName: 'mallory2',
          externalId: ines.id,
        }),
        await scim(OTHERS[1] ?? 'other', 'POST', '/Users', {
          schemas: [USER],
          userName: ines.email.toUpperCase(),
        }),
        await scim('other', 'PUT', path, {
          schemas: [USER],
          userName: 'mallory',
          externalId: ines.id,
        }),
        await scim('other', 'PATCH', path, change({ externalId: ines.id })),
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

  // Okta assigns people to the app one by one, and so can take it from one of them; Entra assigns groups.
  onOktaAlone(
    'that knew a newcomer’s id first neither stops Okta nor hides that Okta takes the app away',
    async () => {
      // given a newcomer in Okta, whose id a stranger uses before Okta provisions them
      const email = 'nils@acme.example';
      await walk.directory.pausePush(true);
      const id = await walk.directory.hires({
        firstName: 'Nils',
        lastName: 'Berg',
        login: email,
        email,
        department: 'Orders',
      });
      const mask = await scim('other', 'POST', '/Users', {
        schemas: [USER],
        userName: email,
        externalId: id,
        active: true,
      });
      expect(mask.status).toBe(201);

      // when Okta provisions them, and takes the app away
      await walk.directory.pausePush(false);
      await walk.directory.assigns('nils', true);
      const record = () =>
        walk.query<{ active: boolean }>(
          `select active from scim_users where external_id = $1 and source = 'okta'`,
          [id],
        );
      await walk.until('Okta has provisioned', async () => (await record())[0]?.active === true);
      await walk.isQuiet();
      await walk.directory.assigns('nils', false);

      // then it is seen: there is a case, which closes by itself, as there was nothing to end
      await walk.until('Okta has taken it away', async () => (await record())[0]?.active === false);
      const { id: caseId, cause } = await leavers.caseIs('nils', 'closed');
      expect(cause).toBe('lostApp');
      expect((await leavers.entries(caseId)).map(({ type, data }) => [type, data.state])).toEqual([
        ['offboardingStarted', 'asking'],
        ['teamsGone', undefined],
        ['offboardingClosed', undefined],
      ]);
    },
    PATIENCE_MS,
  );
});

const READ = 'orders-api-read';
const READERS = 'Orders API readers';

const seedOf = (key: string): Person =>
  seeded.find((person) => person.key === key) ?? expect.fail(`nobody is called ${key}`);

type Sim = { name: string; members: { userId: string; membershipType: string }[] }[];

/** SCIM as one source, by a token of its own. Answers the status and the body, whatever they are. */
async function asSource(stage: Stage, source: ScimSource) {
  const made = await createToken(stage.latchkey.context.db, {
    source,
    name: `${source}-${Date.now()}`,
    days: null,
  });
  return async <T = { id: string }>(method: string, path: string, body?: unknown) => {
    const response = await fetch(`${stage.latchkey.url}/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${made?.token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T };
  };
}

const addMember = (id: string | undefined) => ({
  schemas: [PATCH],
  Operations: [{ op: 'add', path: 'members', value: [{ value: id }] }],
});

describe('a name that somebody else chose', () => {
  let stage: Stage;
  let walk: Journey;
  beforeAll(async () => {
    ({ stage, walk } = await setOut());
    await walk.isQuiet();
  }, PATIENCE_MS);
  afterAll(() => stage?.close());

  const teamsOf = async (userId: string) =>
    (await walk.request<Sim>('GET', '/anypoint/sim/teams'))
      .filter((team) => team.members.some((member) => member.userId === userId))
      .map((team) => team.name)
      .sort();
  const linkedTo = (userId: string) =>
    walk.query<{ email: string; login: string }>(
      `select p.email, p.login from person_links l join people p on p.id = l.person_id
       where l.system = 'anypoint' and l.external_id = $1`,
      [userId],
    );
  const casesOf = async (email: string) =>
    (
      await walk.query<{ doc: Offboarding }>(
        'select o.doc from offboardings o join people p on p.id = o.person_id where p.email = $1',
        [email],
      )
    ).map(({ doc }) => doc);
  const signIn = async (key: string, how: { username: string; local?: true }) =>
    (await walk.request<{ userId: string }>('POST', `/anypoint/sim/users/${key}/sign-in`, how)).userId;
  const settles = async () => {
    await sleep(500);
    await walk.isQuiet();
  };

  test.each(['other', 'entra', 'okta'] as const)(
    'a person made up by SCIM (%s) with somebody’s e-mail takes nothing from them',
    async (source) => {
      // given Olga, who maintains one team, is in an unmanaged one, and owns an application
      const olga = seedOf('olga').anypointId ?? '';
      await walk.request('POST', '/anypoint/sim/teams/Dashboard%20viewers/members/olga', {
        membershipType: 'maintainer',
      });
      const before = await teamsOf(olga);
      expect(before).toContain('Platform admins');
      const scim = await asSource(stage, source);

      // when
      const made = await scim('POST', '/Users', {
        schemas: [USER],
        userName: `zz-nobody-${source}`,
        externalId: `not-in-the-directory-${source}`,
        displayName: 'Mallory',
        emails: [{ value: 'olga@acme.example' }],
      });
      expect(made.status).toBe(201);
      const groups = await scim<{ Resources?: { id: string }[] }>(
        'GET',
        `/Groups?filter=${encodeURIComponent(`displayName eq "${MANAGED}"`)}`,
      );
      const group =
        groups.body.Resources?.[0] ??
        (
          await scim('POST', '/Groups', {
            schemas: [GROUP],
            displayName: MANAGED,
          })
        ).body;
      await scim('PATCH', `/Groups/${group.id}`, addMember(made.body.id));
      await settles();
      await reconcile(stage.latchkey.context);
      await settles();

      // then
      expect(await teamsOf(olga)).toEqual(before);
      expect((await linkedTo(olga)).map(({ login }) => login)).toEqual(['olga@acme.example']);
      expect(await casesOf('olga@acme.example')).toEqual([]);
    },
    PATIENCE_MS,
  );

  test.each(['sofia', 'sam'])(
    'a record made up under the login of %s, whom the IdP has not provisioned, with an id that it does not know, takes nothing from them',
    async (key) => {
      // given somebody in a team by hand, whom the IdP has never pushed; Sofia is known by then, Sam may not be
      const own = seedOf(key).anypointId ?? '';
      await walk.request('POST', `/anypoint/sim/teams/Dashboard%20viewers/members/${key}`, {
        membershipType: 'maintainer',
      });
      const before = await teamsOf(own);
      const scim = await asSource(stage, HOME);
      const [group] = await walk.query<{ id: string }>(
        `select id from scim_groups where display_name = 'anypoint-platform-admin' and source = $1`,
        [HOME],
      );

      // when
      const made = await scim('POST', '/Users', {
        schemas: [USER],
        userName: seedOf(key).email,
        externalId: `made-up-${key}`,
      });
      expect(made.status).toBe(201);
      const stays = async () => {
        await settles();
        await reconcile(stage.latchkey.context);
        await settles();
        expect(await teamsOf(own)).toEqual(before);
        expect(await casesOf(seedOf(key).email)).toEqual([]);
      };
      await scim('PATCH', `/Groups/${group?.id}`, addMember(made.body.id));
      await stays();
      await scim('PATCH', `/Users/${made.body.id}`, {
        schemas: [PATCH],
        Operations: [{ op: 'replace', path: 'active', value: false }],
      });
      await stays();
      await scim('DELETE', `/Users/${made.body.id}`);

      // then
      await stays();
    },
    PATIENCE_MS,
  );

  // Entra takes the app from nobody alone.
  onOktaAlone.each(['other', 'entra', 'okta'] as const)(
    'a second SCIM record (%s) with somebody’s externalId does not mask that the IdP took the app from them',
    async (source) => {
      // given Erik, granted and in the team, and a record that says he is on
      const erik = seedOf('erik');
      const asked = await walk.isGiven('erik', {
        entitlement: READ,
        reason: `Until the app goes, ${source}`,
      });
      const scim = await asSource(stage, source);
      const made = await scim('POST', '/Users', {
        schemas: [USER],
        userName: `erik-again-${source}`,
        externalId: await walk.directory.idOf('erik'),
        emails: [{ value: erik.email }],
        active: true,
      });
      expect(made.status, 'it is taken').toBe(409);

      // when
      await walk.directory.assigns('erik', false);

      // then
      await walk.until('he is out of the team', async () => !(await walk.isInTeam('erik', READERS)));
      await walk.becomes(asked.id, 'ended');
      await walk.until('somebody is asked about it', async () =>
        (await casesOf(erik.email)).some(({ cause }) => cause === 'lostApp'),
      );

      // and when he has it again
      await walk.directory.assigns('erik', true);
      await walk.until('he is back', async () =>
        (await casesOf(erik.email)).every(({ state }) => state === 'returned' || state === 'closed'),
      );
    },
    PATIENCE_MS,
  );

  test(
    'somebody else’s Anypoint user with the e-mail of who never signed in is given nothing; the trouble is named',
    async () => {
      // given Nadia has never signed in; Mallory's user carries her e-mail
      const mallory = await signIn('nadia', { username: 'mallory' });

      // when
      const asked = await walk.asks('nadia', { entitlement: READ, reason: 'For Nadia, not for Mallory' });
      await walk.click('olga', asked.card, 'approve');

      // then
      await walk.becomes(asked.id, 'awaitingSignIn');
      await walk.cardSays(
        asked,
        `goes by the name “mallory”, which ${walk.directory.name} does not know as theirs`,
      );
      await reconcile(stage.latchkey.context);
      await sleep(1_500);
      expect(await teamsOf(mallory)).toEqual([]);
      expect(await linkedTo(mallory)).toEqual([]);

      // and when a local user is made by the very name of her login, which anybody who is invited can choose
      const local = await signIn('nadia', { username: 'nadia@acme.example', local: true });
      await reconcile(stage.latchkey.context);
      await sleep(1_500);
      expect(await teamsOf(local)).toEqual([]);
      expect((await walk.change(asked.id)).state).toBe('awaitingSignIn');

      // and when she signs in herself, through the IdP
      const own = await signIn('nadia', { username: 'nadia@acme.example' });
      await walk.becomes(asked.id, 'inEffect', 30_000);
      expect(await teamsOf(own)).toEqual([READERS]);
      expect(await teamsOf(mallory)).toEqual([]);
      expect(await teamsOf(local)).toEqual([]);
      expect(wordsOf(await walk.cardNow(asked))).not.toContain('mallory');
    },
    PATIENCE_MS,
  );

  test(
    'what only looks like a leaver’s is a question on their case: nothing is taken there',
    async () => {
      // given somebody's user with Tom's e-mail, in a team
      const alike = await signIn('tom', { username: 'tom.the.cat' });
      await walk.request('POST', `/anypoint/sim/teams/${encodeURIComponent(READERS)}/members/${alike}`);
      await walk.request(
        'POST',
        '/anypoint/sim/teams/Dashboard%20viewers/members/a0000000-0000-4000-8000-000000000003',
      );

      // when
      await walk.directory.sets('tom', 'DEPROVISIONED');

      // then
      await walk.until(
        'his own is out of every team',
        async () => (await teamsOf(seedOf('tom').anypointId ?? '')).length === 0,
      );
      const [found] = await walk.until('it is on the case', async () => {
        const cases = await casesOf('tom@acme.example');
        return cases[0]?.lookalikes.length === 1 && cases;
      });
      expect(found?.lookalikes).toMatchObject([{ id: alike, username: 'tom.the.cat', teams: [READERS] }]);
      await walk.until('the card asks', async () =>
        (await walk.messages('sofia', 'access-requests')).some((m) =>
          /tom\.the\.cat.*Orders API readers/.test(wordsOf(m)),
        ),
      );
      expect(await teamsOf(alike)).toEqual([READERS]);
    },
    PATIENCE_MS,
  );
});
