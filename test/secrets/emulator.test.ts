import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  AWS_REGION,
  awsKeys,
  type SecretsManager,
  startSecretsManager,
} from '../../src/sandbox/secrets/emulator.ts';
import { SecretsError } from '../../src/sandbox/secrets/vault.ts';

/** The emulator by AWS's own client, against the service model that AWS publishes (2017-10-17, botocore 1.43.107). */
let manager: SecretsManager;
let client: SecretsManagerClient;
beforeAll(async () => {
  manager = await startSecretsManager();
  client = new SecretsManagerClient({
    region: AWS_REGION,
    endpoint: manager.url,
    credentials: awsKeys,
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await manager.close();
});

type Send = SecretsManagerClient['send'];
const send: Send = ((command: Parameters<Send>[0]) => client.send(command)) as Send;
/** The code of the answer, its status, and its text. */
async function refusal(command: object) {
  const error = await client.send(command as GetSecretValueCommand).then(
    () => null,
    (cause: unknown) => cause,
  );
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  return { name, message, status: $metadata?.httpStatusCode };
}
let made = 0;
async function secret(text?: string): Promise<string> {
  made += 1;
  const Name = `model/${made}`;
  await send(new CreateSecretCommand({ Name, ...(text === undefined ? {} : { SecretString: text }) }));
  return Name;
}

test('a secret that was made without a value has none until one is put', async () => {
  const SecretId = await secret();
  expect(await refusal(new GetSecretValueCommand({ SecretId }))).toEqual({
    name: 'ResourceNotFoundException',
    message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    status: 400,
  });
  await send(new PutSecretValueCommand({ SecretId, SecretString: 'first' }));
  expect(await send(new GetSecretValueCommand({ SecretId }))).toMatchObject({
    SecretString: 'first',
    VersionStages: ['AWSCURRENT'],
  });
});

test('deletion has a window of 7 to 30 days, in which it is refused and can be restored; forced it is gone', async () => {
  const SecretId = await secret('one');
  for (const wrong of [{ RecoveryWindowInDays: 6 }, { RecoveryWindowInDays: 31 }])
    expect(await refusal(new DeleteSecretCommand({ SecretId, ...wrong }))).toMatchObject({
      name: 'InvalidParameterException',
    });
  const both = { RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true };
  expect((await refusal(new DeleteSecretCommand({ SecretId, ...both }))).name).toBe(
    'InvalidParameterException',
  );
  const { DeletionDate } = await send(new DeleteSecretCommand({ SecretId }));
  expect(((DeletionDate?.getTime() ?? 0) - Date.now()) / 86_400_000).toBeCloseTo(30, 2);
  for (const command of [
    new GetSecretValueCommand({ SecretId }),
    new PutSecretValueCommand({ SecretId, SecretString: 'two' }),
    new DeleteSecretCommand({ SecretId }),
  ])
    expect(await refusal(command)).toMatchObject({ name: 'InvalidRequestException', status: 400 });
  expect(await refusal(new CreateSecretCommand({ Name: SecretId, SecretString: 'x' }))).toMatchObject({
    name: 'InvalidRequestException',
    message: expect.stringContaining('already scheduled for deletion'),
  });
  expect((await send(new DescribeSecretCommand({ SecretId }))).DeletedDate).toBeInstanceOf(Date);
  await send(new RestoreSecretCommand({ SecretId }));
  expect((await send(new GetSecretValueCommand({ SecretId }))).SecretString).toBe('one');
  await send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
  expect((await refusal(new GetSecretValueCommand({ SecretId }))).name).toBe('ResourceNotFoundException');
});

test('a whole rotation as a rotation function does it, and none begins while another is not over', async () => {
  const SecretId = await secret('old');
  const { VersionId: pending = '' } = await send(new RotateSecretCommand({ SecretId }));
  expect((await refusal(new RotateSecretCommand({ SecretId }))).name).toBe('InvalidRequestException');
  const { RandomPassword } = await send(new GetRandomPasswordCommand({ PasswordLength: 40 }));
  expect(RandomPassword).toHaveLength(40);
  await send(
    new PutSecretValueCommand({
      SecretId,
      SecretString: RandomPassword,
      ClientRequestToken: pending,
      VersionStages: ['AWSPENDING'],
    }),
  );
  const { VersionIdsToStages = {} } = await send(new DescribeSecretCommand({ SecretId }));
  const [current = ''] = Object.entries(VersionIdsToStages).find(([, s]) => s.includes('AWSCURRENT')) ?? [];
  const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: pending };
  expect((await refusal(new UpdateSecretVersionStageCommand(move))).name).toBe('InvalidParameterException');
  await send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: current }));
  const before = new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' });
  expect((await send(before)).SecretString).toBe('old');
  // AWSPENDING stays beside AWSCURRENT, which is the end of a rotation too.
  await send(new RotateSecretCommand({ SecretId }));
});

