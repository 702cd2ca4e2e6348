import { generateKeyPairSync } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createOktaLog } from '../../src/idp/okta/log.ts';
import type { LogPage } from '../../src/ports/identity-provider.ts';
import { credentials, people } from '../../src/sandbox/seed.ts';
import { oktaAsSeeded } from '../sandbox/start-okta.ts';

const GROUP = 'anypoint-orders-read';
const idOf = (key: string) => people.find((p) => p.key === key)?.oktaId ?? '';

const org = oktaAsSeeded();

const log = (auth: Parameters<typeof createOktaLog>[0]['auth'] = { token: credentials.oktaApiToken }) =>
  createOktaLog({ orgUrl: `${org.url}/okta`, auth });

async function pagesFrom(position: string | null, from = log()): Promise<LogPage[]> {
  const pages: LogPage[] = [];
  for await (const page of from.read(position)) pages.push(page);
  return pages;
}
const keysOf = (pages: LogPage[]) => pages.flatMap((p) => p.observations.map((o) => o.key));

test('the first look goes a few minutes back and says where to go on, even when there is nothing', async () => {
  const before = Date.now();
  const [page, ...more] = await pagesFrom(null);
  expect(more).toEqual([]);
  expect(page?.observations).toEqual([]);
  const backMs = before - Date.parse(page?.position ?? '');
  expect(backMs).toBeGreaterThan(60_000);
  expect(backMs).toBeLessThanOrEqual(10 * 60_000);
});

test('memberships, people and groups are read, with who did it, and read again under the same keys', async () => {
  await org.console.addMember(GROUP, 'erik', 'olga');
  await org.console.changeProfile('erik', { department: 'Payments' });
  await org.console.setStatus('erik', 'SUSPENDED');
  await org.console.renameGroup(GROUP, 'anypoint-orders-look');
  const first = await pagesFrom(null);
  expect(first.flatMap((p) => p.observations)).toMatchObject([
    {
      eventSource: 'oktaLog',
      payload: { kind: 'membership', direction: 'added', person: { id: idOf('erik') } },
      actor: { id: idOf('olga'), name: 'Olga Brandt' },
    },
    { payload: { kind: 'person', happening: 'changed' } },
    { payload: { kind: 'person', happening: 'suspended' } },
    { payload: { kind: 'group' } },
  ]);
  expect(first.flatMap((p) => p.unread)).toEqual([]);
  await org.console.setStatus('erik', 'ACTIVE');
  const second = await pagesFrom(first.at(-1)?.position ?? null);
  expect(keysOf(second)).toEqual([...keysOf(first), expect.any(String)]);
});

test('after a long absence every page is followed, oldest first', async () => {
  for (let i = 0; i < 1_100; i += 1) {
    await org.console.addMember(GROUP, 'erik');
    await org.console.removeMember(GROUP, 'erik');
  }
  const pages = await pagesFrom(new Date(Date.now() - 3_600_000).toISOString());
  expect(pages.map((p) => p.observations.length)).toEqual([1_000, 1_000, 200]);
  const times = pages.flatMap((p) => p.observations.map((o) => o.occurredAt.getTime()));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const positions = pages.map((p) => p.position);
  expect(positions).toEqual(positions.toSorted());
  // Interrupted after a page, the next look misses nothing.
  expect(new Set(keysOf([pages[0] as LogPage, ...(await pagesFrom(positions[0] ?? null))])).size).toBe(2_200);
}, 60_000);

test('an event that is written late is read once it is there', async () => {
  await org.console.setLogLag(1_500);
  await org.console.addMember(GROUP, 'erik');
  await org.console.setLogLag(0);
  await org.console.addMember(GROUP, 'tom');
  const [early] = await pagesFrom(null);
  expect(early?.observations).toMatchObject([{ payload: { person: { id: idOf('tom') } } }]);
  await expect
    .poll(async () => keysOf(await pagesFrom(early?.position ?? null)).length, { timeout: 10_000 })
    .toBe(2);
});

