import { randomUUID } from 'node:crypto';
import type { World } from '../emulator.ts';
import { newId } from './ids.ts';
import type { LogEvent } from './records.ts';

/** Okta waits so long for an answer (okta-developer-docs, docs/concepts/event-hooks). */
const TIMEOUT_MS = 3_000;
const RETRY_AFTER_MS = 200;

export type EventHook = {
  id: string;
  name: string;
  uri: string;
  /** Header that authenticates us; its value is never shown again. */
  auth: { key: string; value: string } | null;
  eventTypes: string[];
  status: 'ACTIVE' | 'INACTIVE';
  isVerified: boolean;
  createdBy: string;
  created: string;
  lastUpdated: string;
};

export type HookSettings = {
  /** From an event to its delivery, in milliseconds; what happens meanwhile goes along in one POST. */
  latencyMs: number;
  /** Events in one POST, at most. */
  batch: number;
  /** How often each delivery is sent. */
  copies: number;
  /** The latest event leaves first. */
  reorder: boolean;
  /** Events that happen while it is set are never told. */
  lose: boolean;
  /** Deliveries wait until it is taken back. */
  paused: boolean;
};

type Waiting = { hookId: string; event: LogEvent; dueAt: number };
type Outcome = 'taken' | 'refused' | 'failed';
type Saved = { hooks: EventHook[]; settings: HookSettings; waiting: Waiting[]; lost: number };

/**
 * The organisation's event hooks: at least once and best effort, as Okta says of its own. A delivery that fails is
 * sent once more, and only after 5xx or no answer; then it is lost.
 */
export class EventHooks {
  hooks = new Map<string, EventHook>();
  settings: HookSettings = {
    latencyMs: 100,
    batch: 100,
    copies: 1,
    reorder: false,
    lose: false,
    paused: false,
  };
  /** Events that nobody took. */
  lost = 0;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #closing = new AbortController();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get pending(): number {
    return this.#waiting.length + this.#underWay;
  }

  configure(settings: Partial<HookSettings>): void {
    Object.assign(this.settings, settings);
    this.#world.changed();
    this.#pump();
  }

  recorded(event: LogEvent): void {
    if (this.settings.lose) return;
    for (const hook of this.hooks.values())
      if (isOn(hook) && hook.eventTypes.includes(event.eventType))
        this.#waiting.push({ hookId: hook.id, event, dueAt: Date.now() + this.settings.latencyMs });
    this.#pump();
  }

  create(given: Pick<EventHook, 'name' | 'uri' | 'auth' | 'eventTypes' | 'createdBy'>): EventHook {
    const now = new Date().toISOString();
    const hook: EventHook = {
      id: newId('who'),
      ...given,
      status: 'ACTIVE',
      isVerified: false,
      created: now,
      lastUpdated: now,
    };
    this.hooks.set(hook.id, hook);
    this.#world.changed();
    return hook;
  }

  /** The one-time verification: the challenge has to come back. */
  async verify(hook: EventHook): Promise<boolean> {
    const verification = randomUUID();
    const answer = await this.#ask(hook, { headers: { 'x-okta-verification-challenge': verification } })
      .then(
        (response) => response.json() as Promise<{ verification?: unknown }>,
        () => null,
      )
      .catch(() => null);
    hook.isVerified = answer?.verification === verification;
    hook.lastUpdated = new Date().toISOString();
    this.#world.changed();
    return hook.isVerified;
  }

  save(): Saved {
    return structuredClone({
      hooks: [...this.hooks.values()],
      settings: this.settings,
      waiting: this.#waiting,
      lost: this.lost,
    });
  }

  load(saved: unknown): void {
    const state = structuredClone(saved as Saved);
    this.hooks = new Map(state.hooks.map((hook) => [hook.id, hook]));
    this.settings = state.settings;
    this.#waiting = state.waiting;
    this.lost = state.lost;
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed || this.settings.paused || this.#waiting.length === 0) return;
    const now = Date.now();
    const due = this.#waiting.filter((w) => w.dueAt <= now);
    this.#waiting = this.#waiting.filter((w) => w.dueAt > now);
    for (const hookId of new Set(due.map((w) => w.hookId)))
      void this.#deliver(
        hookId,
        due.filter((w) => w.hookId === hookId).map((w) => w.event),
      );
    const nextAt = Math.min(...this.#waiting.map((w) => w.dueAt));
    if (nextAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, nextAt - now));
    this.#timer.unref();
  }

  async #deliver(hookId: string, events: LogEvent[]): Promise<void> {
    const { batch, copies, reorder } = this.settings;
    const ordered = reorder ? events.toReversed() : events;
    this.#underWay += events.length;
    for (let at = 0; at < ordered.length; at += batch) {
      const some = ordered.slice(at, at + batch);
      const body = this.#bodyOf(hookId, some);
      for (let copy = 0; copy < copies; copy += 1) await this.#sendTwice(hookId, body, some.length);
      this.#underWay -= some.length;
    }
    this.#world.changed();
  }

  async #sendTwice(hookId: string, body: string, events: number): Promise<void> {
    let outcome = await this.#send(hookId, body);
    if (outcome === 'failed' && !this.#isClosed) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
      outcome = await this.#send(hookId, body);
    }
    if (outcome !== 'taken') this.lost += events;
  }

  async #send(hookId: string, body: string): Promise<Outcome> {
    const hook = this.hooks.get(hookId);
    if (hook === undefined || this.#isClosed) return 'refused';
    try {
      const { status } = await this.#ask(hook, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (status >= 500) return 'failed';
      return status >= 400 ? 'refused' : 'taken';
    } catch {
      return 'failed';
    }
  }

  #ask({ uri, auth }: EventHook, init: { method?: string; headers: Record<string, string>; body?: string }) {
    return fetch(uri, {
      ...init,
      headers: { ...init.headers, ...(auth === null ? {} : { [auth.key]: auth.value }) },
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#closing.signal]),
    });
  }

  #bodyOf(hookId: string, events: LogEvent[]): string {
    return JSON.stringify({
      eventType: 'com.okta.event_hook',
      eventTypeVersion: '1.0',
      cloudEventsVersion: '0.1',
      source: `${this.#world.url()}/okta/api/v1/eventHooks/${hookId}`,
      eventId: randomUUID(),
      data: { events },
      eventTime: new Date().toISOString(),
      contentType: 'application/json',
    });
  }
}

function isOn(hook: EventHook): boolean {
  return hook.status === 'ACTIVE' && hook.isVerified;
}
