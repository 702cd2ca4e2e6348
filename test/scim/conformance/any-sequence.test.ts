import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, type StartedScim, startScim } from '../start-scim.ts';
import { Versions } from './versions.ts';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

/** What a client does. A number stands for one of the users or groups made so far, there or gone; STRANGER for none. */
type Operation =
  | { do: 'createUser'; name: number; attributes: Attributes }
  | { do: 'replaceUser'; user: number; attributes: Attributes }
  | { do: 'patchUser'; user: number; changes: Change[] }
  | { do: 'deleteUser'; user: number }
  | { do: 'createGroup'; name: number; members: number[] }
  | { do: 'replaceGroup'; group: number; name: number; members: number[] | null }
  | { do: 'patchGroup'; group: number; moves: Move[] }
  | { do: 'deleteGroup'; group: number };
type Attributes = { title?: string; active?: boolean; mail?: string };
type Change =
  | { op: 'add' | 'replace'; path: 'title' | 'nickName'; value: string }
  | { op: 'remove'; path: 'title' | 'nickName' }
  | { op: 'replace'; path: 'active'; value: boolean };
type Move =
  | { op: 'add' | 'remove' | 'replace'; members: number[] }
  | { op: 'rename'; name: number }
  | { op: 'empty' };

const NAMES = 8;
const STRANGER = 15;
const name = fc.nat(NAMES - 1);
const nth = fc.nat(STRANGER);
const members = fc.uniqueArray(nth, { maxLength: 4 });
const text = fc.constantFrom('a', 'b', 'Ünïcode ✓');
const attributes: fc.Arbitrary<Attributes> = fc.record(
  { title: text, active: fc.boolean(), mail: fc.constantFrom('x@acme.example', 'y@acme.example') },
  { requiredKeys: [] },
);
const path = fc.constantFrom('title' as const, 'nickName' as const);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path, value: text }),
  fc.record({ op: fc.constant('remove' as const), path }),
  fc.record({
    op: fc.constant('replace' as const),
    path: fc.constant('active' as const),
    value: fc.boolean(),
  }),
);
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('add' as const, 'remove' as const), members }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('replace' as const), members }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('rename' as const), name }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('empty' as const) }) },
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('createUser' as const), name, attributes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replaceUser' as const), user: nth, attributes }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('patchUser' as const),
      user: nth,
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteUser' as const), user: nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('createGroup' as const), name, members }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('replaceGroup' as const),
      group: nth,
      name,
      members: fc.option(members),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('patchGroup' as const),
      group: nth,
      moves: fc.array(move, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteGroup' as const), group: nth }) },
);
/** Alone, or several in one Bulk. */
const requests = fc.array(
  fc.oneof(
    operation.map((one) => [one]),
    fc.array(operation, { minLength: 2, maxLength: 6, size: 'max' }),
  ),
  {
    maxLength: 24,
    size: 'max',
  },
);

type User = { id: string; name: number } & Attributes & { nickName?: string };
type Group = { id: string; name: number; members: Set<User> };
/** The naive model: lists and sets; null stands for whoever is gone. Ids come from the answers. */
type Model = { users: (User | null)[]; groups: (Group | null)[] };
type Wire = { method: string; path: string; data?: Record<string, unknown> };
/** A request, and what the model makes of it: the status it must have, and the change if it succeeds. */
type Planned = Wire & { status: number; apply(id: string): void };

let run = 0;
const userName = (n: number) => `Run${run}.User${n}@acme.example`;
const groupName = (n: number) => `run${run} group ${n}`;
const NOBODY = '11111111-1111-4111-8111-111111111111';

/** Gone ones keep their place. */
function placeOf(list: readonly unknown[], n: number): number {
  return n === STRANGER || list.length === 0 ? -1 : n % list.length;
}

