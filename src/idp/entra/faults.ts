import { z } from 'zod';
import { Fault, type Trouble } from '../../core/fault.ts';
import type { Answer, Call } from '../../outbound/call.ts';
import { retryAfterMs } from '../../outbound/retry-after.ts';

/** When a throttled answer does not say; not every resource of Graph does. */
export const DEFAULT_WAIT_MS = 10_000;

const errorSchema = z.object({
  error: z.union([z.object({ code: z.string().optional(), message: z.string().optional() }), z.string()]),
  /** Of the token endpoint: AADSTS and a number, the cause in words, ids and a time. */
  error_description: z.string().optional(),
});

/** The answer's body in the shape asked for. @throws idp.bad_answer */
export function readGraph<T>(schema: z.ZodType<T>, answer: Pick<Answer, 'body'>, what: string): T {
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'body';
  throw badAnswer(what, `the answer does not fit at ${where}`, parsed.error);
}

export function badAnswer(what: string, why: string, cause?: unknown): Fault {
  return new Fault('idp.bad_answer', `Graph, ${what}: ${why}`, { retryable: false, cause });
}

/** The fault that a refusal means, by its status. Its code and words are only told. */
export function graphFault(
  answer: Pick<Answer, 'status' | 'headers' | 'body'>,
  method: Call['method'],
  what: string,
): Fault {
  const parsed = errorSchema.safeParse(answer.body);
  const { error, error_description } = parsed.success ? parsed.data : { error: {} };
  const { code = undefined, message = undefined } =
    typeof error === 'string'
      ? { code: error, message: error_description?.split(/ Trace ID:|[\r\n]/)[0] }
      : error;
  const trouble = troubleOf(answer.status);
  const isOutage = trouble === 'unavailable';
  return new Fault(
    `idp.${trouble}`,
    `Graph, ${what}: ${[answer.status, code, message].filter((part) => part !== undefined).join(' ')}`,
    {
      retryable: isOutage || trouble === 'throttled',
      ...(trouble === 'throttled' ? { retryAfterMs: retryAfterMs(answer.headers) ?? DEFAULT_WAIT_MS } : {}),
      outcomeUnknown: isOutage && method !== 'GET',
      vendorCode: code ?? String(answer.status),
      system: 'entra',
    },
  );
}

function troubleOf(status: number): Trouble {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'unavailable' : 'invalid';
}

/** The same fault of a call that changed nothing: what came of it is known. */
export function withKnownOutcome(fault: Fault): Fault {
  if (!fault.outcomeUnknown) return fault;
  return new Fault(fault.code, fault.message, { retryable: fault.retryable, cause: fault });
}
