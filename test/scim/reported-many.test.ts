import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { removeOtherMembers } from '../../src/store/scim/members.ts';
import { CORE_GROUP, type StartedScim, startScim } from './start-scim.ts';

/** What others' SCIM servers did wrong with many members in one request, tried here. */
const MANY = 5_000;
const DATABASE_MS = 60_000;

let scim: StartedScim;
let all: string[];
beforeAll(async () => {
  scim = await startScim();
  const { rows } = await sql<{ id: string }>`
    insert into scim_users (id, source, user_name, user_name_key, external_id, active, display_name, resource, created_at, updated_at)
    select gen_random_uuid(), 'okta', 'many' || n || '@acme.example', 'many' || n || '@acme.example', '00umany' || n, true,
      'Many ' || n, jsonb_build_object('userName', 'many' || n || '@acme.example', 'active', true), now(), now()
    from generate_series(1, ${MANY}) n returning id`.execute(scim.database.db);
  all = rows.map(({ id }) => id).sort();
}, DATABASE_MS);
afterAll(() => scim.close());

let serial = 0;
let group: string;
beforeEach(async () => {
  group = await scim.createGroup(`many ${serial++}`);
});

const values = (ids: readonly string[]) => ids.map((value) => ({ value }));
const members = () => scim.membersOf(group);
const fill = async (ids: readonly string[]) => {
  const { status } = await scim.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: values(ids) });
  expect(status).toBe(204);
};

