import { DateTime } from 'luxon';
import type { PersonId } from '../../core/ids.ts';
import type { WorkingHours } from '../../core/policy/catalogue.ts';

/**
 * The first moment from `at` on at which somebody in this IANA zone works. Hours that a change of the clocks leaves out
 * begin when the clock goes on.
 */
export function nextWorkingMoment(at: Date, hours: WorkingHours, timeZone: string | null): Date {
  const own = DateTime.fromJSDate(at, { zone: timeZone ?? hours.timeZone });
  const local = own.isValid ? own : DateTime.fromJSDate(at, { zone: hours.timeZone });
  for (let day = 0; day <= 7; day++) {
    const midnight = local.plus({ days: day }).startOf('day');
    if (!hours.days.includes(midnight.weekday)) continue;
    const clock = (minutes: number) => midnight.set({ hour: Math.floor(minutes / 60), minute: minutes % 60 });
    const [opens, closes] = [clock(hours.from), clock(hours.to)];
    if (local < closes) return DateTime.max(local, opens).toJSDate();
  }
  return at;
}

/** When each person works next; `zones`: by their id, as far as it is known. Without working hours: at any moment. */
export function opensFor(
  hours: WorkingHours | undefined,
  zones: ReadonlyMap<string, string | null>,
): (at: Date, id: PersonId) => Date {
  return (at, id) => (hours === undefined ? at : nextWorkingMoment(at, hours, zones.get(id) ?? null));
}
