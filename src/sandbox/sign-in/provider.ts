import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { type Configuration } from 'oidc-provider';
import type { World } from '../emulator.ts';
import { credentials } from '../seed.ts';
import { signInMemory } from './memory.ts';
import { cancelledPage, type SignInPerson, signInPage } from './page.ts';

/** How somebody signed in: the level that it reached, and the methods. */
type How = { acr: string; amr: readonly string[] };

/** What is one identity provider's own about signing in. */
export type SignInAt = {
  /** As sentences call it. */
  idp: string;
  /** Below the world's address: all of it, where the endpoints are mounted, the issuer, and the page to sign in. */
  paths: { prefix: string; mount: string; issuer: string; page: string };
  /** Below the mount. */
  routes: { authorization: string; token: string; jwks: string };
  levels: Record<'twoFactors' | 'password', How>;
  /** Those who can sign in now. */
  people(): SignInPerson[];
  /** What an ID token says of a person, beside when and how they signed in. */
  claimsOf(id: string, acr: string | undefined): Record<string, unknown>;
  /** What else is otherwise than in an OpenID provider by itself. */
  more: Configuration;
};

/**
 * Signing in afresh: an OpenID provider in the world, for the people of one identity provider. Its page lets one be
 * anybody.
 */
export function createSignIn(at: SignInAt, world: World) {
  const keys = generateKeyPair('RS256', { extractable: true }).then(async ({ privateKey }) => ({
    keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256' }],
  }));
  let made: { forLatchkey: string; secret: string; provider: Promise<Provider> } | null = null;

  /** Made anew when Latchkey moves or its secret changes: both are part of the app's settings. */
  function current(): Promise<Provider> {
    const forLatchkey = world.latchkey()?.url ?? 'http://127.0.0.1:3000';
    const secret = world.keys.oidcClientSecret;
    if (made?.forLatchkey !== forLatchkey || made.secret !== secret)
      made = {
        forLatchkey,
        secret,
        provider: keys.then(
          (jwks) =>
            new Provider(`${world.url()}${at.paths.issuer}`, {
              ...settings(at, forLatchkey, secret),
              jwks,
            } as Configuration),
        ),
      };
    return made.provider;
  }

  return {
    /** `app` is mounted at the prefix. */
    async routes(app: FastifyInstance): Promise<void> {
      const { mount, issuer, page } = at.paths;
      const here = (path: string) => path.slice(at.paths.prefix.length);
      await app.register(async (oidc) => {
        // The provider reads what is sent by itself.
        oidc.removeAllContentTypeParsers();
        oidc.addContentTypeParser('*', (_request, _payload, done) => done(null));
        const { authorization, token, jwks } = at.routes;
        for (const path of [authorization, `${authorization}/:uid`, token, jwks])
          oidc.all(here(`${mount}${path}`), async (request, reply) =>
            serve(await current(), mount, request, reply),
          );
        oidc.get(here(`${issuer}${METADATA}`), async (request, reply) => {
          request.raw.url = `${mount}${METADATA}`;
          return serve(await current(), mount, request, reply);
        });
      });
      await app.register(async (pages) => {
        pages.removeAllContentTypeParsers();
        pages.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => done(null, body));
        pages.get<Uid>(here(`${page}/:uid`), async (request, reply) => {
          const provider = await current();
          const asked = await provider.interactionDetails(request.raw, reply.raw).catch(() => null);
          if (asked === null) return reply.code(404).type(HTML).send(cancelledPage());
          const action = `${page}/${request.params.uid}`;
          const hint = asked.params.login_hint;
          return reply.type(HTML).send(signInPage({ idp: at.idp, action, people: at.people(), hint }));
        });
        pages.post<Uid>(here(`${page}/:uid`), async (request, reply) => {
          const provider = await current();
          const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
          const result = resultOf(form, at);
          const to = await provider.interactionResult(request.raw, reply.raw, result).catch(() => null);
          return to === null ? reply.code(404).type(HTML).send(cancelledPage()) : reply.redirect(to, 303);
        });
      });
    },
  };
}

type Uid = { Params: { uid: string } };
const HTML = 'text/html; charset=utf-8';
const FORM = 'application/x-www-form-urlencoded';
const METADATA = '/.well-known/openid-configuration';

/** What the person did on the page. */
function resultOf(form: URLSearchParams, { levels, people }: SignInAt) {
  const how = form.get('how') === 'password' ? levels.password : levels.twoFactors;
  const person = people().find(({ id }) => id === form.get('user'));
  return person === undefined || form.get('how') === 'cancel'
    ? { error: 'access_denied', error_description: 'The person did not sign in.' }
    : { login: { accountId: person.id, acr: how.acr, amr: [...how.amr] } };
}

function settings(at: SignInAt, latchkeyUrl: string, secret: string): Configuration {
  return {
    clients: [
      {
        client_id: credentials.oidcClientId,
        client_secret: secret,
        redirect_uris: [`${latchkeyUrl}/step-up/callback`, `${latchkeyUrl}/web/callback`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        ...(at.more.subjectTypes === undefined ? {} : { subject_type: 'pairwise' as const }),
      },
    ],
    adapter: signInMemory(),
    cookies: { keys: ['sandbox-cookie-key'] },
    routes: at.routes,
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      Grant: 300,
      IdToken: 300,
      Interaction: 600,
      Session: 3_600,
    },
    interactions: { url: (_ctx, { uid }) => `${at.paths.page}/${uid}` },
    findAccount: (_ctx, id, token) =>
      at.people().some((person) => person.id === id)
        ? {
            accountId: id,
            claims: () => ({ sub: id, ...at.claimsOf(id, (token as { acr?: string } | undefined)?.acr) }),
          }
        : undefined,
    // The company's own app: nobody is asked whether it may know them.
    async loadExistingGrant({ oidc }) {
      const { provider, client, session } = oidc;
      const grant = new provider.Grant({
        clientId: client?.clientId ?? '',
        accountId: session?.accountId ?? '',
      });
      grant.addOIDCScope('openid');
      grant.addOIDCClaims([...oidc.requestParamClaims]);
      await grant.save();
      return grant;
    },
    ...at.more,
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      ...at.more.features,
    },
  };
}

/** Hands the request on as if the provider were alone below its mount. */
function serve(provider: Provider, mount: string, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const raw: IncomingMessage & { originalUrl?: string } = request.raw;
  raw.originalUrl = raw.url ?? '';
  raw.url = raw.originalUrl.slice(mount.length);
  provider.callback()(raw, reply.raw);
}
