import { hash } from 'node:crypto';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { onlyFromThisMachine } from '../../web/same-machine.ts';

/** An object that is locked until then. */
type Stored = { body: string; mode: string; until: Date };

export type S3Emulator = {
  /** What AWS_ENDPOINT_URL_S3 is set to. */
  url: string;
  /** By key, of the bucket with object lock. */
  objects: Map<string, Stored>;
  /** Every call is answered with this error until told otherwise. */
  refuse(error: { status: number; code: string } | null): void;
  /** Answers nothing, as a network that swallows everything. */
  hang(isHanging: boolean): void;
  close(): Promise<void>;
};

/** The bucket that has object lock, and one that has none. */
export const LOCKED_BUCKET = 'audit-locked';
export const OPEN_BUCKET = 'audit-open';
export const s3Keys = {
  accessKeyId: 'AKIASANDBOX000000000',
  secretAccessKey: 'sandbox-aws-secret-access-key',
};

class S3Error extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * The part of S3 that anchors need, as its clients see it: objects by path, conditional writes, object lock, errors in
 * XML. Signatures are looked at but not verified.
 */
export async function startS3(): Promise<S3Emulator> {
  const objects: S3Emulator['objects'] = new Map();
  let refusal: { status: number; code: string } | null = null;
  let isHanging = false;
  const app = Fastify({ forceCloseConnections: true });
  onlyFromThisMachine(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.all('/*', async (request, reply) => {
    if (isHanging) return reply.hijack();
    try {
      if (refusal !== null) throw new S3Error(refusal.status, refusal.code, 'as told');
      requireKey(request);
      const [bucket = '', ...key] = (request.params as { '*': string })['*'].split('/');
      if (bucket !== LOCKED_BUCKET && bucket !== OPEN_BUCKET)
        throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
      if (request.method === 'GET' && key.join('/') === '') return list(request, reply, objects);
      return request.method === 'PUT'
        ? put(request, reply, { objects, hasLock: bucket === LOCKED_BUCKET, key: key.join('/') })
        : get(reply, objects.get(key.join('/')));
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      const { status, code, message } = error;
      return reply
        .code(status)
        .type('application/xml')
        .send(
          `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>SANDBOX</RequestId></Error>`,
        );
    }
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    objects,
    refuse(error) {
      refusal = error;
    },
    hang(hanging) {
      isHanging = hanging;
    },
    close: () => app.close(),
  };
}

function put(
  { headers, body }: FastifyRequest,
  reply: FastifyReply,
  { objects, hasLock, key }: { objects: Map<string, Stored>; hasLock: boolean; key: string },
): FastifyReply {
  const text = String(body ?? '');
  const sum = headers['x-amz-checksum-sha256'];
  const mode = headers['x-amz-object-lock-mode'];
  if (sum !== undefined && sum !== hash('sha256', text, 'base64'))
    throw new S3Error(400, 'BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  if (mode !== undefined && sum === undefined && headers['content-md5'] === undefined)
    throw new S3Error(
      400,
      'InvalidRequest',
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  if (mode !== undefined && !hasLock)
    throw new S3Error(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration');
  const until = new Date(String(headers['x-amz-object-lock-retain-until-date']));
  if (mode !== undefined && !(until.getTime() > Date.now()))
    throw new S3Error(400, 'InvalidArgument', 'The retain until date must be in the future!');
  if (headers['if-none-match'] === '*' && objects.has(key))
    throw new S3Error(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
    );
  objects.set(key, { body: text, mode: String(mode), until });
  return reply.header('etag', `"${hash('md5', text)}"`).send('');
}

function get(reply: FastifyReply, found: Stored | undefined): FastifyReply {
  if (found === undefined) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
  return reply.type('text/plain; charset=utf-8').send(found.body);
}

/** As many keys in one answer; S3 gives a thousand. */
const LISTED = 3;

function list({ query }: FastifyRequest, reply: FastifyReply, objects: S3Emulator['objects']): FastifyReply {
  const asked = query as Record<string, string | undefined>;
  const { prefix = '', 'start-after': after = '' } = asked;
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const some = keys.slice(0, LISTED);
  return reply
    .type('application/xml')
    .send(
      `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Prefix>${prefix}</Prefix><KeyCount>${some.length}</KeyCount><IsTruncated>${keys.length > some.length}</IsTruncated>${some.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}</ListBucketResult>`,
    );
}

function requireKey({ headers }: FastifyRequest): void {
  const [, key] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[^/]+\/s3\/aws4_request,/.exec(
      headers.authorization ?? '',
    ) ?? [];
  if (key === undefined) throw new S3Error(403, 'AccessDenied', 'Access Denied');
  if (key !== s3Keys.accessKeyId)
    throw new S3Error(
      403,
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
    );
}