test('a limit is told with how long to wait; a refusal is a refusal', async () => {
  org.world.faults.add({ vendor: 'okta', kind: 'status', status: 429, path: '/logs', times: 1 });
  await expect(pagesFrom(null)).rejects.toMatchObject({
    code: 'idp.throttled',
    retryAfterMs: expect.any(Number),
  });
  org.world.faults.add({ vendor: 'okta', kind: 'status', status: 403, path: '/logs' });
  await expect(pagesFrom(null)).rejects.toMatchObject({ code: 'idp.forbidden' });
  await expect(log().check()).rejects.toMatchObject({ code: 'idp.forbidden' });
});

test('a service app without okta.logs.read is refused the log, and one with it reads it', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const auth = {
    clientId: '0oalogs',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  const app = { clientId: '0oalogs', publicJwk: publicKey.export({ format: 'jwk' }) };
  await org.console.registerServiceApp({ ...app, scopes: ['okta.groups.manage', 'okta.users.read'] });
  await expect(log(auth).check()).rejects.toMatchObject({ code: 'idp.forbidden' });
  await org.console.registerServiceApp({ ...app, scopes: ['okta.groups.manage', 'okta.logs.read'] });
  await log(auth).check();
});

describe('the last sign-in', () => {
  const HALF_A_DAY = 12 * 3_600;
  const asked = () => org.world.faults.seen({ vendor: 'okta', path: '/logs' }).length;

  test('is the newest of the person that succeeded, with its country', async () => {
    expect(await log().lastSignIn(idOf('erik'), HALF_A_DAY)).toBeNull();
    await org.console.signIn('erik', 'Germany');
    await org.console.signIn('erik', 'France');
    await org.console.signIn('erik', 'Brazil', 'FAILURE');
    await org.console.signIn('olga', 'Sweden');
    expect(await log().lastSignIn(idOf('erik'), HALF_A_DAY)).toEqual({
      at: expect.any(Date),
      country: 'France',
    });
    expect(await log().lastSignIn(idOf('tom'), HALF_A_DAY)).toBeNull();
  });

  test('may be from where Okta can’t tell', async () => {
    await org.console.signIn('erik', null);
    expect(await log().lastSignIn(idOf('erik'), HALF_A_DAY)).toMatchObject({ country: null });
  });

  test('that is too old is none', async () => {
    await org.console.signIn('erik', 'Germany');
    await setTimeout(50);
    expect(await log().lastSignIn(idOf('erik'), 0.01)).toBeNull();
  });

  test('is nothing to the reader of the log', async () => {
    await org.console.signIn('erik', 'Germany');
    const [page] = await pagesFrom(null);
    expect(page).toMatchObject({ observations: [], unread: [] });
  });

  test('is not asked for while Okta asks to wait', async () => {
    const one = log();
    org.world.faults.add({ vendor: 'okta', kind: 'status', status: 429, path: '/logs', times: 1 });
    await expect(one.lastSignIn(idOf('erik'), HALF_A_DAY)).rejects.toMatchObject({ code: 'idp.throttled' });
    await expect(one.lastSignIn(idOf('erik'), HALF_A_DAY)).rejects.toMatchObject({ code: 'idp.throttled' });
    expect(asked()).toBe(1);
  });

  test('leaves the end of the limit to the reader of the log', async () => {
    const one = log();
    await org.console.setRateLimit(8);
    for (let i = 0; i < 6; i += 1) await org.console.readGroupsByApi();
    await one.lastSignIn(idOf('erik'), HALF_A_DAY);
    await expect(one.lastSignIn(idOf('erik'), HALF_A_DAY)).rejects.toMatchObject({
      code: 'idp.throttled',
      retryAfterMs: expect.any(Number),
    });
    expect(asked()).toBe(1);
    expect(await pagesFrom(null, one)).toHaveLength(1);
  });
});
