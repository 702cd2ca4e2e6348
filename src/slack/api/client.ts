import { WebClient, type WebClientOptions } from '@slack/web-api';
import type { Logger } from 'pino';
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

/** Sends each call with the token of the moment; the SDK keeps the one that it was made with. */
export function authorizedFetch(secret: Secret): NonNullable<WebClientOptions['fetch']> {
  return (url, init) => {
    const headers = new Headers(init?.headers as ConstructorParameters<typeof Headers>[0]);
    headers.set('authorization', `Bearer ${secret.current()}`);
    return fetch(url as string, { ...(init as RequestInit), headers }) as never;
  };
}
