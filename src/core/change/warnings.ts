/** Which warning of an end it is. */
export type Warning = 'day' | 'hour';

const beforeMs: Record<Warning, number> = { day: 86_400_000, hour: 3_600_000 };

type Term = { startsAt: Date; endsAt: Date };

/**
 * Pure: when the end of a grant is warned of. The warnings come a day and an hour before the end. None comes before
 * half of the time is over. So a grant of a day has only the warning an hour before. A grant of an hour has none.
 */
export function warningsOf({ startsAt, endsAt }: Term): { warning: Warning; at: Date }[] {
  const lengthMs = endsAt.getTime() - startsAt.getTime();
  return (['day', 'hour'] as const)
    .filter((warning) => lengthMs >= 2 * beforeMs[warning])
    .map((warning) => ({ warning, at: new Date(endsAt.getTime() - beforeMs[warning]) }));
}

/** Pure: the first warning after a point in time, from the start on without one; null: there is none any more. */
export function nextWarningAt(term: Term, after: Date | null): Date | null {
  return warningsOf(term).find(({ at }) => after === null || at > after)?.at ?? null;
}

/**
 * Pure: the warning that is due now and was not given yet. Of two that fell due while nobody looked only the later is
 * given: one word about one end is enough.
 */
export function dueWarning(term: Term, now: Date, warnedAt: Date | null): Warning | null {
  const due = warningsOf(term).findLast(({ at }) => at <= now);
  return due === undefined || (warnedAt !== null && warnedAt >= due.at) ? null : due.warning;
}
