import { Readable } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invariant } from '../../core/fault.ts';
import { mayOpen, type Reader, sightOf } from '../../core/page/reader.ts';
import { commit } from '../../flow/kernel/commit.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { NAMED_MAX, peopleLike } from '../../store/page/sight.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { Guard } from '../guard.ts';
import { type Html, html } from '../html.ts';
import { createDoor } from './door.ts';
import { addressOf, cursorOf, cursorText, filterForm, type Query, queryOf } from './filters.ts';
import { broken, notForThem, notThere, notUnderstood, tooManyFrom, tooMuch } from './in-place-of-a-page.ts';
import { framed, icon, type MenuItem } from './layout.ts';
import { pages } from './menu.ts';
import type { AskedByReader, FilePage, ListPage, OtherPage, Sources } from './pages.ts';
import { signInRoutes } from './sign-in.ts';
import { style, stylePath } from './style.ts';
import { csvOf, shownIn, tableHtml } from './table.ts';

/** Rows of a page, and rows that are read at once for CSV. */
const PAGE_ROWS = 50;
const CSV_ROWS = 1_000;
/** A CSV ends after so many rows, and its last line says so. */
const CSV_ROWS_MAX = 100_000;

const HTML = 'text/html; charset=utf-8';

const menu: readonly MenuItem[] = pages.filter(({ inMenu }) => inMenu);

/**
 * The web page: it reads, and decides nothing. Every route says who may open it, and one that does not say so can't be
 * registered.
 */
export async function pageRoutes(
  app: FastifyInstance,
  sources: Sources,
  { guard, isSecure }: { guard: Guard; isSecure: boolean },
): Promise<void> {
  const door = createDoor(sources.context, isSecure);
  const readers = new WeakMap<FastifyRequest, Reader>();
  const forAnybody = async (request: FastifyRequest, reply: FastifyReply) => {
    const seconds = await guard.asked(request);
    if (seconds === null) return;
    return await reply.code(429).header('retry-after', String(seconds)).type(HTML).send(tooManyFrom(seconds));
  };
  await app.register(
    async (web) => {
      everyRouteRuled(web);
      web.addHook('onRequest', async (_request, reply) => void reply.headers(headers));
      web.addHook('onRequest', async (request, reply) => {
        const rule = request.routeOptions.config.rule ?? 'anybody';
        if (rule === 'anybody') return await forAnybody(request, reply);
        const reader = await door.reader(request);
        if (reader === null) {
          if (await forAnybody(request, reply)) return reply;
          return reply.redirect(`${PAGE_PATH}/sign-in${addressOf({ to: request.url })}`, 303);
        }
        const seconds = await guard.spent(request, 'read', reader.personId);
        if (seconds !== null)
          return reply.code(429).header('retry-after', String(seconds)).type(HTML).send(tooMuch(seconds));
        if (!mayOpen(rule, reader)) return reply.code(403).type(HTML).send(notForThem());
        readers.set(request, reader);
      });
      web.setNotFoundHandler({ preHandler: forAnybody }, async (_request, reply) =>
        reply.code(404).type(HTML).send(notThere()),
      );
      web.setErrorHandler<FastifyError>(async (error, request, reply) => {
        const status = error.statusCode ?? 500;
        if (status >= 500) request.log.error({ err: error }, 'a page failed');
        return reply.code(status).type(HTML).send(broken(status, error.message));
      });
      const asked = async (request: FastifyRequest, query: Query): Promise<AskedByReader> => {
        const reader = readers.get(request);
        invariant(reader !== undefined, 'a page was opened by nobody');
        const now = await databaseNow(sources.context.db);
        const params = request.params as Record<string, string>;
        return {
          ...sources,
          reader,
          sight: sightOf(reader),
          query,
          as: shownIn(reader.timeZone),
          now,
          params,
        };
      };
      const frame = (request: FastifyRequest, { reader }: AskedByReader, path: string) => ({
        reader,
        formToken: door.formToken(request),
        menu,
        path,
      });
      assets(web);
      signInRoutes(web, sources.context, door);
      for (const page of pages)
        if (page.is === 'list') listRoutes(web, page, { asked, frame });
        else if (page.is === 'file') fileRoute(web, page, asked);
        else otherRoute(web, page, { asked, frame });
    },
    { prefix: PAGE_PATH },
  );
  app.get('/', { onRequest: guard.forAnybody }, async (_request, reply) => reply.redirect(PAGE_PATH, 303));
}

/** From here on a route that does not say who may open it can't be registered. */
export function everyRouteRuled(web: FastifyInstance): void {
  web.addHook('onRoute', ({ method, url, config }) =>
    invariant(config?.rule !== undefined, `${method} ${url} does not say who may open it`),
  );
}

type Making = {
  asked: (request: FastifyRequest, query: Query) => Promise<AskedByReader>;
  frame: (request: FastifyRequest, asked: AskedByReader, path: string) => Parameters<typeof framed>[2];
};

function assets(web: FastifyInstance): void {
  const open = { config: { rule: 'anybody' } } as const;
  web.get(stylePath.slice(PAGE_PATH.length), open, async (_request, reply) =>
    reply
      .type('text/css; charset=utf-8')
      .header('cache-control', 'public, max-age=31536000, immutable')
      .send(style),
  );
  web.get('/icon.svg', open, async (_request, reply) =>
    reply.type('image/svg+xml').header('cache-control', 'public, max-age=86400').send(icon.text),
  );
}

