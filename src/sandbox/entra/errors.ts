import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** A refusal of Microsoft Graph. */
export class GraphError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function sendGraphError(reply: FastifyReply, error: GraphError): FastifyReply {
  const requestId = randomUUID();
  return reply
    .code(error.status)
    .header('request-id', requestId)
    .send({
      error: {
        code: error.code,
        message: error.message,
        innerError: {
          date: new Date().toISOString().slice(0, 19),
          'request-id': requestId,
          'client-request-id': requestId,
        },
      },
    });
}

/** The same text whether an object is gone, was never there, or is not replicated yet. */
export function notFound(id: string): GraphError {
  return new GraphError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}
