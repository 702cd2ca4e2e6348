import { setTimeout as sleep } from 'node:timers/promises';
import { type App, SocketModeReceiver } from '@slack/bolt';
import type { Logger } from 'pino';
import { type GivenSecret, secretOf } from '../../secrets/secret.ts';
import { boltLogger } from '../api/bolt-logger.ts';
import { troubleOf } from '../api/call.ts';
import { authorizedFetch } from '../api/client.ts';

/** Start-up waits this long for the connection; after that the rest of Latchkey starts without it. */
const CONNECT_WAIT_MS = 3_000;
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 10_000;
const DISCONNECT_WAIT_MS = 2_000;
/** Slack ends each connection after some hours, and a new one takes seconds. */
const RENEWED_WITHIN_MS = 10_000;

/**
 * Socket Mode: the other way in, for installations that Slack can't reach. The SDK's own reconnecting is off: it
 * waits five seconds each time, and an attempt that Slack refuses then ends the process.
 */
export function socketReceiver(appToken: GivenSecret, slackApiUrl: string, log: Logger): SocketModeReceiver {
  const secret = secretOf(appToken);
  const logger = boltLogger(log);
  return new SocketModeReceiver({
    appToken: secret.current(),
    logger,
    autoReconnectEnabled: false,
    installerOptions: {
      clientOptions: { slackApiUrl, retryConfig: { retries: 0 }, fetch: authorizedFetch(secret) },
    },
  });
}

export type Socket = {
  stop(): Promise<void>;
  /** Why no request can arrive just now, and what to do next; null: the connection holds. */
  trouble(): string | null;
};

/**
 * Connects and stays connected. A Slack that is down or refuses keeps nothing else from starting. SCIM, ends and
 * deliveries go on. The connection is tried until it holds.
 */
export async function connectSocket(
  app: App,
  { client }: SocketModeReceiver,
  appToken: GivenSecret,
  log: Logger,
): Promise<Socket> {
  const secret = secretOf(appToken);
  /** By the clock of `performance.now()`; null: it holds. */
  let shutSince: number | null = Number.NEGATIVE_INFINITY;
  const stopping = new AbortController();
  const connected = Promise.withResolvers<void>();
  const stay = async () => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const lost = new Promise<void>((resolve) => client.once('disconnected', () => resolve()));
      const token = secret.current();
      try {
        await app.start();
        failures = 0;
        shutSince = null;
        connected.resolve();
        await lost;
        shutSince = performance.now();
      } catch (error) {
        // With another token there is no reason to wait.
        if (troubleOf(error) === 'unauthorized' && (await secret.refused(token))) continue;
        const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures);
        failures += 1;
        log.warn({ err: (error as Error | undefined)?.message, waitMs }, 'Slack’s socket can’t be opened');
        await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  };
  void stay();
  await Promise.race([connected.promise, sleep(CONNECT_WAIT_MS)]);
  return {
    async stop() {
      stopping.abort();
      // Between two connections there is nothing to disconnect, and the SDK would wait for ever.
      await Promise.race([app.stop(), sleep(DISCONNECT_WAIT_MS)]);
    },
    trouble: () =>
      shutSince === null || performance.now() - shutSince < RENEWED_WITHIN_MS
        ? null
        : 'Slack’s socket can’t be opened: see that Socket Mode is on, and that SLACK_APP_TOKEN is an app-level token with connections:write',
  };
}