function otherRoute(web: FastifyInstance, page: OtherPage, { asked, frame }: Making): void {
  web.get(page.path, { config: { rule: page.rule } }, async (request, reply) => {
    const by = await asked(request, request.query as Query);
    const made = await page.html(by);
    if (made === null) return reply.code(404).type(HTML).send(notThere());
    if (page.isOnRecord === true) await putOnRecord(by, page.title, idIn(by));
    if (made.refreshSeconds !== undefined) reply.header('refresh', String(made.refreshSeconds));
    return reply
      .type(HTML)
      .send(framed(made.title, made.body, frame(request, by, page.path.replace('/:id', ''))));
  });
}

function fileRoute(web: FastifyInstance, page: FilePage, asked: Making['asked']): void {
  web.get(page.path, { config: { rule: page.rule } }, async (request, reply) => {
    const by = await asked(request, {});
    const made = await page.file(by);
    if (made === null) return reply.code(404).type(HTML).send(notThere());
    if (page.isOnRecord === true) await putOnRecord(by, `${page.title} (file)`, idIn(by));
    return reply
      .type(made.type)
      .header('content-disposition', `attachment; filename="${made.name}"`)
      .send(made.text);
  });
}

const idIn = ({ params }: AskedByReader) => params.id ?? '';

function listRoutes(web: FastifyInstance, page: ListPage, { asked, frame }: Making): void {
  const config = { rule: page.rule };
  const path = `${PAGE_PATH}${page.path}`;
  /** Null: the address has no meaning, and that was answered. */
  const understood = async (request: FastifyRequest, reply: FastifyReply) => {
    const by = await asked(request, {});
    const filters = page.filters(by.context);
    const given = queryOf(filters, page.ids).safeParse(request.query);
    if (given.success) {
      const { after, ...query } = given.data;
      return { ...by, query, filters, after };
    }
    await reply
      .code(400)
      .type(HTML)
      .send(notUnderstood(path, filters, given.error));
    return null;
  };
  web.get(page.path, { config }, async (request, reply) => {
    const asking = await understood(request, reply);
    if (asking === null) return reply;
    const { filters, query, after } = asking;
    const { rows, next } = await page.read(asking, { limit: PAGE_ROWS, after: cursorOf(after) });
    if (page.isOnRecord === true)
      await putOnRecord(asking, `${page.title} (page)`, addressOf(query).slice(1));
    const body = html`<p class="about">${page.about}</p>${await page.above?.(asking)}
${filterForm(filters, query, path)}
${await manyCalledSo(asking)}${
  rows.length === 0
    ? html`<div class="empty">${page.empty(asking)}</div>`
    : html`<div class="bar"><span>${after === undefined ? '' : html`<a href="${path}${addressOf(query)}">Newest</a>`}</span><span><a href="${path}.csv${addressOf(query)}" download>Download as CSV</a></span></div>
${tableHtml(page.title, page.columns, rows, asking.as)}
${next === null ? '' : html`<p class="bar"><a href="${path}${addressOf(query, { after: cursorText(next) ?? '' })}">Older</a></p>`}`
}`;
    return reply.type(HTML).send(framed(page.title, body, frame(request, asking, page.path)));
  });
  web.get(`${page.path}.csv`, { config }, async (request, reply) => {
    const asking = await understood(request, reply);
    if (asking === null) return reply;
    const { query } = asking;
    if (page.isOnRecord === true) await putOnRecord(asking, `${page.title} (CSV)`, addressOf(query).slice(1));
    const name = `latchkey${page.path.replaceAll('/', '-')}-${asking.now.toISOString().slice(0, 10)}.csv`;
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(Readable.from(csvLines(page, asking)));
  });
}

/** A name that many have is not looked for in all of them, and the page says so. */
async function manyCalledSo({ context, query: { person } }: AskedByReader): Promise<Html | null> {
  const isMany = person !== undefined && (await peopleLike(context.db, person)).length === NAMED_MAX;
  return isMany
    ? html`<p class="about"><b>${NAMED_MAX} people or more have “${person}” in their name or address.</b> Only ${NAMED_MAX} of them are looked at here: write more of the name, or the whole address.</p>`
    : null;
}

/** Portion by portion, so that a long list is never in memory as a whole. */
async function* csvLines(page: ListPage, asked: AskedByReader): AsyncGenerator<string> {
  let after: ReturnType<typeof cursorOf> = null;
  for (let count = 0; count < CSV_ROWS_MAX; count += CSV_ROWS) {
    const { rows, next } = await page.read(asked, { limit: CSV_ROWS, after });
    yield csvOf(page.columns, rows, count === 0);
    if (next === null) return;
    after = next;
  }
  yield `"There is more than ${CSV_ROWS_MAX} rows: narrow the list by its filters, and download the parts"\r\n`;
}

/** Whoever reads the audit is in it. */
async function putOnRecord({ context, reader }: AskedByReader, of: string, asked: string): Promise<void> {
  await commit(context.db, async ({ now }) => ({
    result: null,
    notes: [
      {
        type: 'auditRead',
        at: now,
        actor: { person: reader.personId, name: reader.name },
        changeId: null,
        data: { of, asked },
      },
    ],
  }));
}

/** No script at all, and nothing from elsewhere. The referrer stays with us: addresses name people. */
const headers = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex',
} as const;
