import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupNamesOf, type Provisioned, scimStatus } from '../../src/store/scim-mirror.ts';
import { PATCH_OP, type Response, type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const USERS = 4;
const GROUPS = 2;

/** A client's acts on memberships; numbers stand for the user and group with that number. */
type Step =
  | { do: 'add' | 'remove' | 'removeByValue' | 'replace'; group: number; users: number[] }
  | { do: 'swap'; group: number; users: number[] }
  | { do: 'rename' | 'deleteGroup'; group: number }
  | { do: 'setActive'; user: number; active: boolean }
  | { do: 'deleteUser'; user: number };

const group = fc.nat(GROUPS - 1);
const user = fc.nat(USERS - 1);
const users = fc.uniqueArray(user, { maxLength: USERS });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('add' as const, 'remove' as const), group, users }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('removeByValue' as const), group, users }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replace' as const), group, users }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('swap' as const), group, users }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('setActive' as const), user, active: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('rename' as const, 'deleteGroup' as const), group }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteUser' as const), user }) },
);

/** The naive model: names, flags and sets. Users and groups that are deleted come back empty under the same number. */
type Model = {
  users: { id: string; userName: string; active: boolean }[];
  groups: { id: string; name: string; members: Set<number> }[];
};

let serial = 0;
const freshUser = async () => {
  const userName = `u${serial++}@acme.example`;
  return { id: await scim.createUser(userName), userName, active: true };
};
const freshGroup = async () => {
  const name = `g${serial++}`;
  return { id: await scim.createGroup(name), name, members: new Set<number>() };
};

async function run(model: Model, step: Step): Promise<void> {
  if ('user' in step) {
    const who = model.users[step.user] as Model['users'][number];
    if (step.do === 'setActive') {
      who.active = step.active;
      ok(await scim.patch(`/Users/${who.id}`, { op: 'replace', value: { active: step.active } }));
      return;
    }
    ok(await scim.call('DELETE', `/Users/${who.id}`));
    for (const g of model.groups) g.members.delete(step.user);
    model.users[step.user] = await freshUser();
    return;
  }
  const target = model.groups[step.group] as Model['groups'][number];
  const path = `/Groups/${target.id}`;
  switch (step.do) {
    case 'rename':
      target.name = `g${serial++}`;
      ok(await scim.patch(path, { op: 'replace', value: { id: target.id, displayName: target.name } }));
      return;
    case 'deleteGroup':
      ok(await scim.call('DELETE', path));
      model.groups[step.group] = await freshGroup();
      return;
    default: {
      const values = step.users.map((n) => ({ value: model.users[n]?.id as string }));
      const before = [...target.members];
      target.members = membersAfter(before, step.do, step.users);
      const Operations = operations(
        step.do,
        values,
        before.map((n) => model.users[n]?.id as string),
      );
      if (Operations.length > 0) ok(await scim.call('PATCH', path, { schemas: [PATCH_OP], Operations }));
    }
  }
}

type Move = 'add' | 'remove' | 'removeByValue' | 'replace' | 'swap';

function membersAfter(before: number[], move: Move, users: number[]): Set<number> {
  if (move === 'add') return new Set([...before, ...users]);
  if (move === 'replace') return new Set(users);
  if (move === 'swap') return new Set(users.filter((n) => !before.includes(n)));
  return new Set(before.filter((n) => !users.includes(n)));
}

function operations(move: Move, values: { value: string }[], before: string[]): unknown[] {
  switch (move) {
    case 'add':
    case 'replace':
      return [{ op: move, path: 'members', value: values }];
    case 'removeByValue':
      return [{ op: 'Remove', path: 'members', value: values }];
    case 'remove':
      return values.map(({ value }) => ({ op: 'remove', path: `members[value eq "${value}"]` }));
    // Everybody named comes in, then everybody who was in goes out.
    case 'swap':
      return [
        { op: 'add', path: 'members', value: values },
        ...before.map((value) => ({ op: 'remove', path: `members[value eq "${value}"]` })),
      ];
    default:
      return move satisfies never;
  }
}

