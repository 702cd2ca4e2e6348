/**
 * Brings commands, interactions and events to Latchkey. It uses an open Socket Mode connection if there is one, else
 * signed HTTP to `/slack/events`. An answer counts within three seconds only.
 */
import { createHmac } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import type { World } from '../emulator.ts';
import { credentials } from '../seed.ts';
import type { SocketMode } from './socket-mode.ts';

/** [docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response] */
export const ACK_LIMIT_MS = 3_000;
/** [docs.slack.dev/apis/events-api#retries] "immediately, after 1 minute, after 5 minutes" */
const EVENT_RETRY_DELAYS_MS = [0, 60_000, 300_000];

export type EnvelopeType = 'slash_commands' | 'interactive' | 'events_api';

export type Delivery = {
  /** Latchkey answered 2xx (or acknowledged the envelope) in time. */
  acked: boolean;
  timedOut: boolean;
  /** Milliseconds from sending to the answer, or to giving up. */
  ackMs: number;
  status: number | null;
  /** The answer's body: parsed if it is JSON, else as text; null if empty. */
  body: unknown;
  /** Why it was not acked: `timeout`, `unreachable`, `http_<status>`. */
  error?: string;
};

export type HttpAnswer = { status: number; body: string; headers: Record<string, unknown> };

