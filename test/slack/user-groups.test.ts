import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { credentials } from '../../src/sandbox/seed.ts';
import { createSlackEmulator } from '../../src/sandbox/slack/emulator.ts';
import { createSlackClient } from '../../src/slack/api/client.ts';
import { createUserGroups, type UserGroups } from '../../src/slack/user-groups.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';

const HANDLE = 'oncall-integration';
const ERIK = 'U0000002';
const OLGA = 'U0000004';

let slack: StartedEmulator;
let groups: UserGroups;
/** Milliseconds that the clock is ahead. */
let later = 0;
beforeEach(async () => {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + later);
  later = 0;
  slack = await startEmulator(createSlackEmulator);
  groups = createUserGroups(
    createSlackClient(
      { botToken: credentials.slackBotToken, apiUrl: `${slack.url}/slack/api/` },
      pino({ level: 'silent' }),
    ),
  );
});
afterEach(async () => {
  vi.restoreAllMocks();
  await slack.close();
});

const calls = (method: string) => slack.world.faults.seen({ vendor: 'slack', path: `/${method}$` }).length;
async function change(what: { members?: string[]; enabled?: boolean }): Promise<void> {
  const response = await fetch(`${slack.url}/slack/sim/user-group`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ handle: HANDLE, ...what }),
  });
  expect(response.status).toBe(200);
}

test('members are read once for all who ask at once, and anew after a while', async () => {
  expect(await Promise.all([1, 2, 3].map(() => groups.membersOf(HANDLE)))).toEqual([[ERIK], [ERIK], [ERIK]]);
  expect(calls('usergroups.users.list')).toBe(1);
  await change({ members: ['olga'] });
  expect(await groups.membersOf(HANDLE)).toEqual([ERIK]);
  later = 20_000;
  expect(await Promise.all([1, 2, 3].map(() => groups.membersOf(HANDLE)))).toEqual([[OLGA], [OLGA], [OLGA]]);
  expect(calls('usergroups.users.list')).toBe(2);
  // Which group goes by the handle is known from before.
  expect(calls('usergroups.list')).toBe(1);
});

test('a group that there is not, or that is switched off, has no members to tell of', async () => {
  expect(await groups.membersOf('oncall-nobody')).toBeNull();
  expect(await groups.membersOf(HANDLE)).toEqual([ERIK]);
  await change({ enabled: false });
  later = 20_000;
  expect(await groups.membersOf(HANDLE)).toBeNull();
  await change({ enabled: true });
  later = 40_000;
  expect(await groups.membersOf(HANDLE)).toEqual([ERIK]);
});

test('while Slack asks to wait it is left alone', async () => {
  slack.world.faults.add({ vendor: 'slack', kind: 'status', status: 429, path: 'usergroups', times: 1 });
  await expect(groups.membersOf(HANDLE)).rejects.toMatchObject({ code: 'slack.throttled' });
  await expect(groups.membersOf(HANDLE)).rejects.toMatchObject({
    code: 'slack.throttled',
    retryAfterMs: expect.any(Number),
  });
  expect(slack.world.faults.seen({ vendor: 'slack', path: 'usergroups' })).toHaveLength(1);
  later = 5_000;
  expect(await groups.membersOf(HANDLE)).toEqual([ERIK]);
});

test('its rate is Tier 2’s: whoever asks all the time stays below it', async () => {
  for (let second = 0; second < 60; second += 1) {
    later = second * 1_000;
    await groups.membersOf(HANDLE);
  }
  expect(calls('usergroups.users.list') + calls('usergroups.list')).toBeLessThanOrEqual(6);
});
