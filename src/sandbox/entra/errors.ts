import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** A refusal of Microsoft Graph. */
export class GraphError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function sendGraphError(reply: FastifyReply, error: GraphError): FastifyReply {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  const body = graphErrorBody(error);
  return reply.code(error.status).header('request-id', body.error.innerError['request-id']).send(body);
}

/** The body of every refusal (graph/errors). */
export function graphErrorBody({ code, message }: GraphError) {
  const requestId = randomUUID();
  return {
    error: {
      code,
      message,
      innerError: {
        date: new Date().toISOString().slice(0, 19),
        'request-id': requestId,
        'client-request-id': requestId,
      },
    },
  };
}

/** The same text whether an object is gone, was never there, or is not replicated yet. */
export function notFound(id: string): GraphError {
  return new GraphError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}
