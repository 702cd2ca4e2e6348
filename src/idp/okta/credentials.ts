import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { Fault } from '../../core/fault.ts';
import { type Answer, call } from '../../outbound/call.ts';
import { type FetchedToken, TokenCache, withAMinuteLeft } from '../../outbound/token-cache.ts';
import { type GivenSecret, type Secret, secretOf, withSecret } from '../../secrets/secret.ts';
import { faultOf, parseAnswer, tokenSchema } from './answers.ts';

/** An API token (SSWS), or a service app that signs its way in; Okta takes no client secret for its own API. */
export type OktaAuth = { token: GivenSecret } | { clientId: string; privateKey: GivenSecret };

/** The scopes that the connector asks for. Each must be granted to the service app in Okta's console. */
export const contextScopes = ['okta.groups.manage', 'okta.users.read'] as const;
/** Asked for in a token of its own: Okta gives no token at all where one scope of several is not granted. */
export const logScopes = ['okta.logs.read'] as const;
/** Of `latchkey check` alone. */
export const hookScopes = ['okta.eventHooks.read'] as const;

/** Well below the hour that Okta allows an assertion to live. */
const ASSERTION_TTL_SECONDS = 300;

export type Credentials = {
  /** The Authorization header's value. @throws idp.* faults of the token endpoint */
  header(): Promise<string>;
  /**
   * Told that Okta refused this header, as the so many-th in one call. True when asking `header()` again may give a
   * better one.
   */
  refused(header: string, times: number): Promise<boolean>;
};

/** @throws config.invalid when the private key is no key */
export function createCredentials(
  orgUrl: string,
  auth: OktaAuth,
  timeoutMs: number,
  scopes: readonly string[],
): Credentials {
  if ('token' in auth) {
    const token = secretOf(auth.token);
    return {
      header: async () => `SSWS ${token.current()}`,
      refused: (header) => token.refused(header.slice('SSWS '.length)),
    };
  }
  return new ServiceApp(orgUrl, auth, scopes, timeoutMs);
}

/**
 * `private_key_jwt` (OpenID Connect Core section 9) against the org authorization server, one token shared by all
 * calls.
 */
class ServiceApp implements Credentials {
  readonly #tokenUrl: string;
  readonly #clientId: string;
  readonly #privateKey: Secret;
  #key: { text: string; key: SigningKey };
  readonly #scope: string;
  readonly #timeoutMs: number;
  readonly #tokens: TokenCache;

  constructor(
    orgUrl: string,
    { clientId, privateKey }: Exclude<OktaAuth, { token: GivenSecret }>,
    scopes: readonly string[],
    timeoutMs: number,
  ) {
    this.#tokenUrl = `${orgUrl}/oauth2/v1/token`;
    this.#clientId = clientId;
    this.#privateKey = secretOf(privateKey);
    const text = this.#privateKey.current();
    this.#key = { text, key: readKey(text) };
    this.#scope = scopes.join(' ');
    this.#timeoutMs = timeoutMs;
    this.#tokens = new TokenCache(() => this.#fetch(), {
      usedForMs: withAMinuteLeft,
      with: [this.#privateKey],
    });
  }

  async header(): Promise<string> {
    return `Bearer ${await this.#tokens.get()}`;
  }

  /** A token that was fetched just now is not at fault: another would be refused too. */
  async refused(header: string, times: number): Promise<boolean> {
    this.#tokens.refused(header.slice('Bearer '.length));
    return times === 1;
  }

  async #fetch(): Promise<FetchedToken> {
    const answer = await withSecret(
      this.#privateKey,
      async (text) => await this.#ask(await this.#assertion(text)),
    );
    const { access_token, expires_in } = parseAnswer(tokenSchema, answer, 'token');
    return { token: access_token, lifetimeSeconds: expires_in };
  }

  async #ask(assertion: string): Promise<Answer> {
    const request = {
      // Asking for a token changes nothing at Okta, so no outcome of it is ever "unknown".
      method: 'GET',
      what: 'token',
    } as const;
    try {
      const answer = await call('idp', {
        system: 'okta',
        method: 'POST',
        url: this.#tokenUrl,
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          scope: this.#scope,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        }),
        timeoutMs: this.#timeoutMs,
      });
      if (answer.status !== 200) throw faultOf(answer, request, request.what);
      return answer;
    } catch (error) {
      if (!(error instanceof Fault) || !error.outcomeUnknown) throw error;
      throw new Fault(error.code, error.message, { retryable: error.retryable, cause: error });
    }
  }

  #assertion(privateKey: string): Promise<string> {
    if (this.#key.text !== privateKey) this.#key = { text: privateKey, key: readKey(privateKey) };
    const { key, algorithm, keyId } = this.#key.key;
    return new SignJWT()
      .setProtectedHeader({ alg: algorithm, ...(keyId === null ? {} : { kid: keyId }) })
      .setIssuer(this.#clientId)
      .setSubject(this.#clientId)
      .setAudience(this.#tokenUrl)
      .setIssuedAt()
      .setExpirationTime(`${ASSERTION_TTL_SECONDS}s`)
      .setJti(randomUUID())
      .sign(key);
  }
}

type SigningKey = { key: KeyObject; algorithm: string; keyId: string | null };

const jwkSchema = z.looseObject({ kty: z.string(), kid: z.string().optional() });

/** By the curve's OpenSSL name (RFC 7518 section 3.4). */
const curveAlgorithms: Record<string, string> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** @throws config.invalid */
export function readKey(text: string): SigningKey {
  try {
    if (!text.trimStart().startsWith('{')) {
      const key = createPrivateKey(text);
      return { key, algorithm: algorithmOf(key), keyId: null };
    }
    const jwk = jwkSchema.parse(JSON.parse(text));
    const key = createPrivateKey({ key: jwk, format: 'jwk' });
    return { key, algorithm: algorithmOf(key), keyId: jwk.kid ?? null };
  } catch (cause) {
    throw new Fault(
      'config.invalid',
      "Okta: the service app's private key is not a PEM or JWK private key (RSA, or EC on P-256, P-384 or P-521)",
      // The cause may quote the key.
      { retryable: false, cause: cause instanceof Error ? cause.name : undefined },
    );
  }
}

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const algorithm = curveAlgorithms[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (algorithm === undefined) throw new TypeError('unsupported key type');
  return algorithm;
}
