import { sql } from 'kysely';
import type { Schedule } from '../core/change/change.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';

/** The times for which this person is approved for this entitlement and that have not begun, the next one first. */
export async function scheduledFor(
  db: Db | Tx,
  personId: string,
  entitlementKey: string,
): Promise<Schedule[]> {
  const { rows } = await sql<{ scheduled: Schedule }>`
    select doc->'scheduled' as scheduled from changes
    where person_id = ${personId} and entitlement_key = ${entitlementKey} and kind = 'grant' and state = 'scheduled'
    order by doc->'scheduled'->>'startsAt', id`.execute(db);
  return rows.map(({ scheduled }) => revive<Schedule>(scheduled));
}
