import { generateKeyPairSync } from 'node:crypto';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkOktaHook, checkOktaLog } from '../../src/idp/okta/check.ts';
import type { OktaAuth } from '../../src/idp/okta/credentials.ts';
import { eventTypes } from '../../src/idp/okta/events.ts';
import { OKTA_HOOK_PATH } from '../../src/idp/okta/hook.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { oktaAsSeeded } from '../sandbox/start-okta.ts';

const SECRET = 'a secret of sixteen';
const app = Fastify({ forceCloseConnections: true });
app.get(OKTA_HOOK_PATH, async (request) => ({
  verification: request.headers['x-okta-verification-challenge'],
}));

const org = oktaAsSeeded();
let url: string;
beforeAll(async () => {
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}${OKTA_HOOK_PATH}`;
});
afterAll(() => app.close());

const byToken: OktaAuth = { token: credentials.oktaApiToken };
const settings = (auth: OktaAuth = byToken) => ({ orgUrl: `${org.url}/okta`, auth });
const check = (auth?: OktaAuth) => checkOktaHook(settings(auth), url);

async function hook({ at = url, items = eventTypes, verify = true } = {}): Promise<string> {
  const { id } = await org.console.createHook(at, SECRET, items);
  if (verify) await org.console.verifyHook(id);
  return id;
}

async function appWith(scopes: string[]): Promise<OktaAuth> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await org.console.registerServiceApp({
    clientId: '0oacheck',
    publicJwk: publicKey.export({ format: 'jwk' }),
    scopes,
  });
  return {
    clientId: '0oacheck',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

test('a verified hook that tells of all we listen to', async () => {
  await hook();
  expect(await check()).toEqual({ name: 'Okta hook', trouble: null });
});

test('none: says where to make one, and for which address', async () => {
  const { trouble, isOptional } = await check();
  expect(isOptional).toBeUndefined();
  expect(trouble).toContain(`no event hook delivers to ${url}: make one in Okta’s console`);
});

test('one that delivers to another address', async () => {
  await hook({ at: `https://old.example${OKTA_HOOK_PATH}`, verify: false });
  expect((await check()).trouble).toContain(
    `delivers to https://old.example${OKTA_HOOK_PATH} and not to ${url}`,
  );
});

test('one that is not verified; another that is makes it well', async () => {
  await hook({ verify: false });
  expect((await check()).trouble).toContain('is not verified, so Okta sends nothing: verify it');
  await hook();
  expect((await check()).trouble).toBeNull();
});

test('one that leaves events out is a note, for the log has them', async () => {
  await hook({ items: eventTypes.filter((type) => !type.startsWith('group.user_membership')) });
  const { trouble, isOptional } = await check();
  expect(isOptional).toBe(true);
  expect(trouble).toContain(
    'does not tell of group.user_membership.add, group.user_membership.remove: add them',
  );
});

test('one that sends its secret in another field', async () => {
  const id = await hook();
  const saved = structuredClone(org.emulator.snapshot()) as {
    hooks: { hooks: { id: string; auth: { key: string } }[] };
  };
  for (const one of saved.hooks.hooks) if (one.id === id) one.auth.key = 'X-Secret';
  org.emulator.restore(saved);
  expect((await check()).trouble).toContain('sends its secret as X-Secret, so Latchkey refuses');
});

test('a service app that may not see hooks is a note; one that may sees them', async () => {
  await hook();
  const { trouble, isOptional } = await check(await appWith(['okta.groups.manage', 'okta.users.read']));
  expect(isOptional).toBe(true);
  expect(trouble).toContain('grant the service app okta.eventHooks.read');
  expect(await check(await appWith(['okta.eventHooks.read']))).toEqual({ name: 'Okta hook', trouble: null });
});

test('the System Log: well, not granted, and a token that is refused', async () => {
  expect(await checkOktaLog(settings())).toEqual({ name: 'Okta log', trouble: null, isOptional: true });
  const notGranted = await checkOktaLog(settings(await appWith(['okta.groups.manage'])));
  expect(notGranted.isOptional).toBe(true);
  expect(notGranted.trouble).toContain('grant the service app okta.logs.read to have it');
  const refused = await checkOktaLog(settings({ token: 'wrong' }));
  expect(refused.trouble).toContain('make a new API token and set OKTA_API_TOKEN');
});
