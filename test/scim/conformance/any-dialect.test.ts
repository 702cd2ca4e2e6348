import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENTERPRISE_USER } from '../start-scim.ts';
import { type Dialect, dialects, type Person, type Sent } from './dialects.ts';
import { personCalled, type Session, startSession } from './session.ts';
import { Versions } from './versions.ts';

/** What happens in the directory. A number stands for the user or group with that number, there or not. */
type Happening =
  | { do: 'hire' | 'rename' | 'transfer'; user: number; word: string }
  | { do: 'setActive'; user: number; active: boolean }
  | { do: 'leave'; user: number }
  | { do: 'found'; group: number; word: string }
  | GroupChange
  | { do: 'disband'; group: number }
  | { do: 'again' };

type GroupChange =
  | { do: 'renameGroup'; group: number; word: string }
  | { do: 'move' | 'push'; group: number; users: number[] };

const USERS = 5;
const GROUPS = 3;
const user = fc.nat(USERS - 1);
const group = fc.nat(GROUPS - 1);
const users = fc.uniqueArray(user, { maxLength: USERS });
const word = fc.constantFrom('a', 'b', 'Ünïcode ✓', `O'Malley "x" \\`);
const of = <T extends string>(...values: T[]) => fc.constantFrom(...values);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: of('hire'), user, word }) },
  { weight: 2, arbitrary: fc.record({ do: of('rename', 'transfer'), user, word }) },
  { weight: 3, arbitrary: fc.record({ do: of('setActive'), user, active: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: of('leave'), user }) },
  { weight: 4, arbitrary: fc.record({ do: of('found'), group, word }) },
  { weight: 1, arbitrary: fc.record({ do: of('renameGroup'), group, word }) },
  { weight: 6, arbitrary: fc.record({ do: of('move'), group, users }) },
  { weight: 2, arbitrary: fc.record({ do: of('push'), group, users }) },
  { weight: 1, arbitrary: fc.record({ do: of('disband'), group }) },
  { weight: 2, arbitrary: fc.constant({ do: 'again' as const }) },
);

/** The naive model of what we must have. A user the directory has let go may stay behind, switched off. */
type User = Person & { id: string };
type Group = { id: string; displayName: string; externalId: string; members: Set<number> };
type Model = { users: (User | undefined)[]; groups: (Group | undefined)[]; leftBehind: User[] };

/** Entra's last two requests, sent again: the member is in, and out. */
const ADDED_AGAIN_AND_OUT_AGAIN: Happening[] = [
  { do: 'hire', user: 0, word: 'a' },
  { do: 'found', group: 1, word: 'a' },
  { do: 'push', group: 1, users: [0] },
  { do: 'push', group: 1, users: [] },
  { do: 'again' },
];

let run = 0;
const login = (n: number, word: string) => `${word}.user${n}.run${run}@acme.example`;
const title = (n: number, word: string) => `${word} group ${n} run ${run}`;
const membersIn = (model: Model, numbers: Iterable<number>) =>
  [...numbers].map((n) => model.users[n]).filter((one) => one !== undefined);

async function happen(session: Session, model: Model, event: Happening, last: Sent[]): Promise<Sent[]> {
  const { dialect, say } = session;
  switch (event.do) {
    case 'again':
      // What creates would be a second resource; everything else may come twice.
      for (const one of last) if (one.method === 'PATCH' || one.method === 'PUT') await say(one);
      return last;
    case 'hire': {
      if (model.users[event.user] !== undefined) return [];
      const person = personCalled(login(event.user, event.word), {
        externalId: `x${run}-${event.user}-${model.leftBehind.length}`,
      });
      const found = await say(dialect.findUser(person.userName));
      if (found.body.totalResults > 0) return [];
      model.users[event.user] = { ...person, id: (await session.hire(person)).id };
      return [];
    }
    case 'rename':
    case 'transfer': {
      const person = model.users[event.user];
      if (person === undefined) return [];
      const after =
        event.do === 'rename'
          ? { ...person, userName: login(event.user, `${event.word}!`), familyName: event.word }
          : { ...person, department: event.word };
      if (model.leftBehind.some((one) => one.userName === after.userName)) return [];
      return await update(session, model, event.user, after);
    }
    case 'setActive': {
      const person = model.users[event.user];
      return person === undefined
        ? []
        : await update(session, model, event.user, { ...person, active: event.active });
    }
    case 'leave': {
      const person = model.users[event.user];
      if (person === undefined) return [];
      const sent = dialect.endUser(person.id, person);
      await say(sent);
      model.users[event.user] = undefined;
      const isGone = sent.some((one) => one.method === 'DELETE');
      // The directory takes them out of its groups too, and says so first.
      for (const team of model.groups) {
        if (team === undefined || !team.members.delete(event.user) || isGone) continue;
        const now = membersIn(model, team.members);
        await say(dialect.changeMembers(team.id, team, [...now, person], now));
      }
      if (!isGone) model.leftBehind.push({ ...person, active: false });
      return [];
    }
    case 'found': {
      if (model.groups[event.group] !== undefined) return [];
      const displayName = title(event.group, event.word);
      expect((await say(dialect.findGroup(displayName))).body.Resources).toEqual([]);
      const team = { displayName, externalId: `g${run}-${event.group}` };
      const { body } = await say(dialect.createGroup(team));
      model.groups[event.group] = {
        ...team,
        externalId: body.externalId,
        id: body.id,
        members: new Set(),
      };
      return [];
    }
    case 'disband': {
      const team = model.groups[event.group];
      if (team !== undefined) await say(dialect.deleteGroup(team.id));
      model.groups[event.group] = undefined;
      return [];
    }
    default:
      return await changeGroup(session, model, event);
  }
}

