import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { type SecretsManager, startSecretsManager } from '../../src/sandbox/secrets/emulator.ts';
import { SecretsError } from '../../src/sandbox/secrets/vault.ts';
import { fitsNow, type Secret, withSecret } from '../../src/secrets/secret.ts';
import { open } from './open.ts';

let manager: SecretsManager;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));
beforeAll(async () => {
  manager = await startSecretsManager();
});
afterAll(async () => {
  await manager.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => manager.refuse(null));

let made = 0;
/** A new secret of AWS with this text; answers its name. */
function stored(text: string): string {
  made += 1;
  manager.vault.create(`book/${made}`, { SecretString: text });
  return `book/${made}`;
}
const readsOf = (name: string) =>
  manager.asked.filter(({ id, stage }) => id === name && stage === 'AWSCURRENT').length;
const refusal = () => new Fault('idp.unauthorized', 'refused', { retryable: false });
/** A party that takes one value. */
const party = (taken: () => string) => async (value: string) => {
  if (value !== taken()) throw refusal();
  return 'done';
};

test('several settings of one secret are read with one call', async () => {
  const name = stored(JSON.stringify({ a: 'one', b: { c: 'two' } }));
  const { book } = await open(manager, {
    A: `secret://aws/${name}#a`,
    B: `secret://aws/${name}#b.c`,
    C: 'plain',
  });
  expect(book.values).toEqual({ A: 'one', B: 'two' });
  expect(book.secret('C')).toBeNull();
  expect(readsOf(name)).toBe(1);
  expect(book.states().map((s) => [s.name, s.source, s.version === null])).toEqual([
    ['A', `secret://aws/${name}#a`, false],
    ['B', `secret://aws/${name}#b.c`, false],
    ['C', 'the environment', true],
  ]);
});

test('a start without a value names each setting and what to do, and no value', async () => {
  const whole = stored('{"token":"geheim"}');
  const wrong = {
    A: 'secret://aws/not-there#x',
    B: `secret://aws/${whole}#tokn`,
    C: `secret://aws/${whole}`,
    D: 'file:///not/there',
    E: 'secret://vault/x',
    F: `secret://aws/${stored('unfit')}`,
  };
  const error = await open(manager, wrong).catch((cause: Error) => cause as Error);
  const { message } = error as Error;
  expect(message).toMatch(/A: is not in AWS Secrets Manager.*AWS_REGION/);
  expect(message).toMatch(/B: holds nothing under “tokn”.*“token” that was meant/);
  expect(message).toMatch(/C: holds JSON: name the key/);
  expect(message).toMatch(/D: is in a file that is not there/);
  expect(message).toMatch(/E: names a store of secrets that is not known/);
  expect(message).toMatch(/F: does not fit/);
  expect(message).not.toMatch(/geheim/);
});

test('a key as a whole JSON object is a value where the setting takes one', async () => {
  const { book } = await open(manager, { JSON_KEY: `secret://aws/${stored('{"kty":"RSA"}')}` });
  expect(book.values).toEqual({ JSON_KEY: '{"kty":"RSA"}' });
});

test('refused, the source is read at once and once for all, and the newer value is used', async () => {
  const name = stored('old');
  const { book, said } = await open(manager, { A: `secret://aws/${name}` });
  const a = book.secret('A') as Secret;
  const onNew = vi.fn();
  a.onChange(onNew);
  manager.vault.put(name, { SecretString: 'new' });
  const before = readsOf(name);
  const all = Array.from({ length: 20 }, () =>
    withSecret(
      a,
      party(() => 'new'),
    ),
  );
  expect(new Set(await Promise.all(all))).toEqual(new Set(['done']));
  expect(readsOf(name) - before).toBe(1);
  expect(onNew).toHaveBeenCalledTimes(1);
  expect(said.join()).toContain('has a new value');
  expect(said.join()).not.toMatch(/"(old|new)"/);
});

test('refused again and again with nothing new, the source is left alone', async () => {
  const name = stored('wrong');
  const { book } = await open(manager, { A: `secret://aws/${name}` });
  const a = book.secret('A') as Secret;
  for (let n = 0; n < 50; n += 1)
    await expect(
      withSecret(
        a,
        party(() => 'right'),
      ),
    ).rejects.toMatchObject({ code: 'idp.unauthorized' });
  expect(readsOf(name)).toBeLessThanOrEqual(2);
});

test('the newest is refused: the one before is used, and named; then the newest again', async () => {
  const name = stored('old');
  manager.vault.put(name, { SecretString: 'new' });
  let taken = 'old';
  const { book } = await open(manager, { A: `secret://aws/${name}` });
  const a = book.secret('A') as Secret;
  expect(a.current()).toBe('new');
  await withSecret(
    a,
    party(() => taken),
  );
  expect(a.current()).toBe('old');
  expect(book.states()[0]?.trouble).toMatch(
    /^is refused in its newest version \(.*the one before it is used: see that the other side has the newest, or put the right value into secret:\/\/aws/,
  );
  taken = 'new';
  await withSecret(
    a,
    party(() => taken),
  );
  expect(a.current()).toBe('new');
  expect(book.states()[0]?.trouble).toBeNull();
});

test('what others send: the one before is taken for a while, a new one at once', async () => {
  const name = stored('old');
  const { book } = await open(manager, { A: `secret://aws/${name}` }, { overlapMs: 400 });
  const a = book.secret('A') as Secret;
  manager.vault.put(name, { SecretString: 'new' });
  const sends = (text: string) => fitsNow(a, (value) => value === text);
  expect(await sends('new')).toBe(true);
  expect(await sends('old')).toBe(true);
  expect(await sends('forged')).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 450));
  expect(await sends('old')).toBe(false);
  expect(await sends('new')).toBe(true);
});

