import type { FastifyInstance } from 'fastify';
import { invariant } from '../core/fault.ts';
import type { RouteRule } from '../core/page/reader.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may open a route of the web page or of `/api`. */
    rule?: RouteRule;
    /** What a token has to be for; `any`: every token will do; null: the read token alone. */
    scope?: string | null;
  }
}

const OF_PAGE = /^\/web(\/|$)/;
const OF_TOKENS = /^\/(api|audit|metrics)(\/|$)/;

/** At these addresses nothing can be registered, wherever that is done, that does not say who may ask. */
export function refuseUnruled(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    if (OF_PAGE.test(url))
      invariant(config?.rule !== undefined, `${method} ${url} does not say who may open it`);
    if (OF_TOKENS.test(url))
      invariant(config?.scope !== undefined, `${method} ${url} does not say which tokens may ask`);
  });
}
