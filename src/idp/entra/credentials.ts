import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { Fault } from '../../core/fault.ts';
import { type Answer, call } from '../../outbound/call.ts';
import { type FetchedToken, TokenCache } from '../../outbound/token-cache.ts';
import { type GivenSecret, secretOf, withSecret } from '../../secrets/secret.ts';
import { graphFault, withKnownOutcome } from './faults.ts';
import { readWorkloadToken } from './workload-token.ts';

/** One of the three ways in which an app registration shows who it is. */
export type EntraAuth =
  | { secret: GivenSecret }
  /**
   * PEM texts; the certificate is one that the app registration has. Its key may be in the same text, so that both
   * change at once.
   */
  | { certificate: GivenSecret; privateKey?: GivenSecret }
  /** A file with a token of another issuer, which a workload's platform keeps fresh (workload identity). */
  | { federatedTokenFile: string };

export type EntraLogin = {
  tenantId: string;
  clientId: string;
  auth: EntraAuth;
  /** Of Graph, e.g. `https://graph.microsoft.com`; national clouds have their own. */
  url: string;
  /** E.g. `https://login.microsoftonline.com`. */
  loginUrl: string;
};

/**
 * Tokens for Graph by client credentials (msal-node), one for all calls. Faults `idp.*`: a secret, certificate or token
 * that Entra refuses is `idp.unauthorized`, whatever status it refuses with.
 *
 * @throws config.invalid when the certificate or its key is none, or they do not belong together
 */
export function createEntraTokens(login: EntraLogin, timeoutMs: number): TokenCache {
  const { auth } = login;
  const ask = (credential: Credential) => fetchToken(login, credential, timeoutMs);
  if ('secret' in auth) {
    const secret = secretOf(auth.secret);
    return new TokenCache(() => withSecret(secret, (clientSecret) => ask({ clientSecret })), {
      with: [secret],
    });
  }
  if ('federatedTokenFile' in auth)
    return new TokenCache(
      async () => await ask({ clientAssertion: await readWorkloadToken(auth.federatedTokenFile) }),
    );
  const certificate = secretOf(auth.certificate);
  const key = secretOf(auth.privateKey ?? auth.certificate);
  // One of the two may be newer than the other: a start in the middle of a rotation finds the pair before.
  const isAnyPair = certificate.fits((pem) => key.fits((text) => isPair(pem, text)));
  if (!isAnyPair) readCertificate(certificate.current(), key.current());
  const fetch = () =>
    withSecret(certificate, async (pem) => {
      // They are stored one after the other: the key may be newer or older than the certificate.
      if (auth.privateKey !== undefined && !isPair(pem, key.current())) await key.refused(key.current());
      if (!isPair(pem, key.current())) throw notAPair();
      return await ask({ clientCertificate: readCertificate(pem, key.current()) });
    });
  return new TokenCache(fetch, { with: [certificate, key] });
}

/** Made anew for each token, which is once an hour: so what changed meanwhile is what is used. */
async function fetchToken(
  login: EntraLogin,
  credential: Credential,
  timeoutMs: number,
): Promise<FetchedToken> {
  const network = new LoginEndpoint(login, timeoutMs);
  // Loaded where Entra is used: it takes longer to load than the rest of Latchkey together.
  const msal = await import('@azure/msal-node');
  const app = new msal.ConfidentialClientApplication({
    auth: {
      clientId: login.clientId,
      authority: `${network.origin}/${encodeURIComponent(login.tenantId)}`,
      knownAuthorities: [new URL(network.origin).host],
      // Given, so that it is not asked for: what we need of it never differs.
      authorityMetadata: JSON.stringify(network.metadata(login.tenantId)),
      cloudDiscoveryMetadata: JSON.stringify({ tenant_discovery_endpoint: '', metadata: [] }),
      ...credential,
    },
    // Whoever calls repeats, when it is worth it.
    system: { networkClient: network, disableInternalRetries: true },
  });
  const askedAtMs = Date.now();
  try {
    const result = await app.acquireTokenByClientCredential({
      scopes: [`${login.url}/.default`],
      skipCache: true,
    });
    if (result?.expiresOn == null || result.accessToken === '') throw new Error('no token came');
    return {
      token: result.accessToken,
      lifetimeSeconds: Math.max(1, (result.expiresOn.getTime() - askedAtMs) / 1_000),
    };
  } catch (cause) {
    if (network.fault !== null) throw network.fault;
    throw new Fault('idp.bad_answer', 'Graph, token: the answer is no token', {
      retryable: false,
      // The library's own error may quote what was sent.
      cause: cause instanceof Error ? cause.name : undefined,
    });
  }
}

