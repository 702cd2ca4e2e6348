import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SecretsError, type Vault } from './vault.ts';

const id = z.string().min(1).max(2_048);
const versionId = z.string().min(32).max(64);
const stage = z.string().min(1).max(256);
const token = z
  .string()
  .min(32, 'You must provide a ClientRequestToken value with 32 to 64 characters.')
  .max(64);
const content = {
  SecretString: z.string().min(1).max(65_536).optional(),
  SecretBinary: z.base64().min(1).optional(),
};
const page = { MaxResults: z.int().min(1).max(100).optional(), NextToken: z.string().min(1).optional() };

/** What each operation takes (service model 2017-10-17), as far as anybody here asks for it. */
const inputs = {
  GetSecretValue: z.looseObject({
    SecretId: id,
    VersionId: versionId.optional(),
    VersionStage: stage.optional(),
  }),
  BatchGetSecretValue: z.looseObject({ SecretIdList: z.array(id).min(1).max(20).optional() }),
  CreateSecret: z.looseObject({
    Name: z.string().min(1).max(512),
    ClientRequestToken: token.optional(),
    ...content,
  }),
  PutSecretValue: z.looseObject({
    SecretId: id,
    ClientRequestToken: token.optional(),
    VersionStages: z.array(stage).min(1).max(20).optional(),
    ...content,
  }),
  RotateSecret: z.looseObject({ SecretId: id, ClientRequestToken: token.optional() }),
  UpdateSecretVersionStage: z.looseObject({
    SecretId: id,
    VersionStage: stage,
    MoveToVersionId: versionId.optional(),
    RemoveFromVersionId: versionId.optional(),
  }),
  DescribeSecret: z.looseObject({ SecretId: id }),
  ListSecretVersionIds: z.looseObject({ SecretId: id, IncludeDeprecated: z.boolean().optional(), ...page }),
  DeleteSecret: z.looseObject({
    SecretId: id,
    RecoveryWindowInDays: z.int().optional(),
    ForceDeleteWithoutRecovery: z.boolean().optional(),
  }),
  RestoreSecret: z.looseObject({ SecretId: id }),
  GetRandomPassword: z.looseObject({ PasswordLength: z.int().min(1).max(4_096).optional() }),
};
type Operation = keyof typeof inputs;
type Input<O extends Operation> = z.infer<(typeof inputs)[O]>;

const DAY_MS = 86_400_000;
const RECOVERY_DAYS = { least: 7, most: 30 };

const seconds = (at: Date) => at.getTime() / 1_000;

/** @throws SecretsError by the operation's own kinds, or as every service of AWS has them */
export function operate(vault: Vault, operation: string, body: unknown): unknown {
  if (!Object.hasOwn(inputs, operation)) throw new SecretsError('UnknownOperationException', '');
  const name = operation as Operation;
  const given = inputs[name].safeParse(body);
  if (!given.success) {
    const [{ path, message } = { path: [], message: '' }] = given.error.issues;
    throw new SecretsError(
      path[0] === 'ClientRequestToken' ? 'InvalidParameterException' : 'ValidationException',
      path[0] === 'ClientRequestToken'
        ? message
        : `1 validation error detected: Value at '${path.join('.')}' failed to satisfy constraint: ${message}`,
    );
  }
  return (acts[name] as (vault: Vault, given: unknown) => unknown)(vault, given.data);
}