async function update(session: Session, model: Model, n: number, after: User): Promise<Sent[]> {
  const before = model.users[n] as User;
  const sent = session.dialect.updateUser(before.id, before, after);
  if (sent.length > 0) await session.say(sent);
  model.users[n] = after;
  return sent;
}

async function changeGroup({ dialect, say }: Session, model: Model, event: GroupChange): Promise<Sent[]> {
  const team = model.groups[event.group];
  if (team === undefined) return [];
  const before = membersIn(model, team.members);
  if (event.do === 'renameGroup') {
    team.displayName = title(event.group, event.word);
    const sent = dialect.renameGroup(team.id, team, before);
    await say(sent);
    return sent;
  }
  const there = event.users.filter((n) => model.users[n] !== undefined);
  const after = membersIn(model, there);
  const sent =
    event.do === 'move'
      ? dialect.changeMembers(team.id, team, before, after)
      : dialect.pushMembers(team.id, team, before, after);
  if (sent.length > 0) await say(sent);
  team.members = new Set(there);
  return sent;
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);

async function expectSame(
  { scim }: Session,
  model: Model,
  { versions, isOneStep }: { versions: Versions; isOneStep: boolean },
): Promise<void> {
  const shownUsers = (await scim.call('GET', `/Users?filter=userName co "run${run}@"&count=200`)).body;
  const users = [...model.users.filter((one) => one !== undefined), ...model.leftBehind];
  expect(
    shownUsers.Resources.map((shown: { [name: string]: { [name: string]: string } & string }) => ({
      id: shown.id,
      userName: shown.userName,
      externalId: shown.externalId,
      givenName: shown.name?.givenName,
      familyName: shown.name?.familyName,
      department: shown[ENTERPRISE_USER]?.department,
      active: shown.active,
      mail: (shown.emails as unknown as { value: string }[])[0]?.value,
      groups: (shown.groups as unknown as { value: string }[]).map((g) => g.value).sort(),
    })).sort(byId),
  ).toEqual(
    users
      .map((one) => ({
        ...one,
        mail: one.userName,
        groups: model.groups
          .filter((team) => team !== undefined && membersIn(model, team.members).includes(one))
          .map((team) => team?.id)
          .sort(),
      }))
      .sort(byId),
  );
  const shownGroups = (await scim.call('GET', `/Groups?filter=displayName ew "run ${run}"&count=200`)).body;
  expect(
    shownGroups.Resources.map(
      (shown: { id: string; displayName: string; externalId?: string; members: { value: string }[] }) => ({
        id: shown.id,
        displayName: shown.displayName,
        externalId: shown.externalId,
        members: shown.members.map((m) => m.value).sort(),
      }),
    ).sort(byId),
  ).toEqual(
    model.groups
      .filter((team) => team !== undefined)
      .map((team) => ({
        ...team,
        members: membersIn(model, team.members)
          .map((m) => m.id)
          .sort(),
      }))
      .sort(byId),
  );
  versions.look([...shownUsers.Resources, ...shownGroups.Resources], isOneStep);
}

describe.each(dialects)('$name', (dialect: Dialect) => {
  let session: Session;
  beforeAll(async () => {
    session = await startSession(dialect);
  });
  afterAll(() => session.scim.close());

  it('RFC 7644 §3.3 to §3.6, §3.14: any sequence leaves the users, groups, members and versions of a naive model', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 20, size: 'max' }), async (events) => {
        run += 1;
        const model: Model = { users: [], groups: [], leftBehind: [] };
        const versions = new Versions();
        let last: Sent[] = [];
        for (const event of events) {
          const sent = await happen(session, model, event, last);
          if (event.do !== 'again') last = sent;
          // Entra says in two requests who is in and who is out. Both again lead away and back.
          const isOneStep = event.do !== 'again' || last.length <= 1;
          await expectSame(session, model, { versions, isOneStep });
        }
      }),
      { numRuns: 30, examples: [[ADDED_AGAIN_AND_OUT_AGAIN]] },
    );
  }, 120_000);
});
