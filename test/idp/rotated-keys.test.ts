import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOkta } from '../../src/idp/okta/okta.ts';
import { type SecretsManager, startSecretsManager } from '../../src/sandbox/secrets/emulator.ts';
import type { Secret } from '../../src/secrets/secret.ts';
import { oktaAsSeeded } from '../sandbox/start-okta.ts';
import { open } from '../secrets/open.ts';
import { certified } from './entra/certified.ts';
import { entraAsSeeded } from './entra/start-entra.ts';

let manager: SecretsManager;
beforeAll(async () => {
  manager = await startSecretsManager();
});
afterAll(() => manager.close());

let made = 0;
/** Settings whose values are secrets of AWS, each of its own. */
async function kept(values: Record<string, string>) {
  made += 1;
  const nameOf = (setting: string) => `keys/${made}/${setting}`;
  for (const [setting, value] of Object.entries(values))
    manager.vault.create(nameOf(setting), { SecretString: value });
  const env = Object.fromEntries(
    Object.keys(values).map((setting) => [setting, `secret://aws/${nameOf(setting)}`]),
  );
  const opened = async () => {
    const { book } = await open(manager, env);
    return { book, secret: (setting: string) => book.secret(setting) as Secret };
  };
  return {
    names: Object.keys(values),
    ...(await opened()),
    /** As another process reads them at its start. */
    reopened: opened,
    store: (setting: string, value: string) => manager.vault.put(nameOf(setting), { SecretString: value }),
  };
}

