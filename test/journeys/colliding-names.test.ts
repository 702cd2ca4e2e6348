import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { userIdIn } from '../../src/sandbox/consoles.ts';
import { oktaGroups, people } from '../../src/sandbox/seed.ts';
import { createToken } from '../../src/scim/tokens.ts';
import type { ScimSource } from '../../src/store/schema/scim-tables.ts';
import { seedOfRun } from '../seed-of-run.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';

/**
 * Any sequence of SCIM operations by tokens of three sources, with names chosen to collide with real people. A person
 * whom the IdP holds active, and whom their own source did not touch, neither loses a team nor gets one.
 */
const SEED = seedOfRun('SCIM operations with colliding names');
const SEQUENCES = 20;
const PATIENCE_MS = 420_000;
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const sources = ['okta', 'entra', 'other'] as const;
/** The identity provider’s own. */
const HOME = inject('idp') === 'entra' ? 'entra' : 'okta';

/** People with a record and an Anypoint user of their own, each in some team their own way. */
const real = people.filter((p) => ['ines', 'erik', 'tom', 'olga', 'sam', 'sofia'].includes(p.key));
const managed = oktaGroups.filter((g) => g.name.startsWith('anypoint-'));

const variants = (name: string) => [
  name,
  name.toUpperCase(),
  ` ${name}`,
  name.replace('@', '.x@'),
  `${name}.old`,
];
const names = real.flatMap((p) => [
  ...variants(p.email),
  p.key,
  p.name,
  userIdIn('okta', p.key),
  userIdIn('entra', p.key),
  p.anypointId ?? '',
  p.slackId,
]);
const aName = fc.oneof(
  fc.constantFrom(...names),
  fc.constantFrom('zz-nobody', 'mallory@evil.example', '00uUnknown'),
);
const aGroupName = fc.oneof(
  fc.constantFrom(...managed.flatMap((g) => [g.name, g.name.toUpperCase(), `${g.name} `, g.id])),
  fc.constant('made-up'),
);
const index = fc.nat({ max: 30 });
const source = fc.constantFrom(...sources);

const userFields = fc.record(
  {
    userName: aName,
    externalId: aName,
    displayName: aName,
    emails: fc.array(fc.record({ value: aName, primary: fc.boolean() }), { minLength: 1, maxLength: 2 }),
    active: fc.constantFrom(true, false, 'False', null),
  },
  { requiredKeys: ['userName'] },
);
/**
 * `of`: which of those there are by then; a source other than the IdP's may aim at real people's records and groups too.
 */
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('createUser' as const), source, fields: userFields }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('patchUser' as const), source, of: index, fields: userFields }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('putUser' as const), source, of: index, fields: userFields }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteUser' as const), source, of: index }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('createGroup' as const), source, name: aGroupName, of: index }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('moveMember' as const),
      source,
      of: index,
      member: index,
      how: fc.constantFrom('add', 'remove', 'replace'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('renameGroup' as const), source, of: index, name: aGroupName }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteGroup' as const), source, of: index }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

let stage: Stage;
let walk: Journey;
const tokens = new Map<ScimSource, string>();
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  for (const of of sources) {
    const made = await createToken(stage.latchkey.context.db, {
      source: of,
      name: `a token of ${of}`,
      days: null,
    });
    tokens.set(of, made?.token ?? '');
  }
  await walk.isQuiet();
  await walk.directory.provisions(real.map(({ key }) => key));
  // Granted, there before by a group, and there without a group: by hand as a member and as a maintainer.
  await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'The stuck orders of last night' });
  await walk.request('POST', '/anypoint/sim/teams/Dashboard%20viewers/members/tom', {
    membershipType: 'maintainer',
  });
  await walk.isQuiet();
  await reconcile(stage.latchkey.context);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

