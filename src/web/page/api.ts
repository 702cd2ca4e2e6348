import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { commit } from '../../flow/kernel/commit.ts';
import { addressOf, cursorOf, cursorText, queryOf } from './filters.ts';
import { pages } from './menu.ts';
import { openApi } from './open-api.ts';
import { LIMIT_MAX, type ListPage, nameOf, type Sources } from './pages.ts';
import { jsonOf } from './table.ts';

const LIMIT = 20;

/** Every list as JSON, for whoever holds the read token: they see everything. `/api/openapi.json` describes it. */
export function pageApi(api: FastifyInstance, sources: Sources): void {
  const lists = pages.filter((page): page is ListPage => page.is === 'list' && page.hasOwnJson !== true);
  const description = openApi(lists, sources.context);
  api.get('/api/openapi.json', async () => description);
  for (const page of lists) listApi(api, page, sources);
}

function listApi(api: FastifyInstance, page: ListPage, sources: Sources): void {
  const { context } = sources;
  api.get<{ Querystring: Record<string, string> }>(`/api${page.path}`, async (request, reply) => {
    const { limit: asked, ...rest } = request.query;
    const limit = Math.min(LIMIT_MAX, Math.max(1, Number(asked) || LIMIT));
    const given = queryOf(page.filters(context), page.ids).safeParse(rest);
    if (!given.success) return await reply.code(400).send({ error: z.prettifyError(given.error) });
    const { after, ...query } = given.data;
    const sight = 'all';
    const { rows, next } = await page.read({ ...sources, sight, query }, { limit, after: cursorOf(after) });
    if (page.isOnRecord === true)
      await commit(context.db, async ({ now }) => ({
        result: null,
        notes: [
          {
            type: 'auditRead',
            at: now,
            actor: { part: 'read token' },
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
