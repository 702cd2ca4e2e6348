import { sql } from 'kysely';
import type { Change, Schedule } from '../core/change/change.ts';
import type { ChangeId } from '../core/ids.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';
import { pendingChange } from './states.ts';

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

/** All that wait for a decision, the one for at once first. There is one of each start at the most. */
export async function pendingRequests(
  db: Db | Tx,
  personId: string,
  entitlementKey: string,
): Promise<Change[]> {
  const { rows } = await sql<{ doc: Change }>`
    select doc from changes
    where person_id = ${personId} and entitlement_key = ${entitlementKey} and kind = 'grant' and state in ${pendingChange}
    order by (doc->>'startsAt')::timestamptz asc nulls first, id`.execute(db);
  return rows.map(({ doc }) => revive<Change>(doc));
}

/** What of this entitlement is asked for or approved for later, and has not begun; in the order of their ids. */
export async function laterStarts(
  tx: Tx,
  { personId, entitlementKey }: { personId: string; entitlementKey: string },
): Promise<ChangeId[]> {
  const { rows } = await sql<{ id: ChangeId }>`
    select id from changes
    where person_id = ${personId} and entitlement_key = ${entitlementKey} and kind = 'grant' and doc ? 'startsAt'
      and (state = 'scheduled' or state in ${pendingChange}) order by id`.execute(tx);
  return rows.map(({ id }) => id);
}
