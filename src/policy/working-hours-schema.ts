import { z } from 'zod';
import type { WorkingHours } from '../core/policy/catalogue.ts';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Becomes minutes since midnight. */
export const timeOfDay = z
  .string()
  .regex(/^([01]?[0-9]|2[0-3]):[0-5][0-9]$/, 'a time of day is written e.g. "09:00", in quotes')
  .transform((text) => {
    const [hours, minutes] = text.split(':').map(Number);
    return (hours ?? 0) * 60 + (minutes ?? 0);
  });

/** When approvers are reminded, by each one's own clock. */
export const workingHours = z
  .strictObject({
    from: timeOfDay,
    to: timeOfDay,
    days: z.array(z.enum(weekdays)).min(1).default(['mon', 'tue', 'wed', 'thu', 'fri']),
    timeZone: z
      .string()
      .default('UTC')
      .refine(isTimeZone, 'there is no such time zone: write e.g. Europe/Berlin')
      .meta({ description: 'Of whoever’s own time zone neither the directory nor the chat knows' }),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], error: '`to` has to be later than `from`' })
  .transform(
    ({ days, ...hours }): WorkingHours => ({ ...hours, days: days.map((d) => weekdays.indexOf(d) + 1) }),
  );

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