const acts: { [O in Operation]: (vault: Vault, given: Input<O>) => unknown } = {
  GetSecretValue: (vault, { SecretId, VersionId, VersionStage }) =>
    secretValue(vault, SecretId, { versionId: VersionId, stage: VersionStage }),
  /** What can't be given out is told of one by one, and costs none of the others. */
  BatchGetSecretValue(vault, { SecretIdList }) {
    if (SecretIdList === undefined)
      throw new SecretsError('InvalidRequestException', 'You must provide SecretIdList or Filters.');
    const values: unknown[] = [];
    const errors: unknown[] = [];
    for (const one of SecretIdList)
      try {
        values.push(secretValue(vault, one, {}));
      } catch (error) {
        if (!(error instanceof SecretsError)) throw error;
        errors.push({ SecretId: one, ErrorCode: error.type, Message: error.message });
      }
    return { SecretValues: values, Errors: errors };
  },
  CreateSecret(vault, { Name, ClientRequestToken, SecretString, SecretBinary }) {
    const { arn, versionId: made } = vault.create(
      Name,
      SecretString === undefined && SecretBinary === undefined
        ? null
        : contentOf({ SecretString, SecretBinary }),
      ClientRequestToken,
    );
    return { ARN: arn, Name, ...(made === null ? {} : { VersionId: made }) };
  },
  PutSecretValue(vault, { SecretId, ClientRequestToken, VersionStages, ...body }) {
    const made = vault.put(SecretId, contentOf(body), {
      ...(ClientRequestToken === undefined ? {} : { token: ClientRequestToken }),
      ...(VersionStages === undefined ? {} : { stages: VersionStages }),
    });
    const { versions } = vault.describe(SecretId);
    return {
      ...named(vault, SecretId),
      VersionId: made,
      VersionStages: [...(versions.get(made)?.stages ?? [])],
    };
  },
  RotateSecret: (vault, { SecretId, ClientRequestToken }) => {
    const made = vault.beginRotation(SecretId, ClientRequestToken);
    return { ...named(vault, SecretId), VersionId: made };
  },
  UpdateSecretVersionStage(vault, { SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }) {
    vault.moveStage(SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId);
    return named(vault, SecretId);
  },
  DescribeSecret(vault, { SecretId }) {
    const { versions, deletedAt } = vault.describe(SecretId);
    const all = [...versions.values()];
    const labelled = all.filter(({ stages }) => stages.size > 0);
    const times = all.map(({ createdAt }) => createdAt.getTime());
    return {
      ...named(vault, SecretId),
      RotationEnabled: false,
      VersionIdsToStages: Object.fromEntries(labelled.map((one) => [one.id, [...one.stages]])),
      ...(times.length === 0
        ? {}
        : { CreatedDate: Math.min(...times) / 1_000, LastChangedDate: Math.max(...times) / 1_000 }),
      ...(deletedAt === null ? {} : { DeletedDate: seconds(deletedAt) }),
    };
  },
  ListSecretVersionIds(vault, { SecretId, IncludeDeprecated = false, MaxResults = 100, NextToken }) {
    const all = [...vault.describe(SecretId).versions.values()].filter(
      ({ stages }) => IncludeDeprecated || stages.size > 0,
    );
    const from = NextToken === undefined ? 0 : Number(/^after-(\d+)$/.exec(NextToken)?.[1] ?? Number.NaN);
    if (!(from < Math.max(all.length, 1)))
      throw new SecretsError('InvalidNextTokenException', 'The NextToken value is invalid.');
    const versions = all.slice(from, from + MaxResults).map((one) => ({
      VersionId: one.id,
      CreatedDate: seconds(one.createdAt),
      ...(one.stages.size === 0 ? {} : { VersionStages: [...one.stages] }),
    }));
    const isMore = from + MaxResults < all.length;
    return {
      ...named(vault, SecretId),
      Versions: versions,
      ...(isMore ? { NextToken: `after-${from + MaxResults}` } : {}),
    };
  },
  DeleteSecret(
    vault,
    { SecretId, RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: isForced = false },
  ) {
    const about = named(vault, SecretId);
    const isAllowed = days === undefined || (days >= RECOVERY_DAYS.least && days <= RECOVERY_DAYS.most);
    if (!isAllowed || (isForced && days !== undefined))
      throw new SecretsError(
        'InvalidParameterException',
        isForced
          ? "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
          : 'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
      );
    if (isForced) vault.forget(SecretId);
    else vault.delete(SecretId);
    const inDays = isForced ? 0 : (days ?? RECOVERY_DAYS.most);
    return { ...about, DeletionDate: seconds(new Date(Date.now() + inDays * DAY_MS)) };
  },
  RestoreSecret(vault, { SecretId }) {
    vault.restore(SecretId);
    return named(vault, SecretId);
  },
  GetRandomPassword: (_vault, { PasswordLength = 32 }) => ({
    RandomPassword: randomBytes(PasswordLength).toString('base64url').slice(0, PasswordLength),
  }),
};

function named(vault: Vault, secretId: string): { ARN: string; Name: string } {
  const { arn, name } = vault.describe(secretId);
  return { ARN: arn, Name: name };
}

function secretValue(vault: Vault, secretId: string, which: Parameters<Vault['get']>[1]) {
  const { arn, name, version } = vault.get(secretId, which);
  return {
    ARN: arn,
    Name: name,
    VersionId: version.id,
    ...version.content,
    VersionStages: [...version.stages],
    CreatedDate: seconds(version.createdAt),
  };
}

type Content = { SecretString?: string | undefined; SecretBinary?: string | undefined };

function contentOf({ SecretString, SecretBinary }: Content) {
  if ((SecretString === undefined) === (SecretBinary === undefined))
    throw new SecretsError(
      'InvalidParameterException',
      'You must provide either SecretString or SecretBinary.',
    );
  return SecretString === undefined ? { SecretBinary: String(SecretBinary) } : { SecretString };
}
