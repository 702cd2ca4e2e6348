import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { openSecrets } from '../../src/config/secrets.ts';
import { Fault } from '../../src/core/fault.ts';
import { readRedisAddress } from '../../src/queue/redis-address.ts';
import {
  AWS_REGION,
  awsKeys,
  type SecretsManager,
  startSecretsManager,
} from '../../src/sandbox/secrets/emulator.ts';
import { type Secret, secretOf, withSecret } from '../../src/secrets/secret.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { unopenedDatabase } from '../database.ts';
import { open } from './open.ts';

/** What users of other programs reported on secrets, tried here. */
let manager: SecretsManager;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-reported-'));
const ends: (() => unknown)[] = [];
beforeAll(async () => {
  manager = await startSecretsManager();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await manager.close();
  rmSync(folder, { recursive: true });
});

let made = 0;
function stored(text: string): string {
  made += 1;
  manager.vault.create(`reported/${made}`, { SecretString: text });
  return `reported/${made}`;
}
async function readUnder(text: string, key: string): Promise<string | undefined> {
  const { book } = await open(manager, { A: `secret://aws/${stored(text)}#${key}` });
  return book.values.A;
}

// external-secrets #963, #941 and #1448: a key with a dot in it or before it is not found.
test('a key with dots is found as it is written', async () => {
  const text = JSON.stringify({ 'foo.bar': 'one', '.foo': 'two', 'client.crt': 'three', foo: { bar: 'no' } });
  expect(await readUnder(text, 'foo.bar')).toBe('one');
  expect(await readUnder(text, '.foo')).toBe('two');
  expect(await readUnder(text, 'client.crt')).toBe('three');
});

// secrets-store-csi-driver-provider-aws #66, #228 and #251: a hyphen in a key is taken for an operator; a number fails.
test('a key with a hyphen is found, and what it holds may be a number', async () => {
  expect(await readUnder('{"api-key":"xxxxx"}', 'api-key')).toBe('xxxxx');
  expect(await readUnder('{"hyphen-fail":123}', 'hyphen-fail')).toBe('123');
});

// kubernetes #52919 and flux2 #3463: an editor puts a line's end behind a token, or a mark of order before the text.
test('a line’s end behind a value and a mark of order before it are no part of it', async () => {
  expect(await readUnder('\uFEFF{"token":"geheim\\n"}\n', 'token')).toBe('geheim');
  writeFileSync(join(folder, 'bom'), '\uFEFFgeheim\r\n');
  const { book } = await open(manager, { A: `file://${folder}/bom` });
  expect(book.values.A).toBe('geheim');
});

// secrets-store-csi-driver #390 and #680: a mounted file that moved with its folder is never seen again.
test('a file is followed through the link of its folder, and by a name with a blank', async () => {
  for (const [version, text] of [
    ['..1', 'first'],
    ['..2', 'second'],
  ] as const) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'okta token'), text);
  }
  symlinkSync('..1', join(folder, '..data'));
  symlinkSync('..data/okta token', join(folder, 'okta token'));
  const { book } = await open(manager, {
    A: `file://${folder}/okta%20token`,
    B: `file://${folder}/okta token`,
  });
  expect(book.values).toEqual({ A: 'first', B: 'first' });
  symlinkSync('..2', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  await book.readAll();
  expect(book.secret('A')?.current()).toBe('second');
  await expect(open(manager, { A: 'file:///run/100%' })).rejects.toThrow(/A: names a file with a % in it/);
});

// aws-sdk-js-v3 #4429: a signature is said to be expired for a moment, and every call in that moment fails.
test('a clock that AWS does not agree with for a moment costs nothing', async () => {
  const { SecretsError } = await import('../../src/sandbox/secrets/vault.ts');
  const { book } = await open(manager, { A: `secret://aws/${stored('known')}` });
  manager.refuse(new SecretsError('InvalidSignatureException', 'Signature expired'));
  await book.readAll();
  expect(book.secret('A')?.current()).toBe('known');
  expect(book.states()[0]?.trouble).toMatch(/clock; what is known is used on$/);
  manager.refuse(null);
  await book.readAll();
  expect(book.states()[0]?.trouble).toBeNull();
});

