/**
 * What is known of who made the change that was found. `awaited`: an event source that names actors may still tell,
 * until then (ISO 8601) at the latest. `untold`: none told, and none will.
 */
export type Authorship = { is: 'told' } | { is: 'awaited'; until: string } | { is: 'untold'; why: string };

/** The part of the IdP's own log that we know; null: it has none that we can read. */
export type Coverage = {
  /** When the last look began that read it to the end; null: none has yet. */
  coveredTo: Date | null;
  /** Since when the IdP does not let us read it; null: it does. */
  refusedAt: Date | null;
} | null;

/**
 * The log is written a little after things happened, in milliseconds; what comes later than that reopens the decision.
 */
const LOG_LAG_MS = 5_000;
/** So long at the most is waited for a log that can't be read, in milliseconds. */
const AWAITED_MAX_MS = 10 * 60_000;

/** When the log has to have been read to cover what was noticed then. */
export function coveredFrom(noticedAt: Date): Date {
  return new Date(noticedAt.getTime() + LOG_LAG_MS);
}

/**
 * Pure. `noticedAt`: by then the membership had arisen. `isHooked`: an event hook tells too, and names who did it.
 * `isLogLate`: who did it stands in the log minutes later than that it was done.
 */
export function authorshipOf(
  isTold: boolean,
  noticedAt: Date,
  eventSources: { log: Coverage; isHooked: boolean; isLogLate?: boolean },
  now: Date,
): Authorship {
  if (isTold) return { is: 'told' };
  const { log, isHooked, isLogLate } = eventSources;
  if (log?.coveredTo != null && log.coveredTo >= coveredFrom(noticedAt))
    return {
      is: 'untold',
      why:
        isLogLate === true
          ? 'the log of the identity provider does not say so far who did it, which can take some minutes there'
          : 'the log of the identity provider does not say who did it',
    };
  const until = new Date(noticedAt.getTime() + AWAITED_MAX_MS);
  const mayStillTell = isHooked || (log !== null && log.refusedAt === null);
  if (mayStillTell && now < until) return { is: 'awaited', until: until.toISOString() };
  if (log === null)
    return { is: 'untold', why: 'there is no log of the identity provider that says who did it' };
  return log.refusedAt !== null
    ? { is: 'untold', why: 'the identity provider does not let Latchkey read its log of who did it' }
    : {
        is: 'untold',
        why: 'the log of the identity provider that says who did it could not be read in time',
      };
}
