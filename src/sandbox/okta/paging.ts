import type { FastifyReply, FastifyRequest } from 'fastify';

type PageQuery = { after?: string; limit?: string };

/**
 * One page of `items`, ordered by id, with Okta's `Link` headers: `self`, and `next` while there is more.
 * `after` is opaque to the caller; here it is the last id seen, so a page stays right while items come and go.
 */
export function page<Item extends { id: string }>(
  items: Iterable<Item>,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: { default: number; max: number },
): Item[] {
  const query = request.query as PageQuery;
  const asked = Number.parseInt(query.limit ?? '', 10);
  const limit = Number.isNaN(asked) || asked < 1 ? limits.default : Math.min(asked, limits.max);
  const after = query.after === undefined ? '' : Buffer.from(query.after, 'base64url').toString();
  const rest = [...items].filter((item) => item.id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const shown = rest.slice(0, limit);
  const self = requestUrl(request);
  const links = [`<${self.href}>; rel="self"`];
  const last = shown.at(-1);
  if (last !== undefined && rest.length > shown.length) {
    const next = new URL(self);
    next.searchParams.set('after', Buffer.from(last.id).toString('base64url'));
    next.searchParams.set('limit', String(limit));
    links.push(`<${next.href}>; rel="next"`);
  }
  reply.header('link', links);
  return shown;
}

/** The address as the caller wrote it: Okta's links name the host that was asked. */
export function requestUrl(request: FastifyRequest): URL {
  return new URL(request.url, `${request.protocol}://${request.host}`);
}
