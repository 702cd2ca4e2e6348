import { DateTime } from 'luxon';
import type { DigestTimes } from '../../core/policy/catalogue.ts';

/** When the newest digest is due in a time zone. */
export type Slot = {
  zone: string;
  /** The local day, e.g. `2026-11-30`: one digest a week has it, also where a clock is put back or somebody moves. */
  week: string;
  dueAt: Date;
  /** Whether it may be sent now: its time has come, not too long ago, and it is not night or weekend there. */
  isOpen: boolean;
};

/** Where the directory has no zone, or one that nobody knows. */
const DEFAULT_ZONE = 'UTC';

/** Later than this it says nothing that next week's does not say better. */
const LATE_MAX_MS = 48 * 3_600_000;
/** A late one waits for the next morning after this hour. */
const EVENING = 18;
const SATURDAY = 6;

/** Pure: the newest slot in a zone. Luxon moves a time that a change of clocks leaves out to the next that there is. */
export function slotIn(zone: string | null, { weekday, minute }: DigestTimes, now: Date): Slot {
  const known = zone !== null && DateTime.fromJSDate(now, { zone }).isValid ? zone : DEFAULT_ZONE;
  const local = DateTime.fromJSDate(now, { zone: known });
  const inWeek = (weeks: number) =>
    local
      .startOf('week')
      .plus({ weeks, days: weekday - 1 })
      .set({ hour: Math.floor(minute / 60), minute: minute % 60 });
  const due = inWeek(0) <= local ? inWeek(0) : inWeek(-1);
  const minuteNow = local.hour * 60 + local.minute;
  const isDaytime = minuteNow >= minute && minuteNow < Math.max(EVENING * 60, minute + 60);
  const isWorkday = local.weekday < SATURDAY || local.weekday === weekday;
  return {
    zone: known,
    week: due.toISODate() ?? '',
    dueAt: due.toJSDate(),
    isOpen: now.getTime() - due.toMillis() <= LATE_MAX_MS && isDaytime && isWorkday,
  };
}