async function database(): Promise<string> {
  const { url, drop } = await unopenedDatabase();
  ends.push(drop);
  return url;
}
const databaseOf = async (pool: pg.Pool) =>
  (await pool.query<{ name: string }>('select current_database() as name')).rows[0]?.name;
const nameIn = (url: string) => new URL(url).pathname.slice(1);

// node-postgres #2679: the password is looked up anew, but what changes with it (a rotation between two users) is not.
test('the whole address is taken anew, not its password alone', async () => {
  const [one, two] = [await database(), await database()];
  const name = stored(one);
  const { book } = await open(manager, { DATABASE_URL: `secret://aws/${name}` });
  const pool = openPool(book.secret('DATABASE_URL') as Secret, { max: 3, name: 'reported' });
  ends.push(() => pool.end());
  expect(await databaseOf(pool)).toBe(nameIn(one));
  manager.vault.put(name, { SecretString: two });
  await book.readAll();
  // node-postgres #2513: the connections that are open go on with the old one.
  await vi.waitFor(async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => databaseOf(pool)));
    expect(new Set(all)).toEqual(new Set([nameIn(two)]));
  });
});

/** The settings as the program reads them. */
async function settings(env: Record<string, string>) {
  const book = await openSecrets(env, { region: AWS_REGION, endpoint: manager.url, credentials: awsKeys });
  return { book, config: readConfig(env, book) };
}

// node-postgres #3013 and #3557: a password with / ? : or @ makes another address of it, and the error does not say so.
test('a password of PostgreSQL in a setting of its own may have any character', async () => {
  const password = 'a/b?c:d@e#f%g h+i=j';
  const name = stored(JSON.stringify({ password }));
  const { config } = await settings({
    DATABASE_URL: 'postgres://app@db.example:5432/latchkey',
    DATABASE_PASSWORD: `secret://aws/${name}#password`,
  });
  const client = new pg.Client({ connectionString: secretOf(config.databaseUrl ?? '').current() });
  expect([client.user, client.password, client.host, client.database]).toEqual([
    'app',
    password,
    'db.example',
    'latchkey',
  ]);
});

// porsager/postgres #735 and node-postgres #133: a % of a password is taken for an escape, and the program ends.
test.each([
  'postgresql://u:pass?word:3$@db.example/x',
  'postgres://u:abc/@db.example/x',
  'postgres://u:%E9@db/x',
])('an address whose password is not as a URL has it is not used, and it is said how: %s', async (wrong) => {
  const name = stored('postgres://u:right@db/x');
  const { book } = await settings({ DATABASE_URL: `secret://aws/${name}` });
  manager.vault.put(name, { SecretString: wrong });
  await book.readAll();
  expect(book.secret('DATABASE_URL')?.current()).toBe('postgres://u:right@db/x');
  const { trouble } = book.states()[0] ?? {};
  expect(trouble).toMatch(/%2F.*DATABASE_PASSWORD.*the value before is used on$/);
  expect(trouble).not.toContain(wrong);
});

// ioredis #1944, #989 and #691: = + or : of a password arrives as something else.
test('a password of Redis arrives as it is', async () => {
  const password = '9R6o+cWz/N:B@d?U#K%7=';
  const name = stored(password);
  const { config } = await settings({
    REDIS_URL: 'rediss://cache.example:6380',
    REDIS_PASSWORD: `secret://aws/${name}`,
  });
  const url = secretOf(config.redisUrl ?? '').current();
  expect(readRedisAddress(url, null)).toMatchObject({
    password,
    username: null,
    hosts: [{ host: 'cache.example', port: 6380 }],
  });
});

// ioredis #380: a / in a password makes another host and database of the address, without a word.
test('an address of Redis whose password has a / is refused, and it is said how to write it', () => {
  const read = readRedisAddress('redis://:base64/klajs@localhost:6379/0', null);
  expect(read).toEqual({ why: expect.stringMatching(/%2F.*REDIS_PASSWORD/) });
  expect(JSON.stringify(read)).not.toContain('klajs');
});