test('AWSPENDING is taken from nobody', async () => {
  const name = stored('now');
  const { book } = await open(manager, { A: `secret://aws/${name}` });
  manager.vault.put(name, { SecretString: 'pending' }, { stages: ['AWSPENDING'] });
  const a = book.secret('A') as Secret;
  expect(await fitsNow(a, (value) => value === 'pending')).toBe(false);
  await book.readAll();
  expect(a.current()).toBe('now');
});

test('a source that can’t be read keeps what is known, and says so once', async () => {
  const name = stored('known');
  const { book, said } = await open(manager, { A: `secret://aws/${name}` });
  manager.refuse(new SecretsError('AccessDeniedException', 'no'));
  for (let n = 0; n < 3; n += 1) await book.readAll();
  expect(book.secret('A')?.current()).toBe('known');
  expect(book.states()[0]?.trouble).toMatch(/may not be read.*what is known is used on/);
  expect(said.filter((line) => line.includes('can’t be read anew'))).toHaveLength(1);
  manager.refuse(null);
  await book.readAll();
  expect(book.states()[0]?.trouble).toBeNull();
});

test('a new value that does not fit changes nothing but what is said', async () => {
  const name = stored('good');
  const { book } = await open(manager, { A: `secret://aws/${name}` });
  const bad = manager.vault.put(name, { SecretString: 'unfit' });
  await book.readAll();
  expect(book.secret('A')?.current()).toBe('good');
  expect(book.states()[0]?.trouble).toBe(`does not fit (version ${bad}); the value before is used on`);
});

test('a start whose newest value does not fit begins with the one before, and names the newest', async () => {
  const name = stored('good');
  const bad = manager.vault.put(name, { SecretString: 'unfit' });
  const { book } = await open(manager, { A: `secret://aws/${name}` });
  expect(book.values).toEqual({ A: 'good' });
  expect(book.states()[0]?.trouble).toBe(`does not fit (version ${bad}); the value before is used on`);
  manager.vault.put(name, { SecretString: 'mended' });
  await book.readAll();
  expect(book.secret('A')?.current()).toBe('mended');
  expect(book.states()[0]?.trouble).toBeNull();
});

test('a mounted file is followed when another is put in its place, as Kubernetes does', async () => {
  writeFileSync(join(folder, 'v1'), 'first\n');
  writeFileSync(join(folder, 'v2'), 'second\r\n');
  symlinkSync('v1', join(folder, 'token'));
  const { book } = await open(manager, { A: `file://${folder}/token` });
  const a = book.secret('A') as Secret;
  expect(a.current()).toBe('first');
  symlinkSync('v2', join(folder, 'token.new'));
  renameSync(join(folder, 'token.new'), join(folder, 'token'));
  await book.readAll();
  expect(a.current()).toBe('second');
  expect(a.fits((value) => value === 'first')).toBe(true);
  rmSync(join(folder, 'token'));
  await book.readAll();
  expect(a.current()).toBe('second');
  expect(book.states()[0]).toMatchObject({
    trouble: expect.stringMatching(/not there.*what is known is used on/),
  });
});

test('read on a schedule, without being asked', async () => {
  const name = stored('old');
  const { book, said } = await open(manager, { A: `secret://aws/${name}` }, { everyMs: 50 });
  book.start({ info: (_about, text) => void said.push(text), warn: () => {} });
  manager.vault.put(name, { SecretString: 'new' });
  await vi.waitFor(() => expect(book.secret('A')?.current()).toBe('new'));
  await book.stop();
  expect(said).toContain('a secret has a new value');
});
