import type { GetSecretValueResponse, SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { Fault } from '../core/fault.ts';
import { type Source, textOf, unread, type Version } from './sources.ts';

/** What the environment says of AWS; the rest the SDK finds by itself, the credentials first of all. */
export type AwsSettings = {
  /** Of a secret that is not named by its ARN; null: as the SDK finds it. */
  region: string | null;
  /** In the place of AWS itself; null: AWS. */
  endpoint: string | null;
  credentials?: SecretsManagerClientConfig['credentials'];
};

/** The whole of one reading, its retries included, in milliseconds. */
const READ_WITHIN_MS = 8_000;
const CONNECT_WITHIN_MS = 3_000;
const ATTEMPTS = 3;

/** Rights and keys of AWS: by its own code, what is wrong, and what to do. */
const words: Record<string, readonly [Parameters<typeof unread>[0], string]> = {
  ResourceNotFoundException: [
    'not_found',
    'is not in AWS Secrets Manager, or has no value there yet: see its name, the region (AWS_REGION) and the account',
  ],
  InvalidRequestException: [
    'invalid',
    'is marked for deletion in AWS Secrets Manager: restore it (aws secretsmanager restore-secret), or name another',
  ],
  InvalidParameterException: ['invalid', 'is not named as AWS Secrets Manager names secrets: copy its ARN'],
  DecryptionFailure: [
    'forbidden',
    'can’t be decrypted by AWS Secrets Manager: enable its KMS key, and allow kms:Decrypt on it to Latchkey’s role',
  ],
  AccessDeniedException: [
    'forbidden',
    'may not be read by Latchkey’s role in AWS: allow secretsmanager:GetSecretValue on it, and kms:Decrypt where it has a key of its own',
  ],
  ExpiredTokenException: [
    'unauthorized',
    'can’t be read with credentials of AWS that have expired: renew them (a role of the machine or the pod renews itself)',
  ],
  UnrecognizedClientException: [
    'unauthorized',
    'can’t be read with the credentials of AWS that are here: AWS does not know them',
  ],
  InvalidSignatureException: [
    'unauthorized',
    'can’t be read with the credentials of AWS that are here: see the secret access key and this machine’s clock',
  ],
  CredentialsProviderError: [
    'unauthorized',
    'needs credentials of AWS, and there are none: give the machine or the pod a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ],
  ThrottlingException: ['throttled', 'is not given out now, as AWS is asked too often'],
};
/** Other names of the same. */
const alike: Record<string, string> = {
  ValidationException: 'InvalidParameterException',
  ExpiredToken: 'ExpiredTokenException',
  RequestExpired: 'InvalidSignatureException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  IncompleteSignature: 'InvalidSignatureException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  MissingAuthenticationToken: 'UnrecognizedClientException',
  NotAuthorized: 'AccessDeniedException',
  AccessDenied: 'AccessDeniedException',
  OptInRequired: 'AccessDeniedException',
  Throttling: 'ThrottlingException',
  ThrottledException: 'ThrottlingException',
  RequestThrottledException: 'ThrottlingException',
  TooManyRequestsException: 'ThrottlingException',
};

/**
 * A secret of AWS Secrets Manager. The version that is AWSCURRENT counts, and AWSPREVIOUS is the one before. AWSPENDING
 * is never asked for: it may have no value yet, or one that nobody has tried.
 */
export function awsSource(id: string, region: string | null, settings: AwsSettings): Source {
  let before: { of: string; version: Version | null } | null = null;

  async function get(stage: 'AWSCURRENT' | 'AWSPREVIOUS'): Promise<Version | null> {
    const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
    const client = await clientFor(region ?? settings.region, settings);
    const command = new GetSecretValueCommand({ SecretId: id, VersionStage: stage });
    return versionIn(await client.send(command, { abortSignal: AbortSignal.timeout(READ_WITHIN_MS) }));
  }

  return {
    address: `aws:${region ?? settings.region}:${id}`,
    async read() {
      try {
        const now = await get('AWSCURRENT');
        if (now === null) throw unread('bad_answer', 'holds neither text nor bytes in AWS Secrets Manager');
        // Only a new version moves the label of the one before it.
        if (before?.of !== now.id) before = { of: now.id, version: await previousOrNone(get) };
        return { now, before: before.version };
      } catch (error) {
        throw faultOf(error);
      }
    },
  };
}

/** A secret that was never rotated has none. */
async function previousOrNone(get: (stage: 'AWSPREVIOUS') => Promise<Version | null>) {
  try {
    return await get('AWSPREVIOUS');
  } catch (error) {
    if (nameOf(error) === 'ResourceNotFoundException') return null;
    throw error;
  }
}

function versionIn(answer: GetSecretValueResponse): Version | null {
  const { SecretString, SecretBinary, VersionId = '', CreatedDate = null } = answer;
  if (SecretString !== undefined) return { text: SecretString, id: VersionId, madeAt: CreatedDate };
  return SecretBinary === undefined
    ? null
    : { text: textOf(SecretBinary), id: VersionId, madeAt: CreatedDate };
}

type Client = InstanceType<typeof import('@aws-sdk/client-secrets-manager').SecretsManagerClient>;
const clients = new WeakMap<AwsSettings, Map<string | null, Promise<Client>>>();

/** One for each region: the credentials are fetched once for all. The SDK is loaded by whoever needs it. */
async function clientFor(region: string | null, settings: AwsSettings): Promise<Client> {
  const known = clients.get(settings) ?? new Map<string | null, Promise<Client>>();
  clients.set(settings, known);
  const made =
    known.get(region) ??
    import('@aws-sdk/client-secrets-manager').then(
      ({ SecretsManagerClient }) =>
        new SecretsManagerClient({
          ...(region === null ? {} : { region }),
          ...(settings.endpoint === null ? {} : { endpoint: settings.endpoint }),
          ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
          maxAttempts: ATTEMPTS,
          requestHandler: { connectionTimeout: CONNECT_WITHIN_MS, requestTimeout: READ_WITHIN_MS },
        }),
    );
  known.set(region, made);
  return await made;
}

function nameOf(error: unknown): string {
  const name = (error as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : 'Error';
}

/** By the code of the answer: its status differs from one page of AWS to the next, and its text may name anything. */
function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const name = nameOf(error);
  const { $metadata: { httpStatusCode: status = 0 } = {} } = error as {
    $metadata?: { httpStatusCode?: number };
  };
  const said = words[alike[name] ?? name];
  if (said !== undefined) return unread(said[0], said[1], name);
  if (status >= 400 && status < 500)
    return unread('invalid', `is not given out by AWS Secrets Manager, which answers ${name}`, name);
  const { code } = error as { code?: unknown };
  const why = typeof code === 'string' ? code : name;
  return unread(
    'unavailable',
    `can’t be read, as AWS Secrets Manager does not answer (${why}): see that this machine reaches it, and that AWS_REGION is set`,
    why,
  );
}
