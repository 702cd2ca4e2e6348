import { WebClient } from '@slack/web-api';
import type { Logger } from 'pino';
import { boltLogger } from './bolt-logger.ts';
import { SLACK_TIMEOUT_MS } from './call.ts';

/** Slack's Web API as the bot; it neither repeats a call nor waits inside one. */
export function createSlackClient(
  { botToken, apiUrl }: { botToken: string; apiUrl: string },
  log: Logger,
): WebClient {
  return new WebClient(botToken, {
    slackApiUrl: apiUrl,
    timeout: SLACK_TIMEOUT_MS,
    logger: boltLogger(log),
    // The outbox owns retries and waits; the client must neither repeat a post nor sleep inside a call.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
}
