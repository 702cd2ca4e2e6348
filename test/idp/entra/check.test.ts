import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SignJWT } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { checkEntra } from '../../../src/idp/entra/check.ts';
import { entraSettings } from '../../../src/sandbox/entra/emulator.ts';
import { enterpriseApp } from '../../../src/sandbox/entra/synchronization-api.ts';
import { certified } from './certified.ts';
import { entraAsSeeded } from './start-entra.ts';

const entra = entraAsSeeded();
const check = (more: object = {}) => checkEntra({ ...entraSettings(entra.url), ...more });
const provisioning = { servicePrincipalId: enterpriseApp.servicePrincipalId };
const needed = ['GroupMember.ReadWrite.All', 'User.Read.All', 'AuditLog.Read.All'];

describe('permissions', () => {
  test('exactly what is needed is well', async () => {
    await entra.portal('/permissions', needed);
    expect(await check()).toEqual([
      { name: 'Entra', trouble: null },
      { name: 'Entra permissions', trouble: null },
    ]);
  });

  test('what is missing is named with what it is for; what can be done without is a note', async () => {
    await entra.portal('/permissions', ['GroupMember.Read.All', 'User.Read.All']);
    expect(await check()).toMatchObject([
      { name: 'Entra', trouble: null },
      { trouble: expect.stringMatching(/^missing: GroupMember\.ReadWrite\.All \(to change group members\)/) },
      { trouble: expect.stringMatching(/^without AuditLog\.Read\.All .* goes on/), isOptional: true },
    ]);
  });

  test('what is too much is named: it could delete people', async () => {
    await entra.portal('/permissions', [
      ...needed,
      'User.ReadWrite.All',
      'RoleManagement.ReadWrite.Directory',
    ]);
    expect(await check()).toMatchObject([
      { trouble: null },
      {
        trouble: expect.stringMatching(
          /does not need User\.ReadWrite\.All, RoleManagement\.ReadWrite\.Directory/,
        ),
        isOptional: true,
      },
    ]);
  });

  test('of one that has a lesser in it the lesser is named, so that taking it away breaks nothing', async () => {
    await entra.portal('/permissions', [
      'GroupMember.ReadWrite.All',
      'AuditLog.Read.All',
      'User.ReadWrite.All',
    ]);
    expect((await check()).at(-1)?.trouble).toMatch(
      /does not need User\.ReadWrite\.All: add User\.Read\.All, which is enough, and then take it away/,
    );
  });

  test('those for provisioning without its setting name the setting', async () => {
    await entra.portal('/permissions', [...needed, 'Synchronization.ReadWrite.All', 'Application.Read.All']);
    expect((await check()).at(-1)?.trouble).toMatch(
      /: set ENTRA_PROVISIONING_APP, which they are for, or take/,
    );
  });

  test('where Entra provisions, it needs two more', async () => {
    await entra.portal('/permissions', needed);
    const lines = await check({ provisioning });
    expect(lines).toContainEqual({
      name: 'Entra permissions',
      trouble: expect.stringMatching(/Synchronization\.ReadWrite\.All .*Application\.Read\.All/),
    });
    await entra.portal('/permissions', [...needed, 'Synchronization.ReadWrite.All', 'Application.Read.All']);
    expect((await check({ provisioning })).filter(({ trouble }) => trouble !== null)).toEqual([]);
  });
});

describe('where Graph reaches Latchkey', () => {
  const at = { groupNames: ['anypoint-orders-read'], notificationUrl: 'https://latchkey.example/graph' };
  const notified = () => checkEntra(entraSettings(entra.url), at);

  test('one permission more tells at once; without it Latchkey looks every 30 seconds', async () => {
    await entra.portal('/permissions', needed);
    expect(await notified()).toContainEqual({
      name: 'Entra permissions',
      trouble: expect.stringMatching(/^without Group\.Read\.All \(to be told at once .* 30 seconds\)/),
      isOptional: true,
    });
    await entra.portal('/permissions', [...needed, 'Group.Read.All']);
    expect((await notified()).filter(({ name }) => name === 'Entra permissions')).toEqual([
      { name: 'Entra permissions', trouble: null },
    ]);
  });

  test('subscriptions that are not there yet are a note', async () => {
    expect((await notified()).at(-1)).toMatchObject({
      name: 'Entra notifications',
      trouble: expect.stringMatching(/^there is no subscription yet/),
      isOptional: true,
    });
  });
});

test('an app registration that owns the enterprise app needs the lesser permission alone', async () => {
  await entra.portal('/permissions', [...needed, 'Application.ReadWrite.OwnedBy']);
  const lines = (held = provisioning) => check({ provisioning: held });
  expect((await lines()).filter(({ name }) => name === 'Entra permissions')).toEqual([
    { name: 'Entra permissions', trouble: null },
  ]);
  // Where Entra does not provision it is needless.
  expect(await check()).toContainEqual(
    expect.objectContaining({
      trouble: expect.stringContaining('does not need Application.ReadWrite.OwnedBy'),
    }),
  );
});

