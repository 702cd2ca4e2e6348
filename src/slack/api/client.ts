import { WebClient, type WebClientOptions } from '@slack/web-api';
import type { Logger } from 'pino';
import { exchange, type Received, textOf } from '../../outbound/http.ts';
import { metered } from '../../outbound/meter.ts';
import { type GivenSecret, type Secret, secretOf, withSecret } from '../../secrets/secret.ts';
import { boltLogger } from './bolt-logger.ts';
import { SLACK_TIMEOUT_MS, troubleOf } from './call.ts';

/** Slack's Web API as the bot; it neither repeats a call nor waits inside one. */
export function createSlackClient(
  { botToken, apiUrl }: { botToken: GivenSecret; apiUrl: string },
  log: Logger,
): WebClient {
  return new MeteredClient(secretOf(botToken), {
    slackApiUrl: apiUrl,
    timeout: SLACK_TIMEOUT_MS,
    logger: boltLogger(log),
    // The outbox owns retries and waits; the client must neither repeat a post nor sleep inside a call.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
}

/** Every method of the Web API goes through here. */
class MeteredClient extends WebClient {
  readonly #secret: Secret;

  constructor(secret: Secret, options: WebClientOptions) {
    super(secret.current(), { ...options, fetch: authorizedFetch(secret) });
    this.#secret = secret;
    // Whoever asks for the client's token is given the one of the moment.
    Object.defineProperty(this, 'token', { get: () => secret.current() });
  }

  override async apiCall(...given: Parameters<WebClient['apiCall']>): ReturnType<WebClient['apiCall']> {
    return await metered(
      'slack',
      () =>
        withSecret(
          this.#secret,
          () => super.apiCall(...given),
          (error) => troubleOf(error) === 'unauthorized',
        ),
      () => 'ok',
      troubleOf,
    );
  }
}

type Fetch = NonNullable<WebClientOptions['fetch']>;

/** Sends each call with the token of the moment; the SDK keeps the one that it was made with. */
export function authorizedFetch(secret: Secret): Fetch {
  return async (url, init) => {
    const given = Object.entries(init?.headers ?? {}).filter(
      ([name]) => name.toLowerCase() !== 'authorization',
    );
    const headers = { ...Object.fromEntries(given), authorization: `Bearer ${secret.current()}` };
    const { body, signal, redirect } = init ?? {};
    // A file goes as a form of parts.
    if (typeof body !== 'string') return await fetch(url, { ...(init as RequestInit), headers });
    const answer = await exchange(String(url), {
      method: 'POST',
      headers,
      body,
      ...(signal == null ? {} : { signal }),
      redirect: redirect === 'manual' ? 'manual' : 'error',
    });
    return responseOf(answer, String(url));
  };
}

/** What the SDK reads of a response. */
function responseOf({ status, headers, body }: Received, url: string): Awaited<ReturnType<Fetch>> {
  return {
    status,
    statusText: '',
    ok: status >= 200 && status < 300,
    headers,
    url,
    text: async () => textOf(body),
    json: async () => JSON.parse(textOf(body)),
    arrayBuffer: async () =>
      body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer,
  };
}