function ok(response: Response): void {
  expect(response.status, JSON.stringify(response.body)).toBeLessThan(300);
}

/** Effective members by group name, as the events add up: `observe` must never add twice or remove the absent. */
function addUp(): Map<string, Set<string>> {
  const sum = new Map<string, Set<string>>();
  for (const { groupName, added, removed } of scim.observed) {
    const members = sum.get(groupName) ?? new Set();
    for (const one of removed)
      expect(members.delete(one.scimUserId), `${groupName} loses a stranger`).toBe(true);
    for (const one of added) {
      expect(members.has(one.scimUserId), `${groupName} gains a member again`).toBe(false);
      members.add(one.scimUserId);
    }
    sum.set(groupName, members);
  }
  return sum;
}

describe('any sequence of membership operations', () => {
  it('leaves the state of a naive model, and what was observed adds up to it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        scim.observed.length = 0;
        const model: Model = { users: [], groups: [] };
        for (let n = 0; n < USERS; n += 1) model.users.push(await freshUser());
        for (let n = 0; n < GROUPS; n += 1) model.groups.push(await freshGroup());
        for (const one of steps) await run(model, one);

        const sum = addUp();
        for (const target of model.groups) {
          const ids = [...target.members].map((n) => model.users[n]?.id as string);
          expect(await scim.membersOf(target.id)).toEqual(ids.sort());
          const effective = [...target.members].filter((n) => model.users[n]?.active);
          const observed = [...(sum.get(target.name) ?? [])].sort();
          expect(observed).toEqual(effective.map((n) => model.users[n]?.id as string).sort());
          for (const [n, who] of model.users.entries())
            expect(
              await scimStatus(
                scim.database.db,
                { personId: null, externalId: null, userNames: [who.userName.toUpperCase()], source: 'okta' },
                [target.name],
              ),
            ).toMatchObject({ isInAnyGroup: effective.includes(n) });
        }
        const names = new Set(model.groups.map((g) => g.name));
        for (const [name, members] of sum) if (!names.has(name)) expect([...members]).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('requests at the same time', () => {
  it('observe what is true in the end', async () => {
    for (let round = 0; round < 8; round += 1) {
      const ids = await Promise.all(Array.from({ length: 8 }, async () => (await freshUser()).id));
      const targets = await Promise.all(Array.from({ length: 3 }, freshGroup));
      const add = { op: 'add', path: 'members', value: ids.map((value) => ({ value })) };
      const setActive = (id: string, active: boolean) =>
        scim.patch(`/Users/${id}`, { op: 'replace', value: { active } });
      const answers = await Promise.all([
        ...targets.map((g) => scim.patch(`/Groups/${g.id}`, add)),
        ...ids.slice(0, 4).map((id) => setActive(id, false)),
        ...ids.slice(2, 4).map((id) => setActive(id, true)),
        ...targets.map((g) =>
          scim.patch(`/Groups/${g.id}`, { op: 'replace', value: { displayName: `${g.name}!` } }),
        ),
        ...ids.slice(4, 6).map((id) => setActive(id, false)),
        ...targets.map((g) => scim.patch(`/Groups/${g.id}`, add)),
        ...targets.map((g) =>
          scim.patch(`/Groups/${g.id}`, { op: 'remove', path: `members[value eq "${ids[7]}"]` }),
        ),
        ...targets.slice(0, 1).map((g) => scim.call('DELETE', `/Groups/${g.id}`)),
      ]);
      for (const { status } of answers) expect([200, 204, 404]).toContain(status);
    }
    const sum = new Map<string, number>();
    const count = (pair: string, by: number) => sum.set(pair, (sum.get(pair) ?? 0) + by);
    for (const { groupName, added, removed } of await scim.committed()) {
      for (const m of added) count(`${groupName} ${m.scimUserId}`, 1);
      for (const m of removed) count(`${groupName} ${m.scimUserId}`, -1);
    }
    const active = await scim.database.db
      .selectFrom('scim_members')
      .innerJoin('scim_users', 'scim_users.id', 'scim_members.user_id')
      .innerJoin('scim_groups', 'scim_groups.id', 'scim_members.group_id')
      .select(['scim_groups.display_name', 'scim_members.user_id'])
      .where('active', '=', true)
      .execute();
    const observed = [...sum].filter(([, n]) => n !== 0);
    expect(observed.filter(([, n]) => n !== 1)).toEqual([]);
    expect(observed.map(([pair]) => pair).sort()).toEqual(
      active.map((m) => `${m.display_name} ${m.user_id}`).sort(),
    );
  }, 60_000);

  it('move one member in and out of one group, and count each move once', async () => {
    const { id: one } = await freshUser();
    const { id } = await freshGroup();
    await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        for (let round = 0; round < 6; round += 1)
          ok(
            (n + round) % 2 === 0
              ? await scim.patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value: one }] })
              : await scim.patch(`/Groups/${id}`, { op: 'remove', path: `members[value eq "${one}"]` }),
          );
      }),
    );
    const moves = (await scim.committed()).filter((m) => m.groupId === id);
    const balance = moves.reduce((sum, m) => sum + m.added.length - m.removed.length, 0);
    expect(balance).toBe((await scim.membersOf(id)).length);
    expect((await scim.call('GET', `/Groups/${id}`)).headers.get('etag')).toBe(`W/"${moves.length + 1}"`);
  });

  it('of two users with one name, one is created', async () => {
    const body = { userName: 'twice@acme.example' };
    const answers = await Promise.all([scim.call('POST', '/Users', body), scim.call('POST', '/Users', body)]);
    expect(answers.map((a) => a.status).sort()).toEqual([201, 409]);
  });

  it('deletes users of one group side by side', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, async () => (await freshUser()).id));
    const id = await scim.createGroup('emptied', ids);
    const answers = await Promise.all(ids.map((one) => scim.call('DELETE', `/Users/${one}`)));
    expect(answers.map((a) => a.status)).toEqual(ids.map(() => 204));
    expect(await scim.membersOf(id)).toEqual([]);
  });
});

