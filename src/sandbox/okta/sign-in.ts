import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { type Configuration } from 'oidc-provider';
import type { World } from '../emulator.ts';
import { credentials } from '../seed.ts';
import type { OktaOrg } from './org.ts';
import { signInMemory } from './sign-in-memory.ts';
import { cancelledPage, signInPage } from './sign-in-page.ts';

const PREFIX = '/okta';
const LOGIN_PATH = `${PREFIX}/login`;

/** Levels of the org authorization server (okta-developer-docs, step-up-authentication). */
const levels = {
  twoFactors: { acr: 'urn:okta:loa:2fa:any', amr: ['pwd', 'otp', 'mfa'] },
  password: { acr: 'urn:okta:loa:1fa:any', amr: ['pwd'] },
} as const;

/**
 * Signing in as Okta's org authorization server has it: an OpenID provider at `/okta`. Its people are those of the
 * organisation. Its page lets one be anybody. The `sub` of an ID token is the user's id.
 */
export function createSignIn(org: OktaOrg, world: World) {
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
            new Provider(`${world.url()}${PREFIX}`, {
              ...settings(org, forLatchkey, secret),
              jwks,
            } as Configuration),
        ),
      };
    return made.provider;
  }

  return {
    async routes(app: FastifyInstance): Promise<void> {
      await app.register(async (oidc) => {
        // The provider reads what is sent by itself.
        oidc.removeAllContentTypeParsers();
        oidc.addContentTypeParser('*', (_request, _payload, done) => done(null));
        for (const path of [
          '/.well-known/openid-configuration',
          '/oauth2/v1/authorize',
          '/oauth2/v1/authorize/:uid',
          '/oauth2/v1/sign-in/token',
          '/oauth2/v1/keys',
        ])
          oidc.all(path, async (request, reply) => serve(await current(), request, reply));
      });
      await app.register(async (pages) => {
        pages.get<Uid>('/login/:uid', async (request, reply) => {
          const provider = await current();
          const asked = await provider.interactionDetails(request.raw, reply.raw).catch(() => null);
          if (asked === null) return reply.code(404).type(HTML).send(cancelledPage());
          const people = [...org.users.values()].filter((user) => user.status === 'ACTIVE');
          return reply.type(HTML).send(signInPage(request.params.uid, people, asked.params.login_hint));
        });
        pages.post<Uid>('/login/:uid', async (request, reply) => {
          const provider = await current();
          const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
          const result = resultOf(form, org);
          const to = await provider.interactionResult(request.raw, reply.raw, result).catch(() => null);
          return to === null ? reply.code(404).type(HTML).send(cancelledPage()) : reply.redirect(to, 303);
        });
      });
    },
  };
}

type Uid = { Params: { uid: string } };
const HTML = 'text/html; charset=utf-8';

/** What the person did on the page. */
function resultOf(form: URLSearchParams, org: OktaOrg) {
  const how = form.get('how') === 'password' ? levels.password : levels.twoFactors;
  const user = org.users.get(form.get('user') ?? '');
  return user === undefined || form.get('how') === 'cancel'
    ? { error: 'access_denied', error_description: 'The person did not sign in.' }
    : { login: { accountId: user.id, acr: how.acr, amr: [...how.amr] } };
}

function settings(org: OktaOrg, latchkeyUrl: string, secret: string): Configuration {
  return {
    clients: [
      {
        client_id: credentials.oidcClientId,
        client_secret: secret,
        redirect_uris: [`${latchkeyUrl}/step-up/callback`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    adapter: signInMemory(),
    acrValues: Object.values(levels).map(({ acr }) => acr),
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time'] },
    cookies: { keys: ['sandbox-cookie-key'] },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
    },
    routes: {
      authorization: '/oauth2/v1/authorize',
      token: '/oauth2/v1/sign-in/token',
      jwks: '/oauth2/v1/keys',
    },
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      Grant: 300,
      IdToken: 300,
      Interaction: 600,
      Session: 3_600,
    },
    interactions: { url: (_ctx, { uid }) => `${LOGIN_PATH}/${uid}` },
    findAccount: (_ctx, id) =>
      org.users.get(id)?.status === 'ACTIVE' ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
    // The company's own app: nobody is asked whether it may know them.
    async loadExistingGrant({ oidc }) {
      const { provider, client, session } = oidc;
      const grant = new provider.Grant({
        clientId: client?.clientId ?? '',
        accountId: session?.accountId ?? '',
      });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  };
}

/** Hands the request on as if the provider were alone at `/okta`. */
function serve(provider: Provider, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const raw: IncomingMessage & { originalUrl?: string } = request.raw;
  raw.originalUrl = raw.url ?? '';
  raw.url = raw.originalUrl.slice(PREFIX.length);
  provider.callback()(raw, reply.raw);
}