function plan(model: Model, operation: Operation): Planned {
  const userAt = (n: number) => model.users[placeOf(model.users, n)] ?? null;
  const groupAt = (n: number) => model.groups[placeOf(model.groups, n)] ?? null;
  const idOf = (n: number) => userAt(n)?.id ?? NOBODY;
  const known = (list: readonly number[]) => new Set(list.map(userAt).filter((one) => one !== null));
  const areKnown = (list: readonly number[]) => list.every((n) => userAt(n) !== null);
  const values = (list: readonly number[]) => list.map((n) => ({ value: idOf(n) }));
  switch (operation.do) {
    case 'createUser': {
      const { name, attributes } = operation;
      const isTaken = model.users.some((u) => u?.name === name);
      return {
        method: 'POST',
        path: '/Users',
        data: { ...userBody(attributes), userName: userName(name) },
        status: isTaken ? 409 : 201,
        apply: (id) => model.users.push({ active: true, ...attributes, id, name }),
      };
    }
    case 'replaceUser': {
      const user = userAt(operation.user);
      const { attributes } = operation;
      const data = { ...userBody(attributes), userName: userName(user?.name ?? 0) };
      const apply = () => {
        if (user != null)
          model.users[placeOf(model.users, operation.user)] = replaceIn(model, user, {
            active: user.active ?? true,
            ...attributes,
            id: user.id,
            name: user.name,
          });
      };
      return {
        method: 'PUT',
        path: `/Users/${idOf(operation.user)}`,
        data,
        status: user == null ? 404 : 200,
        apply,
      };
    }
    case 'patchUser': {
      const user = userAt(operation.user);
      const apply = () => {
        for (const one of operation.changes)
          if (user != null && !('value' in one)) delete user[one.path];
          else if (user != null && 'value' in one) Object.assign(user, { [one.path]: one.value });
      };
      return {
        method: 'PATCH',
        path: `/Users/${idOf(operation.user)}`,
        data: { Operations: operation.changes },
        status: user == null ? 404 : 200,
        apply,
      };
    }
    case 'deleteUser': {
      const user = userAt(operation.user);
      const apply = () => {
        model.users[placeOf(model.users, operation.user)] = null;
        for (const group of model.groups) if (user != null) group?.members.delete(user);
      };
      return {
        method: 'DELETE',
        path: `/Users/${idOf(operation.user)}`,
        status: user == null ? 404 : 204,
        apply,
      };
    }
    case 'createGroup': {
      const { name, members } = operation;
      const isTaken = model.groups.some((g) => g?.name === name);
      return {
        method: 'POST',
        path: '/Groups',
        data: { schemas: [CORE_GROUP], displayName: groupName(name), members: values(members) },
        status: isTaken ? 409 : areKnown(members) ? 201 : 400,
        apply: (id) => model.groups.push({ id, name, members: known(members) }),
      };
    }
    case 'deleteGroup': {
      const group = groupAt(operation.group);
      const apply = () => {
        model.groups[placeOf(model.groups, operation.group)] = null;
      };
      return {
        method: 'DELETE',
        path: `/Groups/${group?.id ?? NOBODY}`,
        status: group == null ? 404 : 204,
        apply,
      };
    }
    case 'replaceGroup': {
      const group = groupAt(operation.group);
      const { name, members } = operation;
      const isTaken = model.groups.some((g) => g != null && g !== group && g.name === name);
      return {
        method: 'PUT',
        path: `/Groups/${group?.id ?? NOBODY}`,
        data: { displayName: groupName(name), ...(members === null ? {} : { members: values(members) }) },
        status: group == null ? 404 : isTaken ? 409 : members === null || areKnown(members) ? 200 : 400,
        apply: () => {
          if (group == null) return;
          group.name = name;
          if (members !== null) group.members = known(members);
        },
      };
    }
    case 'patchGroup':
      return planMoves(model, groupAt(operation.group), operation.moves, { known, areKnown, values });
    default:
      return operation satisfies never;
  }
}

type People = {
  known(list: readonly number[]): Set<User>;
  areKnown(list: readonly number[]): boolean;
  values(list: readonly number[]): { value: string }[];
};

function planMoves(
  model: Model,
  group: Group | null,
  moves: readonly Move[],
  { known, areKnown, values }: People,
): Planned {
  let members = new Set(group?.members ?? []);
  let name = group?.name ?? 0;
  let isBad = false;
  const Operations: unknown[] = [];
  for (const move of moves)
    if (move.op === 'rename') {
      name = move.name;
      Operations.push({ op: 'replace', path: 'displayName', value: groupName(name) });
    } else if (move.op === 'empty') {
      members = new Set();
      Operations.push({ op: 'remove', path: 'members' });
    } else {
      if (move.op !== 'remove') isBad ||= !areKnown(move.members);
      const named = known(move.members);
      if (move.op === 'add') members = new Set([...members, ...named]);
      else if (move.op === 'remove') members = new Set([...members].filter((one) => !named.has(one)));
      else members = named;
      Operations.push({ op: move.op, path: 'members', value: values(move.members) });
    }
  const isTaken = model.groups.some((g) => g != null && g !== group && g.name === name);
  return {
    method: 'PATCH',
    path: `/Groups/${group?.id ?? NOBODY}`,
    data: { Operations },
    status: group == null ? 404 : isTaken ? 409 : isBad ? 400 : 204,
    apply: () => {
      if (group != null) Object.assign(group, { name, members });
    },
  };
}

function userBody({ title, active, mail }: Attributes): Record<string, unknown> {
  return {
    schemas: [CORE_USER],
    ...(title === undefined ? {} : { title }),
    ...(active === undefined ? {} : { active }),
    ...(mail === undefined ? {} : { emails: [{ value: mail, type: 'work' }] }),
  };
}

