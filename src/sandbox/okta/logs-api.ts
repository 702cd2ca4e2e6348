import type { FastifyInstance } from 'fastify';
import { OktaError } from './errors.ts';
import { parseExpression } from './expression.ts';
import { requestUrl } from './paging.ts';
import type { Logged, SystemLog } from './system-log.ts';

/** OpenAPI description 2026.06.3, `GET /api/v1/logs`. */
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
const SINCE_DEFAULT_MS = 7 * 24 * 3_600_000;

type LogQuery = {
  since?: string;
  until?: string;
  after?: string;
  filter?: string;
  limit?: string;
  sortOrder?: string;
};

/**
 * `GET /api/v1/logs`. Without `until` and oldest first it is a poll. `since` then means when events were written, not
 * when they happened. The `next` link is there even on an empty page, and goes on from the last event seen. So a poller
 * follows it for ever.
 */
export function logRoutes(app: FastifyInstance, log: SystemLog): void {
  app.get<{ Querystring: LogQuery }>(
    '/logs',
    { config: { oktaScope: 'okta.logs.read' } },
    async (request, reply) => {
      const query = request.query;
      const limit = query.limit === undefined ? LIMIT_DEFAULT : Number(query.limit);
      if (!Number.isInteger(limit) || limit < 0 || limit > LIMIT_MAX)
        throw invalid('limit', `must be between 0 and ${LIMIT_MAX}`);
      const until = query.until === undefined ? Date.now() : instant('until', query.until);
      const since = query.since === undefined ? until - SINCE_DEFAULT_MS : instant('since', query.since);
      const fits = query.filter === undefined ? () => true : parseExpression(query.filter);
      const isPoll = query.until === undefined && query.sortOrder !== 'DESCENDING';

      let entries = log.readable().filter(({ event, persistedAt }) => {
        const at = isPoll ? persistedAt : Date.parse(event.published);
        return at >= since && at <= until && fits(event);
      });
      if (!isPoll) entries.sort((a, b) => Date.parse(a.event.published) - Date.parse(b.event.published));
      if (query.sortOrder === 'DESCENDING') entries.reverse();
      entries = startingAfter(entries, query.after);
      const shown = entries.slice(0, limit).map(({ event }) => event);

      const self = requestUrl(request);
      const links = [`<${self.href}>; rel="self"`];
      if (isPoll || entries.length > shown.length) {
        const next = new URL(self);
        const last = shown.at(-1)?.uuid ?? query.after;
        if (last !== undefined) next.searchParams.set('after', last);
        links.push(`<${next.href}>; rel="next"`);
      }
      reply.header('link', links);
      return shown;
    },
  );
}

function startingAfter(entries: Logged[], uuid: string | undefined): Logged[] {
  if (uuid === undefined) return entries;
  return entries.slice(entries.findIndex(({ event }) => event.uuid === uuid) + 1);
}

function instant(name: string, text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw invalid(name, 'is not a valid ISO 8601 timestamp');
  return at;
}

function invalid(name: string, why: string): OktaError {
  return new OktaError('E0000001', `Api validation failed: ${name}`, [`${name}: ${why}`]);
}