async function call(
  of: ScimSource,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ id?: string } | null> {
  const response = await fetch(`${stage.latchkey.url}/scim/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens.get(of)}`, 'content-type': 'application/scim+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(response.status, `${of} ${method} ${path} ${JSON.stringify(body)}: ${text}`).toBeLessThan(500);
  return response.ok && text !== '' ? JSON.parse(text) : null;
}

type Made = { users: { id: string; source: ScimSource }[]; groups: { id: string; source: ScimSource }[] };
type Records = { users: string[]; groups: string[] };

async function perform(op: Operation, made: Made, records: Records): Promise<void> {
  // The IdP's own token stays away from what the IdP has really pushed: who is touched by that was touched by their own
  // source.
  const users = [...made.users.map(({ id }) => id), ...(op.source === HOME ? [] : records.users)];
  const groups = [...made.groups.map(({ id }) => id), ...(op.source === HOME ? [] : records.groups)];
  const pick = (all: string[], n: number) => all[n % Math.max(1, all.length)] ?? 'none';
  const patch = (operations: unknown[]) => ({ schemas: [PATCH], Operations: operations });
  switch (op.do) {
    case 'createUser': {
      const user = await call(op.source, 'POST', '/Users', { schemas: [USER], ...op.fields });
      if (user?.id !== undefined) made.users.push({ id: user.id, source: op.source });
      return;
    }
    case 'patchUser': {
      const operations = Object.entries(op.fields).map(([path, value]) => ({ op: 'replace', path, value }));
      await call(op.source, 'PATCH', `/Users/${pick(users, op.of)}`, patch(operations));
      return;
    }
    case 'putUser':
      await call(op.source, 'PUT', `/Users/${pick(users, op.of)}`, { schemas: [USER], ...op.fields });
      return;
    case 'deleteUser':
      await call(op.source, 'DELETE', `/Users/${pick(users, op.of)}`);
      return;
    case 'createGroup': {
      const body = { schemas: [GROUP], displayName: op.name, members: [{ value: pick(users, op.of) }] };
      const group = await call(op.source, 'POST', '/Groups', body);
      if (group?.id !== undefined) made.groups.push({ id: group.id, source: op.source });
      return;
    }
    case 'moveMember': {
      const value = [{ value: pick(users, op.member) }];
      // The IdP's own groups too, but for whom it has made up; and none of the real members is taken out of them.
      const all = op.source === HOME && op.how === 'add' ? [...groups, ...records.groups] : groups;
      await call(
        op.source,
        'PATCH',
        `/Groups/${pick(all, op.of)}`,
        patch([{ op: op.how, path: 'members', value }]),
      );
      return;
    }
    case 'renameGroup':
      await call(
        op.source,
        'PATCH',
        `/Groups/${pick(groups, op.of)}`,
        patch([{ op: 'replace', path: 'displayName', value: op.name }]),
      );
      return;
    case 'deleteGroup':
      await call(op.source, 'DELETE', `/Groups/${pick(groups, op.of)}`);
      return;
    default:
      op satisfies never;
  }
}

const idpIds = real.map(({ key }) => userIdIn(HOME, key));

/** The members of each team, the person of each Anypoint user, and what is said of real people. */
async function statusText() {
  const teams = await walk.request<{ name: string; members: { userId: string; membershipType: string }[] }[]>(
    'GET',
    '/anypoint/sim/teams',
  );
  return {
    teams: teams.map(({ name, members }) => ({
      name,
      members: members.map((m) => `${m.userId} ${m.membershipType}`).sort(),
    })),
    users: await walk.query(
      `select external_id, person_id from person_links where system = 'anypoint' order by external_id`,
    ),
    cases: await walk.query('select person_id, state from offboardings order by id'),
    findings: await walk.query(
      `select id from changes where doc->>'cause' in ('finding', 'loss') order by id`,
    ),
    real: await walk.query(
      `select p.login, p.email, p.name, p.status from people p join person_links l on l.person_id = p.id
       where l.system = $1 and l.external_id = any($2) order by l.external_id`,
      [HOME, idpIds],
    ),
  };
}

test('a pushed user name that is a real person’s id is nobody’s name', { timeout: PATIENCE_MS }, async () => {
  // given, at Entra, somebody of whom nothing is known yet: only the IdP can say who it is
  const before = await statusText();
  const unheard = userIdIn(HOME, 'sam');

  // when
  const made = await call(HOME, 'POST', '/Users', {
    schemas: [USER],
    userName: unheard,
    externalId: 'made-up',
  });
  await walk.isQuiet();
  await call(HOME, 'PUT', `/Users/${made?.id}`, {
    schemas: [USER],
    userName: unheard,
    externalId: 'olga-made-up',
    active: false,
  });
  await walk.isQuiet();
  await reconcile(stage.latchkey.context);
  await walk.isQuiet();

  // then
  expect(await statusText()).toEqual(before);
  await call(HOME, 'DELETE', `/Users/${made?.id}`);
});

test(
  'nobody real loses a team, gets one, is taken for another or is put to anybody as having left',
  async () => {
    const records: Records = {
      users: (
        await walk.query<{ id: string }>(
          'select id from scim_users where source = $1 and external_id = any($2) order by user_name',
          [HOME, idpIds],
        )
      ).map(({ id }) => id),
      groups: (
        await walk.query<{ id: string }>(
          'select id from scim_groups where source = $1 order by display_name',
          [HOME],
        )
      ).map(({ id }) => id),
    };
    expect(records.users.length).toBe(real.length);
    const before = await statusText();
    expect(before.teams.flatMap((team) => team.members).length).toBeGreaterThan(2);
    const made: Made = { users: [], groups: [] };

    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 12 }), async (operations) => {
        for (const op of operations) await perform(op, made, records);
        await walk.isQuiet();
        await reconcile(stage.latchkey.context);
        await walk.isQuiet();
        expect(await statusText()).toEqual(before);
      }),
      // The next sequence begins with the state that one leaves, so a failing one can't be made smaller.
      { seed: SEED, numRuns: SEQUENCES, endOnFailure: true },
    );
    expect(made.users.length).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);
