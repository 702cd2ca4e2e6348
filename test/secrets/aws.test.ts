import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import {
  AWS_REGION,
  awsKeys,
  type SecretsManager,
  startSecretsManager,
} from '../../src/sandbox/secrets/emulator.ts';
import { SecretsError } from '../../src/sandbox/secrets/vault.ts';
import { awsSource } from '../../src/secrets/aws.ts';
import type { Source } from '../../src/secrets/sources.ts';

let manager: SecretsManager;
beforeAll(async () => {
  manager = await startSecretsManager();
});
afterAll(() => manager.close());
beforeEach(() => manager.refuse(null));

const settings = () => ({ region: AWS_REGION, endpoint: manager.url, credentials: awsKeys });
const source = (id: string): Source => awsSource(id, null, settings());
async function faultOf(read: Promise<unknown>): Promise<Fault> {
  const error = await read.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(Fault);
  return error as Fault;
}

test('by its name, its ARN and its ARN without the suffix: what is AWSCURRENT, and AWSPREVIOUS', async () => {
  const { arn, versionId } = manager.vault.create('prod/latchkey/by-name', { SecretString: 'one' });
  expect(await source('prod/latchkey/by-name').read()).toEqual({
    now: { text: 'one', id: versionId, madeAt: expect.any(Date) },
    before: null,
  });
  const next = manager.vault.put('prod/latchkey/by-name', { SecretString: 'two' });
  for (const id of ['prod/latchkey/by-name', arn, arn.slice(0, -7)])
    expect(await source(id).read()).toMatchObject({
      now: { text: 'two', id: next },
      before: { text: 'one', id: versionId },
    });
  const [, , , region = ''] = arn.split(':');
  expect((await awsSource(arn, region, { ...settings(), region: null }).read()).now.text).toBe('two');
});

test('AWSPENDING is never read: neither empty, nor with a value, nor beside AWSCURRENT', async () => {
  manager.vault.create('rotating', { SecretString: 'old' });
  const pending = manager.vault.beginRotation('rotating');
  const reader = source('rotating');
  expect((await reader.read()).now.text).toBe('old');
  manager.vault.put('rotating', { SecretString: 'new' }, { token: pending, stages: ['AWSPENDING'] });
  expect(await reader.read()).toMatchObject({ now: { text: 'old' }, before: null });
  const old = (await reader.read()).now.id;
  manager.vault.moveStage('rotating', 'AWSCURRENT', pending, old);
  expect([...(manager.vault.describe('rotating').versions.get(pending)?.stages ?? [])].sort()).toEqual([
    'AWSCURRENT',
    'AWSPENDING',
  ]);
  expect(await reader.read()).toMatchObject({ now: { text: 'new' }, before: { text: 'old' } });
  expect(manager.asked.map(({ stage }) => stage)).not.toContain('AWSPENDING');
});

test('the version before is asked for once per version', async () => {
  manager.vault.create('seldom', { SecretString: 'one' });
  const reader = source('seldom');
  for (let n = 0; n < 3; n += 1) await reader.read();
  const stages = manager.asked.filter(({ id }) => id === 'seldom').map(({ stage }) => stage);
  expect(stages).toEqual(['AWSCURRENT', 'AWSPREVIOUS', 'AWSCURRENT', 'AWSCURRENT']);
});

test('bytes are read as text, and such that are none are said to be none', async () => {
  const of = (bytes: number[] | string) => ({
    SecretBinary: Buffer.from(bytes as string).toString('base64'),
  });
  manager.vault.create('bytes', of('{"key":"wert"}'));
  expect((await source('bytes').read()).now.text).toBe('{"key":"wert"}');
  manager.vault.create('no-text', of([0xff, 0xfe, 0x00]));
  expect(await faultOf(source('no-text').read())).toMatchObject({ code: 'secrets.bad_answer' });
});

test.each([
  [
    'ResourceNotFoundException',
    'secrets.not_found',
    /see its name, the region \(AWS_REGION\) and the account/,
  ],
  ['AccessDeniedException', 'secrets.forbidden', /allow secretsmanager:GetSecretValue/],
  ['DecryptionFailure', 'secrets.forbidden', /kms:Decrypt/],
  ['InvalidRequestException', 'secrets.invalid', /restore-secret/],
  ['ValidationException', 'secrets.invalid', /copy its ARN/],
  ['ExpiredTokenException', 'secrets.unauthorized', /have expired: renew them/],
  ['UnrecognizedClientException', 'secrets.unauthorized', /AWS does not know them/],
  ['InvalidSignatureException', 'secrets.unauthorized', /clock/],
  ['InternalServiceError', 'secrets.unavailable', /does not answer/],
])('%s has words of its own, and never the text of AWS', async (type, code, words) => {
  manager.vault.create(`refused-${type}`, { SecretString: 'geheim' });
  manager.refuse(new SecretsError(type, 'geheim as AWS might quote it'));
  const fault = await faultOf(source(`refused-${type}`).read());
  expect(fault).toMatchObject({ code, message: expect.stringMatching(words) });
  expect(fault.message).not.toContain('geheim');
});

test('throttled for a moment, it is read all the same; for long, it says so', async () => {
  manager.vault.create('busy', { SecretString: 'one' });
  manager.refuse(new SecretsError('ThrottlingException', 'Rate exceeded'), 1);
  expect((await source('busy').read()).now.text).toBe('one');
  manager.refuse(new SecretsError('ThrottlingException', 'Rate exceeded'));
  expect(await faultOf(source('busy').read())).toMatchObject({ code: 'secrets.throttled', retryable: true });
});

test('a secret that is marked for deletion, with a disabled key, in another region, with wrong keys', async () => {
  manager.vault.create('going', { SecretString: 'one' });
  manager.vault.delete('going');
  expect((await faultOf(source('going').read())).vendorCode).toBe('InvalidRequestException');
  manager.vault.restore('going');
  manager.vault.disableKey('going', true);
  expect((await faultOf(source('going').read())).vendorCode).toBe('DecryptionFailure');
  manager.vault.disableKey('going', false);
  const elsewhere = awsSource('going', 'us-east-1', settings());
  expect((await faultOf(elsewhere.read())).vendorCode).toBe('ResourceNotFoundException');
  const stranger = { ...settings(), credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'x' } };
  const read = awsSource('going', null, stranger).read();
  expect((await faultOf(read)).vendorCode).toBe('UnrecognizedClientException');
});

test('nobody there: it says what could not be reached', async () => {
  const nobody = awsSource('any', null, { ...settings(), endpoint: 'http://127.0.0.1:9' });
  expect(await faultOf(nobody.read())).toMatchObject({
    code: 'secrets.unavailable',
    message: expect.stringMatching(/does not answer \(ECONNREFUSED\)/),
  });
});
