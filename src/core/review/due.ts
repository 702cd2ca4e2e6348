import type { Campaign } from './campaign.ts';

const DAY_MS = 86_400_000;

/** Before it is due, the earliest first. */
const before: readonly { which: string; ms: number }[] = [
  { which: 'week', ms: 7 * DAY_MS },
  { which: 'threeDays', ms: 3 * DAY_MS },
  { which: 'day', ms: DAY_MS },
  { which: 'due', ms: 0 },
];

/**
 * Pure: which reminder is to be sent now; null: none. A week, three days and a day before, on the day, and daily after.
 * Of several whose time has passed (Latchkey was away) only the latest is sent. A reviewer who was just asked is not
 * reminded: a reminder whose time came before the start is none.
 */
export function reminderDue({ dueAt, startedAt, reminders }: Campaign, now: Date): string | null {
  if (dueAt === null || startedAt === null) return null;
  const daysAfter = Math.floor((now.getTime() - dueAt.getTime()) / DAY_MS);
  const latest =
    daysAfter >= 1
      ? `late${daysAfter}`
      : before.findLast(
          ({ ms }) => dueAt.getTime() - ms <= now.getTime() && dueAt.getTime() - ms > startedAt.getTime(),
        )?.which;
  return latest === undefined || reminders.includes(latest) ? null : latest;
}

/** The action due on lines that are overdue; null: nothing, or it was done. */
export function overdueNow(campaign: Campaign, now: Date): 'extend' | 'revoke' | 'escalate' | null {
  const { dueAt, overdueAt, extendedAt, overdue } = campaign;
  if (dueAt === null || now < dueAt || overdueAt !== null) return null;
  if (overdue === 'extend') return extendedAt === null ? 'extend' : 'escalate';
  return overdue;
}
