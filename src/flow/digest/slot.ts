import { DateTime } from 'luxon';
import type { ZoneFrom } from '../../core/digest/digest.ts';
import type { DigestTimes, WorkingHours } from '../../core/policy/catalogue.ts';
import { nextWorkingMoment } from '../request/working-hours.ts';

/** IANA time zones of somebody, as the directory and the chat have them. */
export type Zones = { directory: string | null; chat: string | null };

/** What the catalogue says about when digests come. */
export type SlotTimes = { digest: DigestTimes; workingHours?: WorkingHours };

/** When the newest digest is due in a time zone. */
export type Slot = {
  zone: string;
  zoneFrom: ZoneFrom;
  /** The local day, e.g. `2026-11-30`: one digest a week has it, also where a clock is put back or somebody moves. */
  week: string;
  dueAt: Date;
  /** Whether it may be sent now: its time has come, not too long ago, and people there work. */
  isOpen: boolean;
};

/** Where neither the directory nor the chat has a zone that there is. */
const DEFAULT_ZONE = 'UTC';

/** Later than this it says nothing that next week's does not say better. */
const LATE_MAX_MS = 48 * 3_600_000;
/** Without working hours in the catalogue, a late one waits for the next morning after this hour. */
const EVENING = 18;
const SATURDAY = 6;

/** Pure: the newest slot of a reader. Luxon moves a time that a change of clocks leaves out to the next that there is. */
export function slotIn(zones: Zones, { digest, workingHours }: SlotTimes, now: Date): Slot {
  const { weekday, minute } = digest;
  const { zone, zoneFrom } = zoneOf(zones, workingHours?.timeZone ?? DEFAULT_ZONE);
  const local = DateTime.fromJSDate(now, { zone });
  const inWeek = (weeks: number) =>
    local
      .startOf('week')
      .plus({ weeks, days: weekday - 1 })
      .set({ hour: Math.floor(minute / 60), minute: minute % 60 });
  const due = inWeek(0) <= local ? inWeek(0) : inWeek(-1);
  // A digest for the weekend comes when people work again, and is late from then on.
  const from =
    workingHours === undefined ? due.toJSDate() : nextWorkingMoment(due.toJSDate(), workingHours, zone);
  const lateMs = now.getTime() - from.getTime();
  const isHour =
    workingHours === undefined
      ? isDaytime(local, digest)
      : nextWorkingMoment(now, workingHours, zone).getTime() === now.getTime();
  return {
    zone,
    zoneFrom,
    week: due.toISODate() ?? '',
    dueAt: due.toJSDate(),
    isOpen: lateMs >= 0 && lateMs <= LATE_MAX_MS && isHour,
  };
}

function zoneOf({ directory, chat }: Zones, otherwise: string): Pick<Slot, 'zone' | 'zoneFrom'> {
  if (directory !== null && isZone(directory)) return { zone: directory, zoneFrom: 'directory' };
  if (chat !== null && isZone(chat)) return { zone: chat, zoneFrom: 'chat' };
  return { zone: otherwise, zoneFrom: 'neither' };
}

function isZone(zone: string): boolean {
  return DateTime.fromMillis(0, { zone }).isValid;
}

/** Not at night, and on no weekend but for a digest of the weekend. */
function isDaytime(local: DateTime, { weekday, minute }: DigestTimes): boolean {
  const minuteNow = local.hour * 60 + local.minute;
  const isBeforeEvening = minuteNow >= minute && minuteNow < Math.max(EVENING * 60, minute + 60);
  return isBeforeEvening && (local.weekday < SATURDAY || local.weekday === weekday);
}
