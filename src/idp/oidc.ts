import * as oidc from 'openid-client';
import { Fault, type Trouble } from '../core/fault.ts';
import type { SignInClaims } from '../core/step-up/step-up.ts';
import { metered, outcomeOf } from '../outbound/meter.ts';
import type { BegunSecrets, SignIn, SignInResult } from '../ports/sign-in.ts';
import { type GivenSecret, secretOf, withSecret } from '../secrets/secret.ts';
import type { SignInWay } from './sign-in-way.ts';

export type OidcSettings = {
  /** As the provider's own metadata names it. */
  issuer: string;
  clientId: string;
  clientSecret: GivenSecret;
  acrValues: readonly string[];
  /** The claim that holds the provider's id of a person; `sub` but with Entra, whose `sub` is another for each app. */
  subjectClaim: string;
  way: SignInWay;
};

const TIMEOUT_SECONDS = 5;
/** The provider's metadata is read again after this: keys and addresses change. */
const METADATA_KEPT_MS = 600_000;

/** Errors of the token endpoint that say no to us and not to the person (RFC 6749 section 5.2). */
const ABOUT_US = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'unsupported_grant_type',
]);
/** Errors of the authorization endpoint that say that it could not look. */
const COULD_NOT_LOOK = new Set(['server_error', 'temporarily_unavailable']);

/** An OpenID provider where people sign in: code flow with PKCE, state and nonce; signatures are checked. */
export function createOidc(
  settings: OidcSettings,
): SignIn & { configuration(): Promise<oidc.Configuration> } {
  let known: { at: number; configuration: oidc.Configuration } | null = null;

  async function configuration(): Promise<oidc.Configuration> {
    if (known !== null && performance.now() - known.at < METADATA_KEPT_MS) return known.configuration;
    const found = await asked('read its OpenID metadata', () => discover(settings));
    known = { at: performance.now(), configuration: found };
    return found;
  }

  return {
    acrValues: settings.acrValues,
    configuration,
    newSecrets: () => ({
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
    }),
    async begin(secrets, { redirectUri, loginHint }) {
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        ...(await request(secrets, redirectUri)),
        // Both say the same; there are providers that know one alone. What counts is `auth_time`.
        prompt: 'login',
        max_age: '0',
        login_hint: loginHint,
        ...(settings.acrValues.length === 0 ? {} : settings.way.asks(settings.acrValues)),
      });
      return url.href;
    },
    async beginAny(secrets, { redirectUri }) {
      const asking = await request(secrets, redirectUri);
      return oidc.buildAuthorizationUrl(await configuration(), asking).href;
    },
    async finish({ state, nonce, verifier }, callback): Promise<SignInResult> {
      const at = await configuration();
      // A provider looks at who asks before it looks at the code, so the code is good for another try.
      return await withSecret(secretOf(settings.clientSecret), async () => {
        try {
          const tokens = await oidc.authorizationCodeGrant(at, callback, {
            expectedState: state,
            expectedNonce: nonce,
            pkceCodeVerifier: verifier,
            idTokenExpected: true,
          });
          return signedIn(tokens.claims(), settings);
        } catch (error) {
          return resultOf(error);
        }
      });
    },
  };
}

/** What every authorization request has. */
async function request({ state, nonce, verifier }: BegunSecrets, redirectUri: string) {
  return {
    redirect_uri: redirectUri,
    scope: 'openid',
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
}

async function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<oidc.Configuration> {
  const isPlain = new URL(issuer).protocol === 'http:';
  const found = await oidc.discovery(
    new URL(issuer),
    clientId,
    undefined,
    // By the secret of the moment: what the provider says of itself is kept for longer.
    (...given) => oidc.ClientSecretBasic(secretOf(clientSecret).current())(...given),
    {
      timeout: TIMEOUT_SECONDS,
      // Settings let a plain address through on this machine alone.
      execute: [oidc.enableNonRepudiationChecks, ...(isPlain ? [oidc.allowInsecureRequests] : [])],
      [oidc.customFetch]: meteredFetch,
    },
  );
  return found;
}

const meteredFetch: oidc.CustomFetch = (url, options) =>
  metered(
    'okta',
    () => fetch(url, options as RequestInit),
    ({ status }) => outcomeOf(status),
    () => 'unavailable',
  );

function signedIn(
  claims: oidc.IDToken | undefined,
  { subjectClaim, acrValues, way }: OidcSettings,
): SignInResult {
  const subject = claims?.[subjectClaim];
  if (claims === undefined || typeof subject !== 'string' || subject === '')
    return { is: 'unbelievable', why: `the ID token has no claim ${subjectClaim}` };
  const { auth_time: authTime, amr } = claims;
  const acr = way.reached(claims, acrValues);
  const said: SignInClaims = {
    subject,
    authTime: typeof authTime === 'number' ? new Date(authTime * 1_000) : null,
    acr: typeof acr === 'string' ? acr : null,
    amr: Array.isArray(amr) ? amr.filter((one): one is string => typeof one === 'string') : [],
  };
  return { is: 'signedIn', claims: said };
}

/** The result of a sign-in that an error of the exchange tells of. */
function resultOf(error: unknown): SignInResult {
  const doing = 'exchange the code of a sign-in';
  if (error instanceof oidc.AuthorizationResponseError) {
    if (COULD_NOT_LOOK.has(error.error)) throw fault('unavailable', doing, error, error.error);
    return { is: 'refused', error: error.error };
  }
  if (error instanceof oidc.ResponseBodyError) {
    if (error.status >= 500) throw fault('unavailable', doing, error, error.error);
    if (ABOUT_US.has(error.error)) throw fault('unauthorized', doing, error, error.error);
    return { is: 'refused', error: error.error };
  }
  const trouble = troubleOf(error);
  if (trouble !== 'invalid') throw fault(trouble, doing, error);
  return { is: 'unbelievable', why: (error as Error).message };
}

async function asked<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const trouble = troubleOf(error);
    throw fault(trouble === 'invalid' ? 'bad_answer' : trouble, doing, error);
  }
}

/** Codes of openid-client by what they say of the other side. */
const troubles: Partial<Record<string, Trouble>> = {
  OAUTH_TIMEOUT: 'timeout',
  OAUTH_ABORT: 'timeout',
  OAUTH_RESPONSE_IS_NOT_CONFORM: 'unavailable',
  OAUTH_RESPONSE_IS_NOT_JSON: 'bad_answer',
  OAUTH_PARSE_ERROR: 'bad_answer',
  OAUTH_WWW_AUTHENTICATE_CHALLENGE: 'unauthorized',
};

/** `invalid`: it answered, and what it answered is not to be believed. */
function troubleOf(error: unknown): Trouble {
  if (error instanceof oidc.ClientError || error instanceof oidc.WWWAuthenticateChallengeError)
    return troubles[error.code ?? ''] ?? (error.code === undefined ? 'unavailable' : 'invalid');
  return 'unavailable';
}

function fault(trouble: Trouble, doing: string, cause: unknown, vendorCode?: string): Fault {
  return new Fault(`idp.${trouble}`, `could not ${doing}`, {
    retryable: trouble !== 'unauthorized',
    cause,
    ...(vendorCode === undefined ? {} : { vendorCode }),
  });
}
