import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

/** Paging of every Access Management list (mulesoft-dx, apis/access-management/api.yaml). */
const PAGE_LIMIT_DEFAULT = 25;
const PAGE_LIMIT_MAX = 500;

export type Query = Record<string, string | string[] | undefined>;

export type Page<T> = { data: T[]; total: number };

/** One page of a list by `offset` and `limit`, or the validation error that Anypoint answers. */
export function page<T>(
  rows: readonly T[],
  query: Query,
  reply: FastifyReply,
  limits: { usual: number; most: number } = { usual: PAGE_LIMIT_DEFAULT, most: PAGE_LIMIT_MAX },
): Page<T> | ErrorsBody {
  const offset = wholeNumber(query.offset, 0);
  const limit = wholeNumber(query.limit, limits.usual);
  if (offset === null || offset < 0)
    return invalid(reply, {
      dataPath: 'offset',
      keyword: 'minimum',
      message: 'should be >= 0',
      data: query.offset,
    });
  if (limit === null || limit < 0 || limit > limits.most)
    return invalid(reply, {
      dataPath: 'limit',
      keyword: 'maximum',
      message: `should be <= ${limits.most}`,
      data: query.limit,
    });
  return { data: rows.slice(offset, offset + limit), total: rows.length };
}

function wholeNumber(given: string | string[] | undefined, fallback: number): number | null {
  if (given === undefined) return fallback;
  return typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : null;
}

/** A list parameter: repeated, or comma-separated as the published description has it (`explode: false`). */
export function list(given: string | string[] | undefined): string[] | null {
  if (given === undefined) return null;
  return (Array.isArray(given) ? given : [given]).flatMap((part) => part.split(',')).filter((s) => s !== '');
}

export function contains(text: string, search: string | string[] | undefined): boolean {
  return typeof search !== 'string' || text.toLowerCase().includes(search.toLowerCase());
}

export type ErrorsBody = {
  errors: {
    type: string;
    dataPath: string;
    keyword: string;
    schema: string;
    data: string;
    message: string;
  }[];
};

/** 400 with the body of Anypoint's own schema validation. */
export function invalid(
  reply: FastifyReply,
  {
    dataPath,
    keyword,
    message,
    data,
  }: { dataPath: string; keyword: string; message: string; data?: unknown },
): ErrorsBody {
  reply.code(400);
  return {
    errors: [
      {
        type: 'validation',
        dataPath: `.${dataPath}`,
        keyword,
        schema: '',
        data: data === undefined ? '' : JSON.stringify(data),
        message,
      },
    ],
  };
}

/** The body as `schema` has it; on a mismatch null, after the reply was given status 400 and sent. */
export async function readBody<T>(
  schema: z.ZodType<T>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<T | null> {
  const parsed = schema.safeParse(request.body);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    type: 'validation',
    dataPath: issue.path
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
      .join(''),
    keyword: issue.code,
    schema: '',
    data: '',
    message: issue.message,
  }));
  await reply.code(400).send({ errors });
  return null;
}

export function notFound(reply: FastifyReply, what: string): { name: string; message: string } {
  reply.code(404);
  return { name: 'NotFoundError', message: `${what} not found` };
}

/** Teams, their members and their roles carry times as `2019-07-15 09:36:07.123000+00:00`. */
export function teamTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().replace('T', ' ').replace('Z', '')}000+00:00`;
}
