import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { onlyFromThisMachine } from '../../web/same-machine.ts';
import { operate } from './operations.ts';
import { SecretsError, Vault } from './vault.ts';

/** Credentials that the emulator knows; public, as everything of the sandbox. */
export const awsKeys = {
  accessKeyId: 'AKIASANDBOX000000000',
  secretAccessKey: 'sandbox-aws-secret-access-key',
};
export const AWS_REGION = 'eu-west-1';

/** Both ways: a signature is good for five minutes. */
const SKEW_MAX_MS = 300_000;

export type SecretsManager = {
  /** What AWS_ENDPOINT_URL is set to. */
  url: string;
  vault: Vault;
  /** Every call until told otherwise, or the next ones, is answered with this; null: as it should be. */
  refuse(error: SecretsError | null, times?: number): void;
  /** Answers nothing, as a network that swallows everything. */
  hang(isHanging: boolean): void;
  /** Operations that were asked for, with what they named. */
  asked: { operation: string; id: string; stage: string | null }[];
  close(): Promise<void>;
};

const named = z.looseObject({
  SecretId: z.string().optional(),
  Name: z.string().optional(),
  VersionStage: z.string().optional(),
});

/**
 * AWS Secrets Manager as its clients see it (protocol awsJson1_1): one address, the operation in X-Amz-Target, errors
 * by their `__type`. Signatures are looked at but not verified: the key, the region and the time have to be right.
 */
export async function startSecretsManager(port = 0): Promise<SecretsManager> {
  const vault = new Vault(AWS_REGION);
  const asked: SecretsManager['asked'] = [];
  let refusal: { error: SecretsError; left: number } | null = null;
  let isHanging = false;
  const app = Fastify({ forceCloseConnections: true });
  onlyFromThisMachine(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.post('/', async (request, reply) => {
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
    try {
      requireSignature(request);
      const body = JSON.parse(String(request.body || '{}'));
      const { SecretId, Name, VersionStage } = named.parse(body);
      asked.push({ operation, id: SecretId ?? Name ?? '', stage: VersionStage ?? null });
      if (isHanging) return reply.hijack();
      if (refusal !== null && refusal.left > 0) {
        refusal.left -= 1;
        throw refusal.error;
      }
      return answer(reply, 200, operate(vault, operation, body));
    } catch (error) {
      if (error instanceof SecretsError)
        return answer(reply, error.status, { __type: error.type, Message: error.message });
      return answer(reply, 400, { __type: 'SerializationException' });
    }
  });
  const url = await app.listen({ host: '127.0.0.1', port });
  return {
    url,
    vault,
    asked,
    refuse(error, times = Number.POSITIVE_INFINITY) {
      refusal = error === null ? null : { error, left: times };
    },
    hang(hanging) {
      isHanging = hanging;
    },
    close: () => app.close(),
  };
}

function answer(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/x-amz-json-1.1')
    .header('x-amzn-requestid', randomUUID())
    .send(JSON.stringify(body));
}

function requireSignature({ headers }: FastifyRequest): void {
  const [, key, region] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/secretsmanager\/aws4_request,/.exec(
      headers.authorization ?? '',
    ) ?? [];
  if (key === undefined)
    throw new SecretsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  if (key !== awsKeys.accessKeyId)
    throw new SecretsError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'])) ?? [];
  const [year = 0, month = 1, day, hour, minute, second] = parts.map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  if (!(Math.abs(Date.now() - at) < SKEW_MAX_MS))
    throw new SecretsError('InvalidSignatureException', 'Signature expired: is now earlier than allowed');
  // Another region has secrets of its own.
  if (region !== AWS_REGION)
    throw new SecretsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}
