import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Happening } from './tenant.ts';
import { entraApp } from './token.ts';

export type Subscription = {
  id: string;
  resource: string;
  changeType: string;
  notificationUrl: string;
  lifecycleNotificationUrl: string | null;
  clientState: string | null;
  expiresAt: number;
};

export type LifecycleEvent = 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed';

/** One POST as the sender saw it. */
export type Delivery = { url: string; status: number | null; tookMs: number; notifications: number };

/** Graph waits this long for a 2xx (change-notifications-delivery-webhooks). */
const ANSWER_WITHIN_MS = 3_000;
const VALIDATED_WITHIN_MS = 10_000;
const RETRIED_FOR_MS = 4 * 3_600_000;
/** Notifications in quick succession go out in one POST, for all subscriptions with the same address. */
const BATCH_MS = 50;
/** Of the last hundred answers; an endpoint above it is delivered to late, one far above it not at all. */
const SLOW_SHARE_THROTTLED = 0.1;
const SLOW_SHARE_DROPPED = 0.15;
const JUDGED_FROM = 20;
const THROTTLED_BY_MS = 10_000;

/** Validates endpoints, and sends change and lifecycle notifications with Graph's patience and repeats. */
export class Notifier {
  /**
   * Taken by each notification. `ids` and `delta`: whether it carries an id of its own, and who was moved. `lose`: it is
   * never sent. `paused`: it waits until this is over.
   */
  settings = { firstRetryMs: 500, copies: 1, ids: true, delta: true, lose: false, paused: false };
  readonly deliveries: Delivery[] = [];
  readonly #waiting = new Map<string, unknown[]>();
  readonly #ending = new AbortController();
  readonly #sending = new Set<Promise<void>>();

  /** Whether the endpoint echoes a token within 10 s. */
  async validate(url: string): Promise<boolean> {
    const token = `Validation: Testing client application reachability for subscription Request-Id: ${randomUUID()}`;
    const target = new URL(url);
    target.searchParams.set('validationToken', token);
    try {
      const response = await fetch(target, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(VALIDATED_WITHIN_MS)]),
      });
      const isText = response.headers.get('content-type')?.startsWith('text/plain') === true;
      return response.status === 200 && isText && (await response.text()) === token;
    } catch {
      return false;
    }
  }

  change(subscription: Subscription, happening: Happening): void {
    const { delta, ids, copies, lose } = this.settings;
    if (lose) return;
    const isUser = happening.of === 'user';
    const about = isUser ? `Users/${happening.id}` : `Groups/${happening.id}`;
    const notification = {
      ...(ids ? { id: randomUUID() } : {}),
      subscriptionId: subscription.id,
      subscriptionExpirationDateTime: new Date(subscription.expiresAt).toISOString(),
      clientState: subscription.clientState,
      changeType: happening.changeType,
      resource: about,
      tenantId: entraApp.tenantId,
      resourceData: {
        '@odata.type': isUser ? '#Microsoft.Graph.User' : '#Microsoft.Graph.Group',
        '@odata.id': about,
        id: happening.id,
        organizationId: entraApp.tenantId,
        ...(isUser || !delta
          ? {}
          : {
              'members@delta': [
                { id: happening.memberId, ...(happening.isRemoved ? { '@removed': 'deleted' } : {}) },
              ],
            }),
      },
    };
    for (let n = 0; n < copies; n += 1) this.#enqueue(subscription.notificationUrl, notification);
  }

  lifecycle(subscription: Subscription, event: LifecycleEvent): void {
    if (subscription.lifecycleNotificationUrl === null) return;
    this.#enqueue(subscription.lifecycleNotificationUrl, {
      lifecycleEvent: event,
      subscriptionId: subscription.id,
      subscriptionExpirationDateTime: new Date(subscription.expiresAt).toISOString(),
      clientState: subscription.clientState,
      tenantId: entraApp.tenantId,
    });
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#sending);
  }

  #enqueue(url: string, notification: unknown): void {
    const waiting = this.#waiting.get(url);
    if (waiting !== undefined) {
      waiting.push(notification);
      return;
    }
    this.#waiting.set(url, [notification]);
    const sending = this.#send(url)
      .catch(() => {})
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async #send(url: string): Promise<void> {
    const { signal } = this.#ending;
    do await sleep(BATCH_MS, undefined, { signal });
    while (this.settings.paused);
    const value = this.#waiting.get(url) ?? [];
    this.#waiting.delete(url);
    const until = Date.now() + RETRIED_FOR_MS;
    for (let waitMs = this.settings.firstRetryMs; Date.now() < until; waitMs *= 2) {
      const slow = this.#slowShare(url);
      if (slow > SLOW_SHARE_DROPPED) return;
      if (slow > SLOW_SHARE_THROTTLED) await sleep(THROTTLED_BY_MS, undefined, { signal });
      if (await this.#post(url, value)) return;
      await sleep(waitMs, undefined, { signal });
    }
  }

  async #post(url: string, value: unknown[]): Promise<boolean> {
    const startedAt = performance.now();
    let status: number | null = null;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify({ value }),
        signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      status = response.status;
      await response.arrayBuffer();
    } catch {
      this.#ending.signal.throwIfAborted();
    }
    const tookMs = performance.now() - startedAt;
    this.deliveries.push({ url, status, tookMs, notifications: value.length });
    return status !== null && status >= 200 && status < 300;
  }

  #slowShare(url: string): number {
    const last = this.deliveries.filter((one) => one.url === url).slice(-100);
    if (last.length < JUDGED_FROM) return 0;
    return last.filter((one) => one.tookMs > ANSWER_WITHIN_MS - 100).length / last.length;
  }
}