describe('one request about thousands of members', () => {
  it('FusionAuth/fusionauth-issues#2834: most of a group taken out in one PATCH leaves the others', async () => {
    await fill(all);
    const out = all.filter((_, n) => n % 5 !== 0);

    const { status } = await scim.patch(`/Groups/${group}`, {
      op: 'remove',
      path: 'members',
      value: values(out),
    });

    expect(status).toBe(204);
    expect(await members()).toEqual(all.filter((_, n) => n % 5 === 0));
  });

  it('goauthentik/authentik#25686: a filter in the path for each of a thousand who are taken out', async () => {
    await fill(all);
    const out = all.slice(0, 1_000);

    const { status } = await scim.patch(
      `/Groups/${group}`,
      ...out.map((id) => ({ op: 'remove', path: `members[value eq "${id}"]` })),
    );

    expect(status).toBe(204);
    expect(await members()).toEqual(all.slice(1_000));
  });

  it('simpleidserver/SimpleIdServer#696: one filter that names several', async () => {
    await fill(all.slice(0, 10));
    const out = all.slice(0, 3);

    const { status } = await scim.patch(`/Groups/${group}`, {
      op: 'remove',
      path: `members[${out.map((id) => `value eq "${id}"`).join(' or ')}]`,
    });

    expect(status).toBe(204);
    expect(await members()).toEqual(all.slice(3, 10));
  });

  it('FusionAuth/fusionauth-issues#2784: one more in a group of thousands takes nobody out', async () => {
    await fill(all.slice(1));

    await fill(all.slice(0, 1));

    expect(await members()).toEqual(all);
  });

  it('FusionAuth/fusionauth-issues#3307: a list of groups shows one of thousands', async () => {
    await fill(all);
    const name = `many ${serial - 1}`;

    const { status, body } = await scim.call(
      'GET',
      `/Groups?filter=${encodeURIComponent(`displayName eq "${name}"`)}`,
    );

    expect(status).toBe(200);
    expect(body.Resources[0].members).toHaveLength(MANY);
  });

  it('keycloak/keycloak#52752, simpleidserver/SimpleIdServer#844: replaced members, some of whom stay', async () => {
    await fill(all.slice(0, 3_000));

    const { status } = await scim.patch(`/Groups/${group}`, {
      op: 'replace',
      path: 'members',
      value: values(all.slice(2_000)),
    });

    expect(status).toBe(204);
    expect(await members()).toEqual(all.slice(2_000));
  });

  it('slashdevops/idp-scim-sync#62: more than a hundred changes of members, in and out, in one PATCH', async () => {
    await fill(all.slice(0, 2_500));

    const { status } = await scim.patch(
      `/Groups/${group}`,
      { op: 'add', path: 'members', value: values(all.slice(2_500)) },
      { op: 'remove', path: 'members', value: values(all.slice(0, 2_500)) },
    );

    expect(status).toBe(204);
    expect(await members()).toEqual(all.slice(2_500));
  });

  it('fleetdm/fleet#30086: the same member many times in one PATCH, and in several at once', async () => {
    const twice = [...all.slice(0, 500), ...all.slice(0, 500).toReversed()];
    const add = { op: 'add', path: 'members', value: values(twice) };

    const answers = await Promise.all(
      Array.from({ length: 6 }, () => scim.patch(`/Groups/${group}`, add, add)),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(204));
    expect(await members()).toEqual(all.slice(0, 500));
  });

  it('fleetdm/fleet#50724: parts of a large group pushed at the same time take nobody of each other out', async () => {
    const parts = Array.from({ length: 10 }, (_, n) => all.slice(n * 500, (n + 1) * 500));

    const answers = await Promise.all(
      parts.map((part) =>
        scim.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: values(part) }),
      ),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(204));
    expect(await members()).toEqual(all);
  });

  it('MicrosoftDocs/azure-docs#30826: an empty list of who is to be taken out takes nobody out', async () => {
    await fill(all);

    await scim.patch(`/Groups/${group}`, { op: 'Remove', path: 'members', value: [] });

    expect(await members()).toHaveLength(MANY);
  });

  it('Captain-P-Goldfish/scim-for-keycloak#134: a whole group sent again by PUT for one more changes that one alone', async () => {
    await fill(all.slice(1));
    const before = await scim.committed();

    const { status } = await scim.call('PUT', `/Groups/${group}`, {
      schemas: [CORE_GROUP],
      displayName: `many ${serial - 1}`,
      members: all.map((value) => ({
        value,
        display: 'Many',
        $ref: `https://latchkey.example/scim/v2/Users/${value}`,
        type: 'User',
      })),
    });

    expect(status).toBe(200);
    expect(await members()).toEqual(all);
    const observed = (await scim.committed()).slice(before.length);
    expect(observed.flatMap(({ added }) => added.map(({ scimUserId }) => scimUserId))).toEqual([all[0]]);
  });

  it('a whole group sent again takes no longer by the plan that PostgreSQL makes for any list', async () => {
    await fill(all);
    const msBy = async (plan: 'custom' | 'generic') => {
      const tx = await scim.database.db.startTransaction().execute();
      await sql.raw(`set local plan_cache_mode = force_${plan}_plan`).execute(tx);
      // What comes again is prepared, and only then has a general plan.
      for (let n = 0; n < 3; n += 1) await removeOtherMembers(tx, group, all);
      const startedAt = performance.now();
      expect(await removeOtherMembers(tx, group, all.slice(1))).toHaveLength(1);
      const took = performance.now() - startedAt;
      await tx.rollback().execute();
      return took;
    };
    const least = async (plan: 'custom' | 'generic') =>
      Math.min(await msBy(plan), await msBy(plan), await msBy(plan));

    expect((await least('generic')) / (await least('custom'))).toBeLessThan(5);
  });

  it('one unknown among thousands is named, and nobody is put in', async () => {
    const stranger = '00000000-0000-4000-8000-000000000000';

    const { status, body } = await scim.patch(`/Groups/${group}`, {
      op: 'add',
      path: 'members',
      value: values([...all, stranger]),
    });

    expect(status).toBe(400);
    expect(body.detail).toContain(stranger);
    expect(await members()).toEqual([]);
  });

  it('wso2/charon#400: a body beyond the limit is 413, says the limit, and changes nothing', async () => {
    await fill(all.slice(0, 10));

    const { status, body } = await scim.patch(`/Groups/${group}`, {
      op: 'replace',
      path: 'members',
      value: all.flatMap((value) => Array(5).fill({ value, display: 'A name that takes some room' })),
    });

    expect(status).toBe(413);
    expect(body.detail).toMatch(/1048576 bytes/);
    expect(await members()).toEqual(all.slice(0, 10));
  });
});
