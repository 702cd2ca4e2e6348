import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createVisitor, type Visitor } from '../../src/sandbox/visitor.ts';
import { type RunningWorld, startWorld } from '../../src/sandbox/world.ts';
import { oktaConsole } from './okta-console.ts';

const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';

let world: RunningWorld;
let visitor: Visitor;
beforeAll(async () => {
  world = await startWorld({ port: 0, stateFile: null, latchkey: null });
  visitor = createVisitor(world.url);
});
beforeEach(() => connector({ teams: { [GROUP]: TEAM }, latencyMs: 0, leavesMembers: false, paused: false }));
afterAll(() => world?.close());

const connector = (settings: object) => visitor.request('POST', '/okta/sim/connector', settings);
const inGroup = (key: string, isMember: boolean) =>
  isMember ? oktaConsole(world.url).addMember(GROUP, key) : oktaConsole(world.url).removeMember(GROUP, key);
const isInTeam = (key: string, isMember: boolean) =>
  visitor.until(
    `${key} is ${isMember ? 'in' : 'out of'} the team`,
    async () => (await visitor.isInTeam(key, TEAM)) === isMember,
  );

test('a pushed group becomes its team, and who has no user there is given one', async () => {
  await inGroup('ines', true);
  await inGroup('nadia', true);
  await isInTeam('ines', true);
  await isInTeam('nadia', true);
  await inGroup('ines', false);
  await isInTeam('ines', false);
});

test('a removal that fails leaves the member, and says so, until the group is pushed by hand', async () => {
  // given
  await inGroup('erik', true);
  await isInTeam('erik', true);
  await connector({ leavesMembers: true });

  // when
  await inGroup('erik', false);

  // then
  const { failed } = await visitor.request<{ failed: string[] }>('GET', '/okta/sim/connector');
  expect(failed).toEqual([expect.stringContaining('could not be removed from Orders API readers')]);
  expect(await visitor.isInTeam('erik', TEAM)).toBe(true);

  // when
  expect(await visitor.request('POST', '/okta/sim/connector/push-now', { group: GROUP })).toEqual({
    left: 1,
  });

  // then
  expect(await visitor.isInTeam('erik', TEAM)).toBe(false);
});
