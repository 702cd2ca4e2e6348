import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { createEntra } from '../../../src/idp/entra/entra.ts';
import type { Secret } from '../../../src/secrets/secret.ts';
import { certified } from './certified.ts';
import { entraAsSeeded } from './start-entra.ts';

const login = {
  tenantId: 't',
  clientId: 'c',
  url: 'https://graph.example',
  loginUrl: 'https://login.example',
};
const keys = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const pemOf = (key: ReturnType<typeof keys>['privateKey']) =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();
const folder = mkdtempSync(join(tmpdir(), 'entra-'));

/** A secret that changes when its source is asked. */
function changing(...values: string[]): Secret {
  const move = async () => values.length > 1 && values.shift() !== undefined;
  return {
    name: 'ENTRA_X',
    current: () => values[0] ?? '',
    refused: move,
    renew: move,
    fits: () => false,
    onChange: () => () => {},
  };
}

const entra = entraAsSeeded();
const unauthorized = { code: 'idp.unauthorized', retryable: false };

test.each([
  ['no certificate at all', { certificate: 'none', privateKey: pemOf(keys().privateKey) }],
  ['a key where the certificate should be', { certificate: pemOf(keys().privateKey) }],
  [
    'a key of another certificate',
    { certificate: certified('a').certificate, privateKey: certified('b').privateKey },
  ],
])('%s is refused at the start, without a word of the key', (_what, auth) => {
  const attempt = () => createEntra({ ...login, auth });
  expect(attempt).toThrowError(expect.objectContaining({ code: 'config.invalid' }));
  expect(attempt).toThrowError(/^(?!.*BEGIN)/);
});

describe('a secret', () => {
  test('one that Entra refuses is read anew, and then it works', async () => {
    await entra.portal('/credentials', { secrets: ['second'] });
    await entra.idp({ auth: { secret: changing('first', 'second') } }).check();
    await expect(entra.idp({ auth: { secret: 'first' } }).check()).rejects.toMatchObject({
      ...unauthorized,
      vendorCode: 'invalid_client',
      message: expect.stringMatching(/AADSTS7000215/),
    });
  });

  test('no fault tells the secret', async () => {
    const fault = await entra
      .idp({ auth: { secret: 'marked-secret' } })
      .check()
      .catch((error: unknown) => error);
    expect(JSON.stringify(fault, Object.getOwnPropertyNames(fault))).not.toContain('marked-secret');
  });
});

describe('a certificate', () => {
  test('with its key beside it or in the same text', async () => {
    const one = certified('one');
    await expect(entra.idp({ auth: one }).check()).rejects.toMatchObject(unauthorized);
    await entra.portal('/credentials', { certificates: [one.certificate] });
    await entra.idp({ auth: one }).check();
    await entra.idp({ auth: { certificate: `${one.certificate}\n${one.privateKey}` } }).check();
  });

  test('changed together with its key, whichever is read first', async () => {
    const [old, next] = [certified('old'), certified('next')];
    const auth = {
      certificate: changing(old.certificate, next.certificate),
      privateKey: changing(old.privateKey, next.privateKey),
    };
    const idp = entra.idp({ auth });
    await entra.portal('/credentials', { secrets: [], certificates: [next.certificate] });
    await idp.check();
  });
});

describe('a token of the platform', () => {
  test('is read from its file each time', async () => {
    const { privateKey, publicKey } = keys();
    const file = join(folder, 'token');
    const idp = entra.idp({ auth: { federatedTokenFile: file } });
    await expect(idp.check()).rejects.toMatchObject({
      ...unauthorized,
      message: expect.stringMatching(/token can’t be read \(ENOENT\)/),
    });
    const subject = 'system:serviceaccount:latchkey:latchkey';
    await entra.portal('/credentials', {
      federated: {
        issuer: 'https://cluster.example',
        subject,
        publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      },
    });
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer('https://cluster.example')
      .setSubject(subject)
      .setAudience('api://AzureADTokenExchange')
      .setExpirationTime('5m')
      .sign(privateKey);
    writeFileSync(file, `${token}\n`);
    await idp.check();
    writeFileSync(file, 'no token');
    await expect(entra.idp({ auth: { federatedTokenFile: file } }).check()).rejects.toMatchObject(
      unauthorized,
    );
  });
});
