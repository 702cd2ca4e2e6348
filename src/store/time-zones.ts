import { peopleWithAccounts } from './people.ts';
import type { Db, Tx } from './postgres/database.ts';

/** The IANA time zone that the IdP gives for each of these, and their account in a chat. */
export async function timeZonesOf(
  db: Db | Tx,
  ids: readonly string[],
  chatSystem: Parameters<typeof peopleWithAccounts>[1]['system'],
): Promise<{ id: string; timeZone: string | null; accountId: string | null }[]> {
  const accounts = await peopleWithAccounts(db, { ids, emails: [], system: chatSystem });
  if (accounts.length === 0) return [];
  const zones = await db
    .selectFrom('people')
    .select(['id', 'time_zone'])
    .where('id', 'in', [...ids])
    .execute();
  return accounts.map(({ id, accountId }) => ({
    id,
    accountId,
    timeZone: zones.find((zone) => zone.id === id)?.time_zone ?? null,
  }));
}