/** The same person with other attributes, in every group the old one was in. */
function replaceIn(model: Model, old: User, fresh: User): User {
  for (const group of model.groups) if (group?.members.delete(old)) group.members.add(fresh);
  return fresh;
}

/** One request each, or a Bulk; every status must be the model's. */
async function send(model: Model, batch: readonly Operation[]): Promise<void> {
  const [only, ...others] = batch;
  if (only === undefined) return;
  if (others.length === 0) {
    const planned = plan(model, only);
    const { status, body } = await scim.call(planned.method, planned.path, planned.data);
    expect(status, `${planned.method} ${planned.path} ${JSON.stringify(body)}`).toBe(planned.status);
    if (status < 300) planned.apply(body?.id ?? '');
    return;
  }
  // In a Bulk, what the first creates has no id yet when the second is planned: later ones name it by bulkId.
  const all = batch.map((one, n) => {
    const planned = plan(model, one);
    if (planned.status < 300) planned.apply(`bulkId:b${n}`);
    return planned;
  });
  const Operations = all.map(({ method, path, data }, n) => ({
    method,
    path,
    ...(method === 'POST' ? { bulkId: `b${n}` } : {}),
    ...(data === undefined ? {} : { data }),
  }));
  const { status, body } = await scim.call('POST', '/Bulk', { Operations });
  expect(status).toBe(200);
  const results = body.Operations as { status: string; location?: string }[];
  for (const [n, { status }] of results.entries()) {
    // Alone a PATCH of a user has a body, and 200; in a Bulk it has none.
    const wanted = all[n]?.method === 'PATCH' && all[n]?.status === 200 ? 204 : all[n]?.status;
    expect(Number(status), JSON.stringify([Operations[n], results[n]])).toBe(wanted);
  }
  for (const one of [...model.users, ...model.groups])
    if (one?.id.startsWith('bulkId:'))
      one.id = results[Number(one.id.slice('bulkId:b'.length))]?.location?.split('/').at(-1) ?? '';
}

/** Every version there is; one request that is no Bulk is one step. */
async function lookAt(versions: Versions, batch: readonly Operation[]): Promise<void> {
  for (const filter of [
    `/Users?filter=userName sw "run${run}."`,
    `/Groups?filter=displayName sw "run${run} "`,
  ])
    versions.look((await scim.call('GET', `${filter}&count=200`)).body.Resources, batch.length === 1);
}

const sorted = (list: readonly string[]) => [...list].sort();

async function expectSame(model: Model): Promise<void> {
  const users = model.users.filter((u) => u !== null);
  const groups = model.groups.filter((g) => g !== null);
  const listed = await scim.call('GET', `/Users?filter=userName sw "run${run}."&count=200`);
  expect(sorted(listed.body.Resources.map((u: { id: string }) => u.id))).toEqual(
    sorted(users.map((u) => u.id)),
  );
  for (const shown of listed.body.Resources) {
    const user = users.find((u) => u.id === shown.id);
    const mine = groups.filter((g) => user !== undefined && g.members.has(user));
    expect({
      userName: shown.userName,
      title: shown.title,
      nickName: shown.nickName,
      active: shown.active,
      mail: shown.emails?.[0].value,
      groups: sorted((shown.groups ?? []).map((g: { value: string }) => g.value)),
    }).toEqual({
      userName: userName(user?.name ?? -1),
      title: user?.title,
      nickName: user?.nickName,
      active: user?.active ?? true,
      mail: user?.mail,
      groups: sorted(mine.map((g) => g.id)),
    });
  }
  const found = await scim.call('GET', `/Groups?filter=displayName sw "run${run} "&count=200`);
  expect(found.body.totalResults).toBe(groups.length);
  for (const group of groups) {
    const shown = found.body.Resources.find((g: { id: string }) => g.id === group.id);
    expect(shown?.displayName).toBe(groupName(group.name));
    expect(sorted((shown.members ?? []).map((m: { value: string }) => m.value))).toEqual(
      sorted([...group.members].map((u) => u.id)),
    );
  }
}

describe('any sequence of requests on users and groups, alone and in Bulks (RFC 7644 sections 3.3 to 3.7)', () => {
  it('RFC 7644 §3.3 to §3.7, §3.14: has the statuses and leaves the state of a naive model in memory, and versions change when the state does', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (batches) => {
        run += 1;
        const model: Model = { users: [], groups: [] };
        const versions = new Versions();
        for (const batch of batches) {
          await send(model, batch);
          await lookAt(versions, batch);
        }
        await expectSame(model);
      }),
      { numRuns: 120 },
    );
  }, 120_000);
});
