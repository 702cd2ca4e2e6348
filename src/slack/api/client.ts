import { WebClient } from '@slack/web-api';
import type { Logger } from 'pino';
import { metered } from '../../outbound/meter.ts';
import { boltLogger } from './bolt-logger.ts';
import { SLACK_TIMEOUT_MS, troubleOf } from './call.ts';

/** Slack's Web API as the bot; it neither repeats a call nor waits inside one. */
export function createSlackClient(
  { botToken, apiUrl }: { botToken: string; apiUrl: string },
  log: Logger,
): WebClient {
  return new MeteredClient(botToken, {
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
  override async apiCall(...given: Parameters<WebClient['apiCall']>): ReturnType<WebClient['apiCall']> {
    return await metered(
      'slack',
      () => super.apiCall(...given),
      () => 'ok',
      troubleOf,
    );
  }
}