describe('Entra', () => {
  const entra = entraAsSeeded();

  test('a client secret is replaced while it runs, and nobody waits for the schedule', async () => {
    const { secret, store } = await kept({ ENTRA_CLIENT_SECRET: 'first' });
    await entra.portal('/credentials', { secrets: ['first'] });
    const auth = { secret: secret('ENTRA_CLIENT_SECRET') };
    const idp = entra.idp({ auth });
    await idp.check();
    store('ENTRA_CLIENT_SECRET', 'second');
    await entra.portal('/credentials', { secrets: ['second'] });
    await entra.portal('/tokens/revoke', {});
    await idp.check();
    expect(secret('ENTRA_CLIENT_SECRET').current()).toBe('second');
  });

  // api7/aisix #779 and AzureAD/microsoft-authentication-library-for-dotnet #1709: a token lives for an hour on.
  test('a new client secret is tried at the next call; one that is wrong ends no token, and is named', async () => {
    const { book, secret, store } = await kept({ ENTRA_CLIENT_SECRET: 'first' });
    await entra.portal('/credentials', { secrets: ['first'] });
    const idp = entra.idp({ auth: { secret: secret('ENTRA_CLIENT_SECRET') } });
    await idp.check();
    store('ENTRA_CLIENT_SECRET', 'wrong');
    await book.readAll();
    await idp.check();
    expect(book.states()[0]?.trouble).toMatch(/^is refused in its newest version/);
    // Nothing that Entra takes is left, but the token is good.
    store('ENTRA_CLIENT_SECRET', 'wrong too');
    await entra.portal('/credentials', { secrets: ['third'] });
    await book.readAll();
    await idp.check();
  });

  test('certificate and key are two secrets: whichever is stored first, each moment between works', async () => {
    for (const order of [
      ['ENTRA_CERTIFICATE', 'ENTRA_PRIVATE_KEY'],
      ['ENTRA_PRIVATE_KEY', 'ENTRA_CERTIFICATE'],
    ] as const) {
      const [old, next] = [certified('old'), certified('next')];
      const values = {
        old: { ENTRA_CERTIFICATE: old.certificate, ENTRA_PRIVATE_KEY: old.privateKey },
        next: { ENTRA_CERTIFICATE: next.certificate, ENTRA_PRIVATE_KEY: next.privateKey },
      };
      const { book, secret, store } = await kept(values.old);
      const auth = { certificate: secret('ENTRA_CERTIFICATE'), privateKey: secret('ENTRA_PRIVATE_KEY') };
      // Entra takes both while they are changed.
      await entra.portal('/credentials', {
        secrets: [],
        certificates: [old.certificate, next.certificate],
      });
      const idp = entra.idp({ auth });
      await idp.check();
      store(order[0], values.next[order[0]]);
      await book.readAll();
      await entra.portal('/tokens/revoke', {});
      await idp.check();
      store(order[1], values.next[order[1]]);
      await book.readAll();
      await entra.portal('/credentials', { certificates: [next.certificate] });
      await entra.portal('/tokens/revoke', {});
      await idp.check();
      expect([secret(order[0]).current(), secret(order[1]).current()]).toEqual(
        order.map((setting) => values.next[setting].trim()),
      );
      expect(book.states().map(({ trouble }) => trouble)).toEqual([null, null]);
    }
  });

  test('a start between certificate and key begins with the pair before, and says so', async () => {
    for (const isCertificateFirst of [true, false]) {
      const [old, next] = [certified('old'), certified('next')];
      const values = { ENTRA_CERTIFICATE: old.certificate, ENTRA_PRIVATE_KEY: old.privateKey };
      const { names, store, reopened } = await kept(values);
      const [first] = isCertificateFirst ? names : names.toReversed();
      store(first ?? '', first === 'ENTRA_CERTIFICATE' ? next.certificate : next.privateKey);
      await entra.portal('/credentials', { secrets: [], certificates: [old.certificate] });
      const { book, secret } = await reopened();
      const auth = { certificate: secret('ENTRA_CERTIFICATE'), privateKey: secret('ENTRA_PRIVATE_KEY') };
      await entra.idp({ auth }).check();
      const named = book.states().find(({ name }) => name === first);
      expect(named?.trouble).toMatch(/refused in its newest version .*the one before it is used/);
    }
  });

  test('a start with a client secret that Entra does not take yet begins with the one before', async () => {
    const { store, reopened } = await kept({ ENTRA_CLIENT_SECRET: 'taken' });
    store('ENTRA_CLIENT_SECRET', 'not-yet');
    await entra.portal('/credentials', { secrets: ['taken'], certificates: [] });
    const { book, secret } = await reopened();
    const idp = entra.idp({ auth: { secret: secret('ENTRA_CLIENT_SECRET') } });
    await idp.check();
    expect(book.states()[0]?.trouble).toMatch(/refused in its newest version .*the one before it is used/);
    await entra.portal('/credentials', { secrets: ['not-yet'] });
    await entra.portal('/tokens/revoke', {});
    await idp.check();
    expect(book.states()[0]?.trouble).toBeNull();
  });
});

describe('Okta', () => {
  const okta = oktaAsSeeded();

  test('the key of the service app is replaced: its tokens end, and the new key signs', async () => {
    const pairs = [1, 2].map((n) => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const kid = `key-${n}`;
      return {
        publicJwk: { ...publicKey.export({ format: 'jwk' }), kid },
        text: JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid }),
      };
    });
    const [old, next] = pairs as [(typeof pairs)[number], (typeof pairs)[number]];
    const clientId = '0oalatchkey000000001';
    const register = (publicJwk: object) =>
      okta.console.registerServiceApp({
        clientId,
        publicJwk,
        scopes: ['okta.groups.manage', 'okta.users.read'],
      });
    const { secret, store } = await kept({ OKTA_PRIVATE_KEY: old.text });
    await register(old.publicJwk);
    const privateKey = secret('OKTA_PRIVATE_KEY');
    const idp = createOkta({ orgUrl: `${okta.url}/okta/`, auth: { clientId, privateKey } });
    await idp.check();

    store('OKTA_PRIVATE_KEY', next.text);
    await register(next.publicJwk);
    await okta.console.revokeTokens();
    await idp.check();
    expect(privateKey.current()).toBe(next.text);
  });
});
