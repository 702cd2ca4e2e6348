import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** Okta's error codes that the emulator answers with (okta-developer-docs, data/error-codes.json). */
const summaries = {
  E0000001: [400, 'Api validation failed'],
  E0000006: [403, 'You do not have permission to perform the requested action'],
  E0000007: [404, 'Not found: Resource not found'],
  E0000009: [500, 'Internal Server Error'],
  E0000011: [401, 'Invalid token provided'],
  E0000022: [405, 'The endpoint does not support the provided HTTP method'],
  E0000038: [403, "This operation is not allowed in the user's current status."],
  E0000047: [429, 'API call exceeded rate limit due to too many requests.'],
  E0000181: [503, 'Service unavailable'],
} as const satisfies Record<string, readonly [number, string]>;

type OktaErrorCode = keyof typeof summaries;

const codeOfStatus: Record<number, OktaErrorCode> = {
  400: 'E0000001',
  401: 'E0000011',
  403: 'E0000006',
  404: 'E0000007',
  405: 'E0000022',
  429: 'E0000047',
  503: 'E0000181',
};

/** An error answer in Okta's own shape. */
type OktaErrorBody = {
  errorCode: string;
  errorSummary: string;
  errorLink: string;
  errorId: string;
  errorCauses: { errorSummary: string }[];
};

/** Thrown by the emulator's routes; the scope's error handler turns it into Okta's answer. */
export class OktaError extends Error {
  readonly code: OktaErrorCode;
  readonly causes: string[];

  constructor(code: OktaErrorCode, summary?: string, causes: string[] = []) {
    super(summary ?? summaries[code][1]);
    this.name = 'OktaError';
    this.code = code;
    this.causes = causes;
  }
}

function statusOf(code: OktaErrorCode): number {
  return summaries[code][0];
}

/** `Not found: Resource not found: <id> (<kind>)`, as Okta words it. */
export function notFound(id: string, kind: 'User' | 'UserGroup' | 'GroupRule' | 'EventHook'): OktaError {
  return new OktaError('E0000007', `Not found: Resource not found: ${id} (${kind})`);
}

export function errorBody(code: string, summary: string, causes: string[] = []): OktaErrorBody {
  return {
    errorCode: code,
    errorSummary: summary,
    errorLink: code,
    errorId: `oae${randomBytes(12).toString('base64url')}`,
    errorCauses: causes.map((errorSummary) => ({ errorSummary })),
  };
}

/** The body that belongs to a bare status, for faults the sandbox was told to show. */
export function errorBodyOfStatus(status: number): OktaErrorBody {
  const code = codeOfStatus[status] ?? 'E0000009';
  return errorBody(code, summaries[code][1]);
}

export function sendOktaError(reply: FastifyReply, error: OktaError): FastifyReply {
  return reply.code(statusOf(error.code)).send(errorBody(error.code, error.message, error.causes));
}
