import { timeZonesOf } from '../../store/time-zones.ts';
import type { Context } from '../kernel/context.ts';

/**
 * The time zones of people who are to be reminded, by their id, where the catalogue has working hours: the directory's,
 * else the chat's. Null: neither says.
 */
export async function zonesOf(
  context: Context,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (context.catalogue.current().workingHours === undefined || ids.length === 0) return new Map();
  const known = await timeZonesOf(context.db, ids, context.chat.system);
  return new Map(
    await Promise.all(
      known.map(async ({ id, timeZone, accountId }) => {
        if (timeZone !== null || accountId === null) return [id, timeZone] as const;
        return [id, (await context.chat.whoIs(accountId))?.timeZone ?? null] as const;
      }),
    ),
  );
}
