import { sql } from 'kysely';
import type { Emergency, EmergencyReview } from '../core/break-glass/break-glass.ts';
import type { PersonId } from '../core/ids.ts';
import type { ApproverClock } from '../core/policy/ladder.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';

export async function insertEmergency(
  tx: Tx,
  taken: { changeId: string; personId: string; entitlementKey: string; openedAt: Date },
): Promise<void> {
  await tx
    .insertInto('emergencies')
    .values({
      change_id: taken.changeId,
      person_id: taken.personId,
      entitlement_key: taken.entitlementKey,
      opened_at: taken.openedAt,
    })
    .execute();
}

/** How often they took it within so many seconds. */
export async function emergenciesWithin(
  tx: Tx,
  of: { personId: string; entitlementKey: string },
  seconds: number,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from emergencies where person_id = ${of.personId}
      and entitlement_key = ${of.entitlementKey}
      and opened_at > clock_timestamp() - ${seconds} * interval '1 second'`.execute(tx);
  return rows[0]?.n ?? 0;
}

export async function readEmergency(db: Db | Tx, changeId: string): Promise<Emergency | null> {
  const row = await db
    .selectFrom('emergencies')
    .select(['change_id', 'person_id', 'opened_at', 'review', 'clock'])
    .where('change_id', '=', changeId)
    .executeTakeFirst();
  return row === undefined ? null : emergencyOf(row);
}

/** Reads it and holds its row until the transaction ends. */
export async function lockEmergency(tx: Tx, changeId: string): Promise<Emergency | null> {
  const row = await tx
    .selectFrom('emergencies')
    .select(['change_id', 'person_id', 'opened_at', 'review', 'clock'])
    .where('change_id', '=', changeId)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : emergencyOf(row);
}

export async function noteReview(tx: Tx, changeId: string, review: EmergencyReview): Promise<void> {
  await tx
    .updateTable('emergencies')
    .set({ review: JSON.stringify(review) })
    .where('change_id', '=', changeId)
    .execute();
}

/** Change ids of emergencies that nobody has reviewed, where something may be due by now. */
export async function emergenciesToLookAt(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('emergencies')
    .select('change_id')
    .where('review', 'is', null)
    .where((eb) => eb.or([eb('look_at', 'is', null), eb('look_at', '<=', now)]))
    .orderBy('look_at', (order) => order.asc().nullsFirst())
    .limit(limit)
    .execute();
  return rows.map((row) => row.change_id);
}

/** Notes what an overdue review came to, and when it is looked at next. `clock` null: it stays as it is. */
export async function noteOverdue(
  tx: Tx,
  changeId: string,
  { clock, lookAt }: { clock: ApproverClock | null; lookAt: Date },
): Promise<void> {
  await tx
    .updateTable('emergencies')
    .set({ look_at: lookAt, ...(clock === null ? {} : { clock: JSON.stringify(clock) }) })
    .where('change_id', '=', changeId)
    .execute();
}

function emergencyOf(row: {
  change_id: string;
  person_id: string;
  opened_at: Date;
  review: EmergencyReview | null;
  clock: ApproverClock | null;
}): Emergency {
  return {
    changeId: row.change_id,
    personId: row.person_id as PersonId,
    openedAt: row.opened_at,
    review: row.review === null ? null : revive<EmergencyReview>(row.review),
    clock: row.clock === null ? null : revive<ApproverClock>(row.clock),
  };
}
