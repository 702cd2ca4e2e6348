import { z } from 'zod';
import { Fault } from '../../core/fault.ts';
import type { DirectoryLog, LogPage, SignIn } from '../../ports/identity-provider.ts';
import type { UseRecord } from '../../ports/usage.ts';
import { easeMsOf, parseAnswer } from './answers.ts';
import { badAnswer, type OktaApi, type OktaSettings, openOktaApi } from './api.ts';
import { logScopes } from './credentials.ts';
import { eventTypes, readLogEvents } from './events.ts';
import { oktaSignIns } from './sign-ins.ts';

/** The most that Okta gives at once (OpenAPI description 2026.06.3, `GET /api/v1/logs`). */
const LIMIT = 1_000;
/** Pages read in one go before we stop believing in the paging: ten million events. */
const MAX_PAGES = 10_000;
/** How far back the first look ever goes. */
const FIRST_LOOK_MS = 5 * 60_000;
/** Events are written some time after they happened: so much is read again each time. */
const OVERLAP_MS = 5 * 60_000;
/** A log without news for us is not read from further back than this. */
const QUIET_MS = 60 * 60_000;

const signInsSchema = z.array(
  z.object({
    published: z.iso.datetime({ offset: true }),
    client: z
      .object({ geographicalContext: z.object({ country: z.string().max(100).nullish() }).nullish() })
      .nullish(),
  }),
);
const publishedSchema = z.object({ published: z.iso.datetime({ offset: true }) });

/**
 * Okta's System Log, asked for the events that matter to us. The scope is `okta.logs.read`, with credentials of their
 * own. So an organisation that does not grant it loses the log alone. A position is the time of the newest event read;
 * each look goes on a little before it. Faults are those of `createOkta`.
 *
 * @throws config.invalid when the service app's private key is no key
 */
export function createOktaLog(settings: OktaSettings): OktaLog {
  return new OktaLog(openOktaApi(settings, logScopes), settings.anypointAppId ?? null);
}

/** The log as an event source, and as the one to ask where somebody signed in. */
export class OktaLog implements DirectoryLog {
  readonly eventSource = 'oktaLog';
  readonly #api: OktaApi;
  /** The record of people who opened the Anypoint app; null: it is not said which of Okta's apps that is. */
  readonly signIns: UseRecord | null;
  #restUntil = 0;

  constructor(api: OktaApi, anypointAppId: string | null = null) {
    this.#api = api;
    this.signIns = anypointAppId === null ? null : oktaSignIns(api, { system: 'okta', appId: anypointAppId });
  }

  async *read(position: string | null): AsyncGenerator<LogPage, void, undefined> {
    const what = 'read the System Log';
    let newest = position === null ? Date.now() - FIRST_LOOK_MS : Date.parse(position);
    const since = new Date(position === null ? newest : newest - OVERLAP_MS);
    let path: string | null = `/logs?${new URLSearchParams({
      since: since.toISOString(),
      filter: eventTypes.map((type) => `eventType eq "${type}"`).join(' or '),
      sortOrder: 'ASCENDING',
      limit: String(LIMIT),
    })}`;
    for (let pages = 0; path !== null; pages += 1) {
      if (pages === MAX_PAGES) throw badAnswer(what, 'the log has no end');
      const answer = await this.#api.send('GET', path, what);
      const events = parseAnswer(z.array(z.unknown()), answer, what);
      for (const event of events) newest = Math.max(newest, publishedAt(event));
      // Without `until` there is always a next link; a page that is not full is the end as it is now.
      path = events.length < LIMIT ? null : this.#api.nextPath(answer.headers, what);
      if (path === null) newest = Math.max(newest, dateOf(answer.headers) - QUIET_MS);
      const { observations, unread } = readLogEvents(events, this.eventSource);
      yield { observations, unread, position: new Date(newest).toISOString() };
    }
  }

  /**
   * The newest `user.session.start` of a person that succeeded within so many seconds. The log's limit (`/api/v1/logs`)
   * is the whole organisation's. It is left to the reader of the log when it is low, and when Okta has asked to wait.
   * Nothing is asked until the limit is full again.
   *
   * @throws idp.throttled, without a call, while the limit is left alone
   */
  async lastSignIn(personId: string, withinSeconds: number): Promise<SignIn | null> {
    const waitMs = this.#restUntil - performance.now();
    if (waitMs > 0)
      throw new Fault('idp.throttled', 'Okta’s log is left alone until its limit is full again', {
        retryable: true,
        retryAfterMs: waitMs,
      });
    const what = 'read the last sign-in';
    const quoted = personId.replace(/[\\"]/g, '\\$&');
    const query = new URLSearchParams({
      since: new Date(Date.now() - withinSeconds * 1_000).toISOString(),
      filter: `eventType eq "user.session.start" and outcome.result eq "SUCCESS" and actor.id eq "${quoted}"`,
      // Newest first is a bounded query, by when things happened; it ends now, by Okta's clock.
      sortOrder: 'DESCENDING',
      limit: '1',
    });
    try {
      const answer = await this.#api.send('GET', `/logs?${query}`, what);
      this.#rest(easeMsOf(answer.headers));
      const [newest] = parseAnswer(signInsSchema, answer, what);
      if (newest === undefined) return null;
      const country = newest.client?.geographicalContext?.country?.trim() ?? '';
      return { at: new Date(newest.published), country: country === '' ? null : country };
    } catch (error) {
      if (error instanceof Fault) this.#rest(error.retryAfterMs ?? 0);
      throw error;
    }
  }

  #rest(ms: number): void {
    if (ms > 0) this.#restUntil = Math.max(this.#restUntil, performance.now() + ms);
  }

  async check(): Promise<void> {
    const since = new Date(Date.now() - 1_000).toISOString();
    await this.#api.send(
      'GET',
      `/logs?${new URLSearchParams({ since, limit: '1' })}`,
      'check the System Log',
    );
  }
}

function publishedAt(event: unknown): number {
  const parsed = publishedSchema.safeParse(event);
  return parsed.success ? Date.parse(parsed.data.published) : Number.NEGATIVE_INFINITY;
}

/** Okta's clock, so that ours may be wrong. */
function dateOf(headers: Headers): number {
  const at = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(at) ? Date.now() : at;
}
