import { randomUUID } from 'node:crypto';
import type { RecordedType } from './org.ts';
import type { LogActor, LogEvent, LogTarget } from './records.ts';

/** Events kept; older ones fall off, as Okta's do after 90 days. */
const KEPT = 10_000;

/** An event, and when it can be read: Okta writes its log some time after things happened. */
export type Logged = { event: LogEvent; persistedAt: number };

type Saved = { entries: Logged[]; lagMs: number };

/** What happened in the organisation. */
export class SystemLog {
  /** From the happening to its being readable, in milliseconds. */
  lagMs = 0;
  #entries: Logged[] = [];
  readonly #recorded: (event: LogEvent) => void;

  constructor(recorded: (event: LogEvent) => void) {
    this.#recorded = recorded;
  }

  record(actor: LogActor, eventType: RecordedType, displayMessage: string, target: LogTarget[]): void {
    this.#recorded(this.#write(actor, eventType, displayMessage, { target }));
  }

  /** A sign-in, which no event hook of ours listens to. `country` null: Okta can't tell from where. */
  recordSignIn(
    user: LogActor,
    { country, result }: { country: string | null; result: 'SUCCESS' | 'FAILURE' },
  ): void {
    this.#write(user, 'user.session.start', 'User login to Okta', {
      target: [],
      outcome: { result },
      client: { ipAddress: '198.51.100.7', geographicalContext: country === null ? null : { country } },
    });
  }

  /** Somebody opened an app from Okta, which no event hook of ours listens to. `at`: earlier than now, for a past. */
  recordAppSignIn(user: LogActor, app: { id: string; name: string }, at = new Date()): void {
    const target = [{ id: app.id, type: 'AppInstance', alternateId: app.name, displayName: app.name }];
    this.#write(user, 'user.authentication.sso', 'User single sign on to app', {
      target,
      published: at.toISOString(),
    });
  }

  #write(
    actor: LogActor,
    eventType: string,
    displayMessage: string,
    rest: Pick<LogEvent, 'target'> & Partial<LogEvent>,
  ): LogEvent {
    const now = new Date();
    const event: LogEvent = {
      uuid: randomUUID(),
      published: now.toISOString(),
      eventType,
      version: '0',
      severity: 'INFO',
      displayMessage,
      actor,
      outcome: { result: 'SUCCESS' },
      ...rest,
    };
    this.#entries.push({ event, persistedAt: now.getTime() + this.lagMs });
    if (this.#entries.length > KEPT) this.#entries.splice(0, this.#entries.length - KEPT);
    return event;
  }

  /** The events that can be read now, in the order in which they were written. */
  readable(): Logged[] {
    const now = Date.now();
    return this.#entries
      .filter((entry) => entry.persistedAt <= now)
      .sort((a, b) => a.persistedAt - b.persistedAt);
  }

  save(): Saved {
    return structuredClone({ entries: this.#entries, lagMs: this.lagMs });
  }

  load(saved: unknown): void {
    // A world saved by an earlier version has less.
    const { entries = [], lagMs = 0 } = structuredClone(saved as Partial<Saved>);
    this.#entries = entries;
    this.lagMs = lagMs;
  }
}
