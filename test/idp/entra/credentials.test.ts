import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createEntra } from '../../../src/idp/entra/entra.ts';

const login = {
  tenantId: 't',
  clientId: 'c',
  url: 'https://graph.example',
  loginUrl: 'https://login.example',
};
const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

test.each([
  ['no certificate at all', { certificate: 'none', privateKey }],
  ['a key where the certificate should be', { certificate: privateKey, privateKey }],
])('%s is refused at the start, without a word of the key', (_what, auth) => {
  const attempt = () => createEntra({ ...login, auth });
  expect(attempt).toThrowError(expect.objectContaining({ code: 'config.invalid' }));
  expect(attempt).toThrowError(/^(?!.*BEGIN)/);
});
