import { z } from 'zod';
import { Fault } from '../core/fault.ts';
import { type Answer, type Call, call } from '../outbound/call.ts';
import { type FetchedToken, TokenCache } from '../outbound/token-cache.ts';
import { type GivenSecret, secretOf, withSecret } from '../secrets/secret.ts';
import { retryAfterMsOf } from './throttle.ts';

export type SessionSettings = {
  /** Control plane, e.g. `https://anypoint.mulesoft.com` or `https://eu1.anypoint.mulesoft.com`. */
  url: string;
  /** A connected app that acts on its own behalf (client credentials). */
  clientId: string;
  clientSecret: GivenSecret;
  /** One HTTP call, in milliseconds. */
  timeoutMs: number;
};

/** What Anypoint's tokens last when the answer doesn't say. */
const TOKEN_LIFETIME_DEFAULT_SECONDS = 3_600;

const tokenSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive().default(TOKEN_LIFETIME_DEFAULT_SECONDS),
});

/** Authenticated calls to Anypoint: one token for all, and one meaning for every status that is not the caller's. */
export class Session {
  readonly #settings: SessionSettings;
  readonly #tokens: TokenCache;

  constructor(settings: SessionSettings) {
    this.#settings = { ...settings, url: settings.url.replace(/\/+$/, '') };
    this.#tokens = new TokenCache(() => this.#fetchToken(), { with: [secretOf(settings.clientSecret)] });
  }

  /**
   * Any 2xx, and the statuses that the caller asks to see. Throws `mulesoft.unauthorized`, `forbidden`,
   * `not_found`, `throttled` (429 and 503), `invalid` (other 4xx), `unavailable` (other 5xx), and what `call` throws.
   */
  async call(
    what: { method: Call['method']; path: string; query?: Record<string, string>; body?: unknown },
    expected: readonly number[] = [],
  ): Promise<Answer> {
    const token = await this.#tokens.get();
    const answer = await this.#send(what, token);
    if (answer.status !== 401) return accept(what, answer, expected);
    // A 401 means that nothing was done, so a write may be repeated with a fresh token; once.
    this.#tokens.refused(token);
    const again = await this.#send(what, await this.#tokens.get());
    return accept(what, again, expected);
  }

  #send(what: Parameters<Session['call']>[0], token: string): Promise<Answer> {
    const query = what.query === undefined ? '' : `?${new URLSearchParams(what.query)}`;
    return call('mulesoft', {
      method: what.method,
      url: `${this.#settings.url}${what.path}${query}`,
      headers: { authorization: `Bearer ${token}` },
      timeoutMs: this.#settings.timeoutMs,
      ...(what.body === undefined ? {} : { body: what.body }),
    });
  }

  async #fetchToken(): Promise<FetchedToken> {
    return await withSecret(secretOf(this.#settings.clientSecret), (secret) => this.#fetchTokenWith(secret));
  }

  async #fetchTokenWith(clientSecret: string): Promise<FetchedToken> {
    const path = '/accounts/api/v2/oauth2/token';
    const answer = await call('mulesoft', {
      method: 'POST',
      url: `${this.#settings.url}${path}`,
      body: {
        grant_type: 'client_credentials',
        client_id: this.#settings.clientId,
        client_secret: clientSecret,
      },
      timeoutMs: this.#settings.timeoutMs,
    }).catch((cause: unknown) => {
      // Asking for a token changes nothing: whoever waits for it has not written yet.
      if (cause instanceof Fault && cause.outcomeUnknown)
        throw new Fault(cause.code, cause.message, {
          retryable: cause.retryable,
          outcomeUnknown: false,
          cause,
        });
      throw cause;
    });
    if (answer.status === 400 || answer.status === 401)
      throw new Fault(
        'mulesoft.unauthorized',
        `Anypoint did not accept the connected app (${answer.status})`,
        {
          retryable: false,
          vendorCode: String(answer.status),
        },
      );
    // Not a write in its effects, whatever its method.
    accept({ method: 'GET', path }, answer, []);
    const { access_token, expires_in } = readAnswer(tokenSchema, answer, path);
    return { token: access_token, lifetimeSeconds: expires_in };
  }
}

/** The body in its published shape; throws `mulesoft.bad_answer`. */
export function readAnswer<T>(schema: z.ZodType<T>, answer: Answer, path: string): T {
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new Fault(
    'mulesoft.bad_answer',
    `${path}: the answer does not fit the published shape at "${where}"`,
    {
      retryable: true,
      cause: parsed.error,
    },
  );
}

function accept(
  what: { method: Call['method']; path: string },
  answer: Answer,
  expected: readonly number[],
): Answer {
  const { status } = answer;
  if ((status >= 200 && status < 300) || expected.includes(status)) return answer;
  const message = `${what.method} ${what.path}: Anypoint answered ${status}`;
  const vendorCode = String(status);
  switch (status) {
    case 401:
      throw new Fault('mulesoft.unauthorized', message, { retryable: false, vendorCode });
    case 403:
      throw new Fault('mulesoft.forbidden', message, { retryable: false, vendorCode });
    case 404:
      throw new Fault('mulesoft.not_found', message, { retryable: false, vendorCode });
    case 429:
    case 503:
      throw new Fault('mulesoft.throttled', message, {
        retryable: true,
        retryAfterMs: retryAfterMsOf(answer.headers),
        vendorCode,
      });
  }
  if (status >= 500)
    throw new Fault('mulesoft.unavailable', message, {
      retryable: true,
      outcomeUnknown: what.method !== 'GET',
      vendorCode,
    });
  throw new Fault('mulesoft.invalid', message, { retryable: false, vendorCode });
}
