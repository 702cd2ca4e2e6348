import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../flow/kernel/context.ts';
import { newSecret, STEP_UP_PATH, signInName } from '../flow/request/step-up.ts';
import {
  beginSignIn,
  CALLBACK_PATH,
  disown,
  finishSignIn,
  pageOfLink,
  type StepUpPage,
} from '../flow/step-up/sign-in.ts';
import { cookie, cookieIn, cookieName } from './cookies.ts';
import type { Guard } from './guard.ts';
import { stepUpHtml } from './step-up-page.ts';

/** A browser is known for so long, in seconds: a sign-in ends within five minutes. */
const BROWSER_KNOWN_SECONDS = 900;

/**
 * The pages of a fresh sign-in. A GET of a link shows and changes nothing, however often and by whomever: previews,
 * scanners and browsers that fetch ahead do it. Only a form that a person sends begins a sign-in, or disowns a click.
 *
 * The cookie ties the sign-in to the browser in which its page was read. A person who only sends somebody the identity
 * provider's address gets nothing from it. `Lax`, for the way back comes from the provider's site; `Strict` would lose
 * it.
 */
export async function stepUpRoutes(
  app: FastifyInstance,
  context: Context,
  { guard, isSecure }: { guard: Guard; isSecure: boolean },
): Promise<void> {
  const name = cookieName('latchkey-step-up', isSecure);
  const browserOf = ({ headers }: FastifyRequest) => cookieIn(headers.cookie, name);
  const show = (request: FastifyRequest, reply: FastifyReply, page: StepUpPage, link: string | null) => {
    if (browserOf(request) === null && page.is === 'open')
      reply.header('set-cookie', cookie(name, newSecret(), { seconds: BROWSER_KNOWN_SECONDS, isSecure }));
    return reply
      .code(page.is === 'unknown' ? 404 : page.is === 'away' ? 503 : 200)
      .type('text/html; charset=utf-8')
      .send(stepUpHtml(page, { idp: signInName(context), chat: context.chat.name, link, now: new Date() }));
  };

  await app.register(async (pages) => {
    pages.addHook('onRequest', guard.forAnybody);
    pages.addHook('onRequest', async (_request, reply) => {
      reply.headers(headers);
    });
    // What a form sends is its address alone.
    pages.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      (_r, _body, done) => done(null, null),
    );

    pages.get(CALLBACK_PATH, async (request, reply) => {
      if (isFetchedAhead(request)) return reply.code(503).send();
      const { searchParams } = new URL(request.url, 'http://localhost');
      const page = await finishSignIn(context, searchParams, browserOf(request));
      return show(request, reply, page, null);
    });
    pages.get<ByLink>(`${STEP_UP_PATH}/:link`, async (request, reply) => {
      const { link } = request.params;
      return show(request, reply, await pageOfLink(context, link), link);
    });
    pages.post<ByLink>(`${STEP_UP_PATH}/:link`, async (request, reply) => {
      const { link } = request.params;
      const begun = await beginSignIn(context, link, browserOf(request));
      return 'to' in begun ? reply.redirect(begun.to, 303) : show(request, reply, begun, link);
    });
    pages.post<ByLink>(`${STEP_UP_PATH}/:link/not-me`, async (request, reply) => {
      const { link } = request.params;
      return show(request, reply, await disown(context, link), link);
    });
  });
}

type ByLink = { Params: { link: string } };

/**
 * No `form-action`: some browsers hold the identity provider's own redirects against it, and the sign-in would end
 * there. No referrer: addresses of these pages are secrets.
 */
const headers = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
} as const;

/** A browser that fetches ahead of the person has not been sent by them. */
export function isFetchedAhead({ headers: sent }: FastifyRequest): boolean {
  return [sent['sec-purpose'], sent.purpose, sent['x-moz']].some((purpose) =>
    /prefetch|prerender|preview/i.test(String(purpose ?? '')),
  );
}
