import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim(['orders-api', 'Größe']);
});
afterAll(() => scim.close());

const observedOf = async (group: string) =>
  (await scim.committed())
    .filter(({ groupName }) => groupName === group)
    .flatMap(({ added, removed }) => [
      ...added.map(({ userName }) => `+${userName}`),
      ...removed.map(({ userName }) => `-${userName}`),
    ]);

test.each(['Orders-API', 'größe'])(
  'a group that is pushed as %s is observed: displayName is caseExact false',
  async (name) => {
    const [ada, ben] = [await scim.createUser(`ada@${name}`), await scim.createUser(`ben@${name}`)];
    const group = await scim.createGroup(name, [ada]);
    const members = [{ value: ada }, { value: ben }];
    await scim.patch(`/Groups/${group}`, { op: 'replace', value: { members } });
    await scim.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${ada}"]` });
    await scim.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: ada }] });
    expect(await observedOf(name)).toEqual([`+ada@${name}`, `+ben@${name}`, `-ada@${name}`, `+ada@${name}`]);
  },
);

test('a group that carries nothing is the mirror’s alone', async () => {
  await scim.createGroup('orders-api-2', [await scim.createUser('eva@acme.example')]);
  expect(await observedOf('orders-api-2')).toEqual([]);
});