test('versions page by page; one without labels is shown only when it is asked for', async () => {
  const SecretId = await secret('1');
  for (const SecretString of ['2', '3', '4'])
    await send(new PutSecretValueCommand({ SecretId, SecretString }));
  const all = { SecretId, IncludeDeprecated: true, MaxResults: 3 };
  const first = await send(new ListSecretVersionIdsCommand(all));
  const { NextToken } = first;
  const second = await send(new ListSecretVersionIdsCommand({ ...all, NextToken }));
  expect([first.Versions?.length, second.Versions?.length, second.NextToken]).toEqual([3, 1, undefined]);
  expect((await send(new ListSecretVersionIdsCommand({ SecretId }))).Versions).toHaveLength(2);
  expect((await refusal(new ListSecretVersionIdsCommand({ ...all, NextToken: 'other' }))).name).toBe(
    'InvalidNextTokenException',
  );
});

test('several at once: what can’t be given out is told of one by one', async () => {
  const [good, going] = [await secret('value'), await secret('going')];
  await send(new DeleteSecretCommand({ SecretId: going }));
  const answer = await send(new BatchGetSecretValueCommand({ SecretIdList: [good, going, 'not/there'] }));
  expect(answer.SecretValues?.map(({ SecretString }) => SecretString)).toEqual(['value']);
  expect(answer.Errors?.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode])).toEqual([
    [going, 'InvalidRequestException'],
    ['not/there', 'ResourceNotFoundException'],
  ]);
});

test.each([
  [new GetSecretValueCommand({ SecretId: '' }), 'ValidationException'],
  [new GetSecretValueCommand({ SecretId: 'a', VersionId: 'short' }), 'ValidationException'],
  [new CreateSecretCommand({ Name: 'with a blank' }), 'ValidationException'],
  [new PutSecretValueCommand({ SecretId: 'a' }), 'InvalidParameterException'],
  [new PutSecretValueCommand({ SecretId: 'a', SecretString: 'x'.repeat(65_537) }), 'ValidationException'],
  [
    new PutSecretValueCommand({ SecretId: 'a', SecretString: 'x', ClientRequestToken: 'short' }),
    'InvalidParameterException',
  ],
])('what does not fit the model is refused (%#)', async (command, name) => {
  expect(await refusal(command)).toMatchObject({ name, status: 400 });
});

test('a fault of the service is a 500, everything else a 400, whatever it is about; the text stands under Message', async () => {
  const SecretId = await secret('one');
  const statusOf = async (type: string) => {
    manager.refuse(new SecretsError(type, 'as AWS says it'), 1);
    return await refusal(new GetSecretValueCommand({ SecretId }));
  };
  expect(await statusOf('InternalServiceError')).toEqual({
    name: 'InternalServiceError',
    message: 'as AWS says it',
    status: 500,
  });
  for (const type of ['DecryptionFailure', 'ResourceNotFoundException', 'ThrottlingException'])
    expect(await statusOf(type)).toEqual({ name: type, message: 'as AWS says it', status: 400 });
});