function parsed(body: string): unknown {
  if (body === '') return null;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** The signature of a body [docs.slack.dev/authentication/verifying-requests-from-slack]. */
export function signatureOf(
  timestamp: string,
  body: string,
  secret: string = credentials.slackSigningSecret,
): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

export class DeliveryToLatchkey {
  /** Delays before the first, second and third repetition of an event, in milliseconds. */
  eventRetryDelaysMs: readonly number[] = EVENT_RETRY_DELAYS_MS;
  #world: World;
  #sockets: SocketMode;
  #agent = new Agent({ keepAlive: true });
  #retries = new Set<NodeJS.Timeout>();

  constructor(world: World, sockets: SocketMode) {
    this.#world = world;
    this.#sockets = sockets;
  }

  command(fields: Record<string, string>): Promise<Delivery> {
    return this.#deliver('slash_commands', fields, new URLSearchParams(fields).toString());
  }

  interaction(payload: Record<string, unknown>): Promise<Delivery> {
    const form = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    return this.#deliver('interactive', payload, form);
  }

  /** Tells the first attempt's outcome; repetitions follow by themselves, with the same `event_id`. */
  async event(payload: Record<string, unknown>): Promise<Delivery> {
    const first = await this.#attempt(payload, 0, null);
    if (!first.delivery.acked && !first.isFinal) this.#retryLater(payload, 1, first.delivery);
    return first.delivery;
  }

  /**
   * Sends any body at all, signed correctly unless told otherwise.
   * Throws if Latchkey can't be reached or gives no answer within the limit.
   */
  async raw(what: {
    body: string;
    timestamp?: string;
    signature?: string;
    contentType?: string;
  }): Promise<HttpAnswer> {
    const timestamp = what.timestamp ?? String(Math.floor(Date.now() / 1_000));
    const signature =
      what.signature ?? signatureOf(timestamp, what.body, this.#world.keys.slackSigningSecret);
    return this.#post(what.body, {
      'content-type': what.contentType ?? 'application/x-www-form-urlencoded',
      ...(timestamp === '' ? {} : { 'x-slack-request-timestamp': timestamp }),
      ...(signature === '' ? {} : { 'x-slack-signature': signature }),
    });
  }

  close(): void {
    for (const timer of this.#retries) clearTimeout(timer);
    this.#retries.clear();
    this.#agent.destroy();
  }

  #retryLater(payload: Record<string, unknown>, attempt: number, last: Delivery): void {
    const delayMs = this.eventRetryDelaysMs[attempt - 1];
    if (delayMs === undefined) return;
    const timer = setTimeout(async () => {
      this.#retries.delete(timer);
      const reason =
        last.error === 'timeout'
          ? 'http_timeout'
          : last.error === 'unreachable'
            ? 'connection_failed'
            : 'http_error';
      const { delivery, isFinal } = await this.#attempt(payload, attempt, reason);
      if (!delivery.acked && !isFinal) this.#retryLater(payload, attempt + 1, delivery);
    }, delayMs);
    timer.unref();
    this.#retries.add(timer);
  }

  async #attempt(
    payload: Record<string, unknown>,
    attempt: number,
    reason: string | null,
  ): Promise<{ delivery: Delivery; isFinal: boolean }> {
    if (this.#sockets.isConnected) {
      return {
        delivery: await this.#sockets.send('events_api', payload, attempt, reason),
        isFinal: false,
      };
    }
    const retryHeaders =
      attempt === 0 ? {} : { 'x-slack-retry-num': String(attempt), 'x-slack-retry-reason': reason ?? '' };
    let isFinal = false;
    const delivery = await this.#timed(async () => {
      const answer = await this.#signedPost(JSON.stringify(payload), 'application/json', retryHeaders);
      isFinal = answer.headers['x-slack-no-retry'] === '1';
      return answer;
    });
    return { delivery, isFinal };
  }

  async #deliver(type: EnvelopeType, payload: Record<string, unknown>, form: string): Promise<Delivery> {
    if (this.#sockets.isConnected) return this.#sockets.send(type, payload, 0, null);
    return this.#timed(() => this.#signedPost(form, 'application/x-www-form-urlencoded', {}));
  }

  async #timed(post: () => Promise<HttpAnswer>): Promise<Delivery> {
    const startedAt = performance.now();
    const elapsedMs = () => Math.round((performance.now() - startedAt) * 10) / 10;
    try {
      const { status, body } = await post();
      const acked = status >= 200 && status < 300;
      return {
        acked,
        timedOut: false,
        ackMs: elapsedMs(),
        status,
        body: parsed(body),
        ...(acked ? {} : { error: `http_${status}` }),
      };
    } catch (error) {
      const timedOut = error instanceof NoAnswerInTime;
      return {
        acked: false,
        timedOut,
        ackMs: elapsedMs(),
        status: null,
        body: null,
        error: timedOut ? 'timeout' : 'unreachable',
      };
    }
  }

  #signedPost(body: string, contentType: string, headers: Record<string, string>): Promise<HttpAnswer> {
    const timestamp = String(Math.floor(Date.now() / 1_000));
    return this.#post(body, {
      'content-type': contentType,
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signatureOf(timestamp, body, this.#world.keys.slackSigningSecret),
      ...headers,
    });
  }

  #post(body: string, headers: Record<string, string>): Promise<HttpAnswer> {
    const latchkey = this.#world.latchkey();
    if (latchkey === null) return Promise.reject(new Error('Latchkey is not installed in this workspace'));
    const url = new URL('/slack/events', latchkey.url);
    return new Promise((resolve, reject) => {
      const send = (isRepeat: boolean) => {
        const outgoing = httpRequest(
          url,
          {
            method: 'POST',
            agent: this.#agent,
            headers: {
              ...headers,
              'content-length': String(Buffer.byteLength(body)),
              'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
            },
          },
          (incoming) => {
            const chunks: Buffer[] = [];
            incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
            incoming.on('error', reject);
            incoming.on('end', () => {
              clearTimeout(timer);
              resolve({
                status: incoming.statusCode ?? 0,
                body: Buffer.concat(chunks).toString(),
                headers: incoming.headers,
              });
            });
          },
        );
        const timer = setTimeout(() => outgoing.destroy(new NoAnswerInTime()), ACK_LIMIT_MS);
        outgoing.on('error', (error: NodeJS.ErrnoException) => {
          clearTimeout(timer);
          // A kept-alive connection that the other side closed just now: nothing was received, send again.
          if (outgoing.reusedSocket && error.code === 'ECONNRESET' && !isRepeat) send(true);
          else reject(error);
        });
        outgoing.end(body);
      };
      send(false);
    });
  }
}

class NoAnswerInTime extends Error {
  constructor() {
    super(`no answer within ${ACK_LIMIT_MS} ms`);
    this.name = 'NoAnswerInTime';
  }
}
