import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Context } from '../../flow/kernel/context.ts';
import { beginPageSignIn, finishPageSignIn, PAGE_PATH, type PageSignIn } from '../../flow/page/sign-in.ts';
import { signInName } from '../../flow/request/step-up.ts';
import { type Html, html } from '../html.ts';
import { isFetchedAhead } from '../step-up.ts';
import type { Door } from './door.ts';
import { addressOf } from './filters.ts';
import { unframed } from './layout.ts';

type To = { Querystring: { to?: string } };

const open = { config: { rule: 'anybody' } } as const;
const again = html`<p><a class="button" href="${PAGE_PATH}/sign-in">Try again</a></p>`;

function send(reply: FastifyReply, status: number, title: string, body: Html) {
  return reply.code(status).type('text/html; charset=utf-8').send(unframed(title, body));
}

/** Signing in and out. */
export function signInRoutes(web: FastifyInstance, context: Context, door: Door): void {
  const idp = signInName(context);
  web.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_r, body, done) =>
    done(null, new URLSearchParams(body.toString())),
  );

  web.get<To>('/sign-in', open, async (request, reply) => {
    if ((await door.reader(request)) !== null) return reply.redirect(ownPage(request.query.to), 303);
    return send(
      reply,
      200,
      'Sign in',
      html`<p>See your access, what waits, and how long it takes until MuleSoft has it. This page only reads: you ask and decide in ${context.chat.name}.</p>
<p><a class="button main" href="${PAGE_PATH}/sign-in/begin${addressOf({ to: ownPage(request.query.to) })}">Sign in with ${idp}</a></p>`,
    );
  });
  web.get<To>('/sign-in/begin', open, async (request, reply) => {
    if (isFetchedAhead(request)) return reply.code(503).send();
    const begun = await beginPageSignIn(context);
    if ('is' in begun) return send(reply, 503, 'Not signed in', html`${failures(idp).away}${again}`);
    door.keepBegun(request, reply, { ...begun.secrets, to: ownPage(request.query.to) });
    return reply.redirect(begun.to, 303);
  });
  web.get('/callback', open, async (request, reply) => {
    if (isFetchedAhead(request)) return reply.code(503).send();
    const { searchParams } = new URL(request.url, 'http://localhost');
    const begun = door.takeBegun(request, reply, searchParams.get('state') ?? '');
    if (begun === null)
      return send(
        reply,
        400,
        'Not signed in',
        html`<p>This sign-in was begun in another browser or too long ago, or this browser keeps no cookies.</p>${again}`,
      );
    const came = await finishPageSignIn(context, begun, searchParams);
    if (came.is !== 'signedIn')
      return send(
        reply,
        came.is === 'away' ? 503 : 403,
        'Not signed in',
        html`${failures(idp)[came.is]}${again}`,
      );
    door.letIn(reply, came.secret);
    return reply.redirect(ownPage(begun.to), 303);
  });
  signOutRoute(web, idp, door);
}

function signOutRoute(web: FastifyInstance, idp: string, door: Door): void {
  web.post('/sign-out', open, async (request, reply) => {
    const sent = request.body instanceof URLSearchParams ? request.body.get('token') : null;
    if (!door.isOwnForm(request, sent))
      return send(
        reply,
        403,
        'Still signed in',
        html`<p>This did not come from a page of yours, or that page is of an earlier session.</p><p><a href="${PAGE_PATH}">Back</a></p>`,
      );
    await door.signOut(request, reply);
    return send(
      reply,
      200,
      'Signed out',
      html`<p>You are signed out of Latchkey. ${idp} may still know you in this browser.</p><p><a class="button" href="${PAGE_PATH}/sign-in">Sign in again</a></p>`,
    );
  });
}

const failures = (idp: string): Record<Exclude<PageSignIn['is'], 'signedIn'>, Html> => ({
  refused: html`<p>You did not finish signing in, or ${idp} did not let you: your account has to be assigned to the Latchkey app there.</p>`,
  nobody: html`<p>${idp} says that you signed in, but has no active account of that id. Ask your IT desk to look at it.</p>`,
  away: html`<p>${idp} did not answer, or not in a way that can be trusted. Nobody is signed in on a guess: try again in a minute.</p>`,
});

/** Only a page of ours: an address elsewhere would send people there with our name on it. */
function ownPage(to: string | undefined): string {
  const base = 'http://latchkey.invalid';
  if (to === undefined || !URL.canParse(to, base)) return PAGE_PATH;
  const { origin, pathname, search } = new URL(to, base);
  const isOurs = pathname === PAGE_PATH || pathname.startsWith(`${PAGE_PATH}/`);
  const isOfSignIn = pathname.startsWith(`${PAGE_PATH}/sign-`) || pathname === `${PAGE_PATH}/callback`;
  return origin === base && isOurs && !isOfSignIn ? `${pathname}${search}` : PAGE_PATH;
}