test('what has changed can’t be read: a line of its own', async () => {
  await entra.portal('/settings', { refuse: { status: 403, below: '/groups/delta' } });
  expect(await check()).toContainEqual({
    name: 'Entra changes',
    trouble: expect.stringMatching(/add the application permissions GroupMember\.ReadWrite\.All/),
  });
});

test.each([
  ['a path', { certificate: '/etc/latchkey/cert.pem', privateKey: '/etc/latchkey/key.pem' }],
  ['a thumbprint', { certificate: '0A1B2C3D' }],
])('%s in the place of a certificate: one line, which says how a file is named', async (_what, auth) => {
  expect(await check({ auth })).toEqual([
    { name: 'Entra', trouble: expect.stringMatching(/ENTRA_CERTIFICATE .*ENTRA_PRIVATE_KEY.*file:\/\/\//) },
  ]);
});

describe('a federated credential', () => {
  const folder = mkdtempSync(join(tmpdir(), 'workload-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const made = { iss: 'https://cluster.example', sub: 'system:serviceaccount:latchkey:latchkey' };
  const AUDIENCE = 'api://AzureADTokenExchange';
  const file = join(folder, 'token');
  async function checkWith(claims: object, minutes = 5) {
    await entra.portal('/permissions', needed);
    await entra.portal('/credentials', {
      federated: {
        issuer: made.iss,
        subject: made.sub,
        publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      },
    });
    const token = await new SignJWT({ ...made, aud: AUDIENCE, ...claims })
      .setProtectedHeader({ alg: 'RS256' })
      .setExpirationTime(new Date(Date.now() + minutes * 60_000))
      .sign(privateKey);
    writeFileSync(file, token);
    return await check({ auth: { federatedTokenFile: pathToFileURL(file).href } });
  }

  test('that fits is all that is needed, and its claims are shown', async () => {
    expect(await checkWith({})).toEqual([
      { name: 'Entra', trouble: null },
      {
        name: 'Entra workload token',
        trouble: null,
        detail: `issuer ${made.iss}, subject ${made.sub}, audience ${AUDIENCE}`,
      },
      { name: 'Entra permissions', trouble: null },
    ]);
  });

  test.each([
    [
      'a namespace otherwise written',
      { sub: 'system:serviceaccount:Latchkey:latchkey' },
      /AADSTS700213.*subject/,
    ],
    ['an issuer with one slash more', { iss: `${made.iss}/` }, /AADSTS700211.*issuer/],
  ])('%s is refused, and beside it stands what the token says', async (_what, claims, refused) => {
    const [first, second] = await checkWith(claims);
    expect(first?.trouble).toMatch(refused);
    expect(second).toMatchObject({
      trouble: null,
      detail: expect.stringContaining(Object.values(claims)[0] ?? ''),
    });
  });

  test('for another audience, run out, or none at all: says so, and what mends it', async () => {
    const second = async (of: Promise<{ trouble: string | null }[]>) => (await of)[1]?.trouble;
    expect(await second(checkWith({ aud: 'https://kubernetes.default.svc' }))).toMatch(
      /for another .*default\.svc.*: let the platform make one for api:\/\/AzureADTokenExchange/,
    );
    expect(await second(checkWith({}, -60))).toMatch(/ran out at .*subPath/);
    writeFileSync(file, 'no token');
    expect(await second(check({ auth: { federatedTokenFile: file } }))).toMatch(/is no token/);
  });
});

test.each([
  ['a wrong secret', { auth: { secret: 'x' } }, /AADSTS7000215.*Certificates & secrets/],
  ['no such file', { auth: { federatedTokenFile: '/nowhere' } }, /ENTRA_FEDERATED_TOKEN_FILE/],
  [
    'nobody there',
    { url: 'http://127.0.0.1:9', loginUrl: 'http://127.0.0.1:9' },
    /this machine reaches Graph/,
  ],
])('%s: one line, with what to do', async (_what, more, trouble) => {
  expect(await check(more)).toEqual([{ name: 'Entra', trouble: expect.stringMatching(trouble) }]);
});

test('an enterprise app that is none, or whose job is off', async () => {
  const last = async (app: string) => (await check({ provisioning: { servicePrincipalId: app } })).at(-1);
  expect(await last('5b000000-0000-4000-8000-00000000dead')).toMatchObject({
    name: 'Entra provisioning',
    trouble: expect.stringMatching(/ENTRA_PROVISIONING_APP/),
  });
  await entra.portal('/sync', { isPaused: true });
  expect(await last(provisioning.servicePrincipalId)).toMatchObject({
    trouble: expect.stringMatching(/switched off/),
  });
});

test('a certificate says how long it is good', async () => {
  const soon = certified('soon');
  await entra.portal('/credentials', { certificates: [soon.certificate] });
  expect(await check({ auth: soon })).toContainEqual({
    name: 'Entra certificate',
    trouble: expect.stringMatching(/^it runs out on 20\d\d-\d\d-\d\d: make a new one/),
    isOptional: true,
  });
});
