import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type Receiver, SocketModeReceiver } from '@slack/bolt';
import type { Logger } from 'pino';

/** Start-up waits this long for the connection; after that the rest of Latchkey starts without it. */
const CONNECT_WAIT_MS = 3_000;
/** Longest pause between two attempts to reach Slack. */
const RETRY_MAX_MS = 5_000;
/** Pause after an answer that the SDK does not try again by itself, such as a refused token. */
const REFUSED_WAIT_MS = 30_000;
const DISCONNECT_WAIT_MS = 2_000;

/** Socket Mode: the other way in, for installations that Slack can't reach. */
export function socketReceiver(appToken: string, slackApiUrl: string): Receiver {
  const retryConfig = { retries: 100, factor: 1.3, maxTimeout: RETRY_MAX_MS };
  return new SocketModeReceiver({
    appToken,
    installerOptions: { clientOptions: { slackApiUrl, retryConfig } },
  });
}

/**
 * Connects and stays connected. A Slack that is down or refuses keeps nothing else from starting: SCIM, ends and
 * deliveries go on, and the connection is tried until it holds. Answers what disconnects.
 */
export async function connectSocket(app: App, log: Logger): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  const connect = async () => {
    while (!stopping.signal.aborted)
      try {
        return void (await app.start());
      } catch (error) {
        log.error({ err: (error as Error).message }, 'Slack does not let us connect by Socket Mode');
        await sleep(REFUSED_WAIT_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
  };
  await Promise.race([connect(), sleep(CONNECT_WAIT_MS)]);
  return async () => {
    stopping.abort();
    // Between two connections the SDK has nothing to disconnect and would wait for ever.
    await Promise.race([app.stop(), sleep(DISCONNECT_WAIT_MS)]);
  };
}