type Credential =
  | { clientSecret: string }
  | { clientCertificate: { thumbprintSha256: string; privateKey: string } }
  | { clientAssertion: string };

function isPair(certificate: string, privateKey: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    return false;
  }
}

/** So that the certificate before is tried, too. */
function notAPair(): Fault {
  return new Fault(
    'idp.unauthorized',
    'Graph, token: the certificate and its private key do not belong together',
    { retryable: false, vendorCode: 'not_a_pair' },
  );
}

/** With the certificate's SHA-256 thumbprint, in hex. @throws config.invalid */
function readCertificate(certificate: string, privateKey: string) {
  if (!isPair(certificate, privateKey))
    // Nothing of what was given is told on: it may be the key.
    throw new Fault(
      'config.invalid',
      'Entra: ENTRA_CERTIFICATE is not a certificate as PEM with the private key that belongs to it, which stands in it too or in ENTRA_PRIVATE_KEY; a file of either is named as file:///…',
      { retryable: false },
    );
  return {
    thumbprintSha256: new X509Certificate(certificate).fingerprint256.replaceAll(':', ''),
    privateKey,
  };
}

/**
 * Carries what msal-node sends, and keeps what went wrong. The library takes no authority without TLS. An emulator on
 * this machine has none, so its address is put in here.
 */
class LoginEndpoint implements INetworkModule {
  readonly origin: string;
  fault: Fault | null = null;
  readonly #loginUrl: string;
  readonly #timeoutMs: number;

  constructor({ loginUrl }: EntraLogin, timeoutMs: number) {
    this.#loginUrl = loginUrl.replace(/\/+$/, '');
    this.origin = `https://${new URL(loginUrl).host}`;
    this.#timeoutMs = timeoutMs;
  }

  metadata(tenantId: string) {
    const tenant = `${this.origin}/${encodeURIComponent(tenantId)}`;
    return {
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      issuer: `${tenant}/v2.0`,
      jwks_uri: `${tenant}/discovery/v2.0/keys`,
    };
  }

  sendGetRequestAsync<T>(): Promise<NetworkResponse<T>> {
    return Promise.reject(new Error('nothing is to be asked but for a token'));
  }

  async sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    const { pathname } = new URL(url);
    try {
      const answer = await call('idp', {
        system: 'graph',
        method: 'POST',
        url: `${this.#loginUrl}${pathname}`,
        body: new URLSearchParams(options?.body ?? ''),
        timeoutMs: this.#timeoutMs,
      });
      if (answer.status !== 200) throw refusedToken(answer);
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: answer.body as T,
      };
    } catch (error) {
      // Asking for a token changes nothing.
      if (error instanceof Fault) this.fault = withKnownOutcome(error);
      throw error;
    }
  }
}

/** A wrong secret is 401; an unknown tenant or app, or a secret that is none, is 400. */
function refusedToken(answer: Answer): Fault {
  const fault = graphFault(answer, 'GET', 'token');
  if (answer.status !== 400) return fault;
  return new Fault('idp.unauthorized', fault.message, {
    retryable: false,
    ...(fault.vendorCode === undefined ? {} : { vendorCode: fault.vendorCode }),
  });
}
