import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';

/** A bucket with object lock, what its keys begin with, and for how long nobody can take a checkpoint away. */
export type S3Anchor = { bucket: string; prefix: string; keepMs: number };

/** In the place of what the SDK finds by itself in the environment and the machine. */
export type S3Given = Pick<S3ClientConfig, 'region' | 'endpoint' | 'credentials'>;

/** The whole of one writing, its retries included, in milliseconds. */
const WITHIN_MS = 10_000;
const CONNECT_WITHIN_MS = 3_000;
const ATTEMPTS = 3;
/** So that keys are in the order of sizes. */
const DIGITS = 15;

/** By S3's own code: what is wrong, and what to do. */
const words: Record<string, string> = {
  NoSuchBucket: 'there is no such bucket: see its name and the region (AWS_REGION)',
  AccessDenied:
    'Latchkey’s role in AWS may not use it: allow s3:PutObject, s3:PutObjectRetention and s3:GetObject on its objects, and s3:ListBucket on the bucket',
  InvalidRequest: 'the bucket takes no locked objects: make one with object lock, and name that',
  InvalidAccessKeyId: 'AWS does not know the credentials that are here',
  SignatureDoesNotMatch: 'AWS does not take the credentials that are here: see the secret access key',
  RequestTimeTooSkewed: 'this machine’s clock is wrong: let it be set by NTP',
  ExpiredToken:
    'the credentials of AWS have expired: renew them (a role of the machine or the pod renews itself)',
  CredentialsProviderError:
    'there are no credentials of AWS: give the machine or the pod a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  PermanentRedirect: 'the bucket is in another region: set AWS_REGION',
  AuthorizationHeaderMalformed: 'the bucket is in another region: set AWS_REGION',
};

/** `note`: the newest checkpoint there; null: none is newer than what was asked for. */
export type FoundInS3 = { note: string | null } | { why: string };

export type PutInS3 = (checkpoint: { size: number; note: string }, now: Date) => Promise<string | null>;

/**
 * Puts checkpoints into a bucket, each as an object that nobody can change or take away for a time, not the owner of the
 * account either (object lock, mode COMPLIANCE). One of each size: what is there already is never written over, but
 * read, and another text is the trace of a trail that was made anew. Answers in words what is wrong and what to do;
 * null: it is there. The SDK is loaded when it is first needed.
 */
export function createS3Anchor({ bucket, prefix, keepMs }: S3Anchor, given: S3Given = {}): PutInS3 {
  const open = opener(given);
  return async ({ size, note }, now) => {
    const { sdk, client } = await open();
    const at = { Bucket: bucket, Key: keyOf(prefix, size) };
    try {
      await client.send(
        new sdk.PutObjectCommand({
          ...at,
          Body: note,
          ContentType: 'text/plain; charset=utf-8',
          // S3 takes no locked object without a sum.
          ChecksumAlgorithm: 'SHA256',
          ObjectLockMode: 'COMPLIANCE',
          ObjectLockRetainUntilDate: new Date(now.getTime() + keepMs),
          IfNoneMatch: '*',
        }),
        abort(),
      );
      return null;
    } catch (error) {
      if (nameOf(error) !== 'PreconditionFailed') return inWords(error);
    }
    try {
      const found = await client.send(new sdk.GetObjectCommand(at), abort());
      return textOf(await found.Body?.transformToString()) === textOf(note)
        ? null
        : `${at.Key} in ${bucket} has another checkpoint of ${size} entries, so one of the two histories was made anew: run \`latchkey audit verify --since\` with it`;
    } catch (error) {
      return inWords(error);
    }
  };
}

/**
 * The newest checkpoint of those in the bucket that are of `from` entries or more. A database that was put back from a
 * backup, or cut, has less than the bucket does.
 */
export function createS3Look(
  { bucket, prefix }: Pick<S3Anchor, 'bucket' | 'prefix'>,
  given: S3Given = {},
): (from: number) => Promise<FoundInS3> {
  const open = opener(given);
  return async (from) => {
    try {
      const { sdk, client } = await open();
      let after = from === 0 ? prefix : keyOf(prefix, from - 1);
      let newest: string | null = null;
      for (;;) {
        const { Contents = [], IsTruncated = false } = await client.send(
          new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, StartAfter: after }),
          abort(),
        );
        // In the order of their keys, which is that of their sizes. Others' objects have other names.
        const keys = Contents.flatMap(({ Key = '' }) => (isOurs(prefix, Key) ? [Key] : []));
        newest = keys.at(-1) ?? newest;
        const last = Contents.at(-1)?.Key;
        if (!IsTruncated || last === undefined) break;
        after = last;
      }
      if (newest === null) return { note: null };
      const found = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: newest }), abort());
      return { note: (await found.Body?.transformToString()) ?? '' };
    } catch (error) {
      return { why: inWords(error) };
    }
  };
}

function keyOf(prefix: string, size: number): string {
  return `${prefix}${String(size).padStart(DIGITS, '0')}.txt`;
}

function isOurs(prefix: string, key: string): boolean {
  return key.startsWith(prefix) && /^\d{15}\.txt$/.test(key.slice(prefix.length));
}

/** The SDK and its client, both when they are first needed. */
function opener(
  given: S3Given,
): () => Promise<{ sdk: typeof import('@aws-sdk/client-s3'); client: S3Client }> {
  let client: S3Client | null = null;
  return async () => {
    const sdk = await import('@aws-sdk/client-s3');
    client ??= new sdk.S3Client({
      ...given,
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_WITHIN_MS, requestTimeout: WITHIN_MS },
    });
    return { sdk, client };
  };
}

function abort(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(WITHIN_MS) };
}

/** What is signed; witnesses and a second key may have added signatures since. */
function textOf(note: string | undefined): string | undefined {
  return note?.split('\n\n')[0];
}

function nameOf(error: unknown): string {
  const { name } = error as { name?: unknown };
  return typeof name === 'string' ? name : 'Error';
}

function inWords(error: unknown): string {
  const name = nameOf(error);
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  const said = words[name];
  if (said !== undefined) return said;
  const status = $metadata?.httpStatusCode;
  return status === undefined
    ? `S3 does not answer (${typeof code === 'string' ? code : name}): see that this machine reaches it, and that AWS_REGION is set`
    : `S3 answers ${status} ${name}; it is tried again`;
}