describe('the mirror', () => {
  it('matches the externalId first, else a userName in any case', async () => {
    const { db } = scim.database;
    const ines = await scim.createUser('mirror@acme.example', { externalId: '00uM' });
    const omar = await scim.createUser('mirror.other@acme.example', { externalId: '00uO' });
    const idle = await scim.createUser('mirror.idle@acme.example', { externalId: '00uI', active: false });
    await scim.createGroup('Mirror-A', [ines, idle]);
    await scim.createGroup('mirror-b', [omar]);

    expect(
      await groupNamesOf(db, {
        personId: null,
        externalId: '00uM',
        userNames: ['mirror.other@acme.example'],
        source: 'okta',
      }),
    ).toEqual(['Mirror-A']);
    expect(
      await groupNamesOf(db, {
        personId: null,
        externalId: '00u?',
        userNames: ['x', 'MIRROR.other@acme.example'],
        source: 'okta',
      }),
    ).toEqual(['mirror-b']);
    expect(
      await groupNamesOf(db, { personId: null, externalId: null, userNames: [], source: 'okta' }),
    ).toEqual([]);
    expect(
      await groupNamesOf(db, {
        personId: null,
        externalId: '00uI',
        userNames: ['mirror@acme.example'],
        source: 'okta',
      }),
    ).toEqual([]);
    const who: Provisioned = { personId: null, externalId: '00uM', userNames: [], source: 'okta' };
    const isIn = async (groups: string[]) => (await scimStatus(db, who, groups)).isInAnyGroup;
    expect(await isIn(['other', 'mirror-a'])).toBe(true);
    expect(await isIn(['mirror-b'])).toBe(false);
    expect(await isIn([])).toBe(false);
    // Who is deactivated is in no group, though the rows stay.
    await scim.patch(`/Users/${ines}`, { op: 'Replace', path: 'active', value: 'False' });
    expect(await isIn(['mirror-a'])).toBe(false);
  });
});
