import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import { commit } from '../../flow/kernel/commit.ts';
import { callerOf } from '../read-door.ts';
import { addressOf, cursorOf, cursorText, queryOf } from './filters.ts';
import { pages } from './menu.ts';
import { openApi } from './open-api.ts';
import { LIMIT_MAX, type ListPage, nameOf, type Sources, scopeOf } from './pages.ts';
import { jsonOf } from './table.ts';

const LIMIT = 20;

/** Of each catalogue its description: which access can be filtered by is the catalogue's. */
const described = new WeakMap<Catalogue, object>();

/**
 * Every list as JSON. Whoever holds the read token sees everything; by a token of somebody’s own they find what is in
 * their sight today. `/api/openapi.json` describes it.
 */
export function pageApi(api: FastifyInstance, sources: Sources): void {
  const lists = pages.filter((page): page is ListPage => page.is === 'list' && page.hasOwnJson !== true);
  api.get('/api/openapi.json', { config: { scope: 'any', rule: 'own' } }, async () => {
    const catalogue = sources.context.catalogue.current();
    const known = described.get(catalogue) ?? openApi(lists, sources.context);
    described.set(catalogue, known);
    return known;
  });
  for (const page of lists) listApi(api, page, sources);
}

/** Null: it is none. Sent twice, it is a list. */
function limitOf(asked: unknown): number | null {
  const isNumber = typeof asked === 'string' && /^[1-9]\d{0,2}$/.test(asked);
  return isNumber && Number(asked) <= LIMIT_MAX ? Number(asked) : null;
}

function listApi(api: FastifyInstance, page: ListPage, sources: Sources): void {
  const { context } = sources;
  const config = { scope: scopeOf(page), rule: page.rule };
  api.get<{ Querystring: Record<string, string> }>(`/api${page.path}`, { config }, async (request, reply) => {
    const { limit: asked = '', ...rest } = request.query;
    const limit = asked === '' ? LIMIT : limitOf(asked);
    if (limit === null)
      return await reply.code(400).send({ error: `limit is a whole number from 1 to ${LIMIT_MAX}` });
    const given = queryOf(page.filters(context), page.ids).safeParse(rest);
    if (!given.success) return await reply.code(400).send({ error: z.prettifyError(given.error) });
    const { after, ...query } = given.data;
    const { sight, actor } = callerOf(request);
    const { rows, next } = await page.read({ ...sources, sight, query }, { limit, after: cursorOf(after) });
    if (page.isOnRecord === true)
      await commit(context.db, async ({ now }) => ({
        result: null,
        notes: [
          {
            type: 'auditRead',
            at: now,
            actor,
            changeId: null,
            data: { of: `${page.title} (JSON)`, asked: addressOf(query).slice(1) },
          },
        ],
      }));
    return {
      [nameOf(page)]: await Promise.all(
        rows.map((row) => page.json?.(context, row) ?? jsonOf(page.columns, row)),
      ),
      next: cursorText(next),
    };
  });
}
