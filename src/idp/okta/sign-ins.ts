import { z } from 'zod';
import type { UsePage, UseRecord } from '../../ports/usage.ts';
import { parseAnswer } from './answers.ts';
import type { OktaApi } from './api.ts';

/** The most that Okta gives at once (OpenAPI description 2026.06.3, `GET /api/v1/logs`). */
const LIMIT = 1_000;
/** Okta keeps its log for 90 days; more than a month back costs more of its limit than it tells. */
const FIRST_LOOK_MS = 30 * 24 * 3_600_000;
/** Events are written some time after they happened: so much is read again each time. */
const OVERLAP_MS = 10 * 60_000;
/** Pages read in one look; the rest comes with the next, so that the log's limit is left to others. */
const PAGES_PER_LOOK = 20;

const eventsSchema = z.array(
  z.object({
    published: z.iso.datetime({ offset: true }),
    actor: z.object({ id: z.string().nullish(), type: z.string().nullish() }).nullish(),
  }),
);

/**
 * The record of people who opened the Anypoint app from Okta (`user.authentication.sso`, by the app's id). Its scope is
 * `okta.logs.read`.
 */
export function oktaSignIns(api: OktaApi, { system, appId }: { system: string; appId: string }): UseRecord {
  return {
    source: 'idpSignIns',
    system,
    name: 'Okta’s sign-ins to the Anypoint app',
    read: (position) => readSignIns(api, appId, position),
  };
}

async function* readSignIns(
  api: OktaApi,
  appId: string,
  position: string | null,
): AsyncGenerator<UsePage, void, undefined> {
  const what = 'read the sign-ins to Anypoint';
  const now = Date.now();
  let newest = position === null ? now - FIRST_LOOK_MS : Date.parse(position);
  const since = new Date(position === null ? newest : newest - OVERLAP_MS);
  let path: string | null = `/logs?${new URLSearchParams({
    since: since.toISOString(),
    filter: `eventType eq "user.authentication.sso" and outcome.result eq "SUCCESS" and target.id eq "${appId.replace(/[\\"]/g, '\\$&')}"`,
    sortOrder: 'ASCENDING',
    limit: String(LIMIT),
  })}`;
  for (let pages = 1; path !== null; pages += 1) {
    const answer = await api.send('GET', path, what);
    const events = parseAnswer(eventsSchema, answer, what);
    for (const { published } of events) newest = Math.max(newest, Date.parse(published));
    // Without `until` there is always a next link; a page that is not full is the end as it is now.
    const isEnd = events.length < LIMIT;
    if (isEnd) newest = Math.max(newest, now - OVERLAP_MS);
    yield {
      uses: events.flatMap(({ published, actor }) =>
        actor?.type === 'User' && actor.id != null && actor.id !== ''
          ? [{ account: actor.id, at: new Date(published), what: null }]
          : [],
      ),
      position: new Date(newest).toISOString(),
      since,
      isEnd,
    };
    if (pages === PAGES_PER_LOOK) return;
    path = isEnd ? null : api.nextPath(answer.headers, what);
  }
}
