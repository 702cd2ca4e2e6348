import { z } from 'zod';
import type { Context } from '../../flow/kernel/context.ts';
import { fieldOf } from './filters.ts';
import { LIMIT_MAX, type ListPage, nameOf, scopeOf } from './pages.ts';
import { schemaOf } from './table.ts';

/** The description of the JSON of these lists, by OpenAPI 3.1, made of what the pages themselves are made of. */
export function openApi(lists: readonly ListPage[], context: Pick<Context, 'catalogue' | 'idps'>) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: '1',
      description: 'Reads only: what the web page shows, as JSON. Asking and deciding is done in chat.',
    },
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of `latchkey token create`, which shows what its person may see today, and only of the lists that it is for; or the READ_TOKEN, which shows everything.',
        },
      },
    },
    paths: Object.fromEntries(lists.map((page) => [`/api${page.path}`, { get: operationOf(page, context) }])),
  };
}

function operationOf(page: ListPage, context: Pick<Context, 'catalogue' | 'idps'>) {
  const parameter = (name: string, schema: z.ZodType, description: string) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema: plain(schema),
  });
  // A change says more than its columns do, with its timeline.
  const row = page.json === undefined ? schemaOf(page.columns) : z.looseObject({ id: z.string() });
  const answer = z.object({
    [nameOf(page)]: z.array(row),
    next: z
      .string()
      .nullable()
      .describe('To be sent as `after` for the rows that follow; null: that was all'),
  });
  return {
    operationId: nameOf(page),
    // What a token of somebody’s has to be for.
    security: [{ token: [scopeOf(page)] }],
    summary: page.title,
    description: page.about,
    parameters: [
      ...page.filters(context).map((filter) => parameter(filter.name, fieldOf(filter), filter.label)),
      parameter('after', z.string(), 'Where the list goes on: `next` of the answer before'),
      parameter('limit', z.int().min(1).max(LIMIT_MAX), 'How many rows; 20 unless told'),
    ],
    responses: {
      200: { description: page.about, content: { 'application/json': { schema: plain(answer) } } },
      400: refusal('A parameter has a value that it can’t have'),
      401: refusal('The token is missing, wrong, over or revoked, or its person has left'),
      403: refusal('The token is not for this list, or its person may not see it today'),
      429: {
        ...refusal('Too many requests with this token: wait for so many seconds as Retry-After says'),
        headers: {
          'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1 } },
        },
      },
    },
  };
}

const refused = z.strictObject({ error: z.string().describe('Why, and what to do') });

function refusal(description: string) {
  return { description, content: { 'application/json': { schema: plain(refused) } } };
}

function plain(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  return rest;
}