// aws-secretsmanager-jdbc #222 and pgbouncer #486: a proxy before the database refuses the user in words of its own.
test('a proxy that refuses has the source read, and the newer address is used', async () => {
  const real = await database();
  const refusing = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(errorResponse('08P01', 'SASL authentication failed')));
  });
  await once(refusing.listen(0, '127.0.0.1'), 'listening');
  ends.push(() => refusing.close());
  const { port } = refusing.address() as AddressInfo;
  const name = stored(`postgres://old:old@127.0.0.1:${port}/x`);
  const { book } = await open(manager, { DATABASE_URL: `secret://aws/${name}` });
  const pool = openPool(book.secret('DATABASE_URL') as Secret, { max: 1, name: 'reported' });
  ends.push(() => pool.end());
  await expect(databaseOf(pool)).rejects.toMatchObject({ code: 'store.unavailable' });
  manager.vault.put(name, { SecretString: real });
  expect(await databaseOf(pool)).toBe(nameIn(real));
});

function errorResponse(code: string, message: string): Buffer {
  const fields = ['SFATAL', `C${code}`, `M${message}`, ''].map((field) => `${field}\0`).join('');
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + Buffer.byteLength(fields));
  return Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)]);
}

// mysql-net/MySqlConnector #1270 and aws-secrets-manager-rotation-lambdas #108: with two users that take turns, the user changes too.
test('user and password in one secret, as AWS stores them, are taken together', async () => {
  const login = (username: string, password: string) =>
    JSON.stringify({ engine: 'postgres', host: 'elsewhere', username, password, port: 5432 });
  const name = stored(login('app', 'p@ss/1'));
  const { config, book } = await settings({
    DATABASE_URL: 'postgres://nobody@db.example:5432/latchkey?sslmode=disable',
    DATABASE_PASSWORD: `secret://aws/${name}`,
    REDIS_URL: 'rediss://cache.example:6380',
    REDIS_PASSWORD: `secret://aws/${name}`,
  });
  const seen = () => {
    const client = new pg.Client({ connectionString: secretOf(config.databaseUrl ?? '').current() });
    const redis = readRedisAddress(secretOf(config.redisUrl ?? '').current(), null);
    return [client.user, client.password, client.host, redis];
  };
  const redis = (username: string, password: string) => expect.objectContaining({ username, password });
  expect(seen()).toEqual(['app', 'p@ss/1', 'db.example', redis('app', 'p@ss/1')]);
  manager.vault.put(name, { SecretString: login('app_clone', 'p@ss/2') });
  await book.readAll();
  expect(seen()).toEqual(['app_clone', 'p@ss/2', 'db.example', redis('app_clone', 'p@ss/2')]);
  manager.vault.put(name, { SecretString: '{"username":"app"}' });
  await book.readAll();
  expect(book.states()[0]?.trouble).toMatch(/^holds JSON without a password: .*the value before is used on$/);
});

// kubernetes-external-secrets #114 and #415: an error about a secret says neither which one nor what to do.
test('a start names each setting without a value, and what to do', async () => {
  const name = stored('going');
  manager.vault.delete(name);
  await expect(
    open(manager, { SLACK_BOT_TOKEN: `secret://aws/${name}`, READ_TOKEN: 'secret://aws/not-there' }),
  ).rejects.toThrow(
    /SLACK_BOT_TOKEN: is marked for deletion .*restore-secret[\s\S]*READ_TOKEN: is not in AWS Secrets Manager/,
  );
});

// source.coveo.com #210: after a rotation AWS may answer the version before for a moment.
test('a source that shows the version before once more costs no refusal', async () => {
  const name = stored('old');
  const { book } = await open(manager, { A: `secret://aws/${name}` });
  const old = manager.vault.get(name, {}).version.id;
  const next = manager.vault.put(name, { SecretString: 'new' });
  await book.readAll();
  manager.vault.moveStage(name, 'AWSCURRENT', old, next);
  await book.readAll();
  const a = book.secret('A') as Secret;
  expect(a.fits((value) => value === 'new')).toBe(true);
  manager.vault.moveStage(name, 'AWSCURRENT', next, old);
  const answers: string[] = [];
  await withSecret(a, async (value) => {
    answers.push(value);
    if (value !== 'new') throw new Fault('idp.unauthorized', 'no', { retryable: false });
  });
  expect(answers.at(-1)).toBe('new');
});
