import { type Selectable, sql } from 'kysely';
import type { CanaryRun, RoundResult, Stuck } from '../core/canary/canary.ts';
import type { LegTimes } from '../core/change/legs.ts';
import type { ChangeId } from '../core/ids.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';
import type { Tables } from './schema/tables.ts';

/** Raised by two rounds in a row that missed; open while `clearedAt` is null, and at most one is. */
export type CanaryAlarm = {
  id: string;
  /** When the first round that missed began. */
  since: Date;
  raisedAt: Date;
  clearedAt: Date | null;
};

export function roundOf(row: Selectable<Tables['canary_runs']>): CanaryRun {
  return {
    id: row.id,
    startedAt: row.started_at,
    objectiveMs: row.objective_ms,
    grantChangeId: row.grant_change_id as ChangeId,
    revokeChangeId: row.revoke_change_id as ChangeId | null,
    state: row.state,
    result: row.result,
    stuck: row.stuck === null ? null : revive<Stuck>(row.stuck),
    grantLegs: row.grant_legs,
    revokeLegs: row.revoke_legs,
    endedAt: row.ended_at,
  };
}

function toAlarm(row: Selectable<Tables['canary_alarms']>): CanaryAlarm {
  return { id: row.id, since: row.since, raisedAt: row.raised_at, clearedAt: row.cleared_at };
}

const json = (value: LegTimes | Stuck | null): string | null =>
  value === null ? null : JSON.stringify(value);

export async function lastRun(db: Db | Tx): Promise<CanaryRun | null> {
  const row = await db
    .selectFrom('canary_runs')
    .selectAll()
    .orderBy('started_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : roundOf(row);
}

/** Reads a round and holds it until the transaction ends. */
export async function lockRun(tx: Tx, id: string): Promise<CanaryRun | null> {
  const row = await tx
    .selectFrom('canary_runs')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : roundOf(row);
}

/** Oldest first. */
export async function runsSince(db: Db | Tx, since: Date): Promise<CanaryRun[]> {
  const rows = await db
    .selectFrom('canary_runs')
    .selectAll()
    .where('started_at', '>=', since)
    .orderBy('started_at')
    .execute();
  return rows.map(roundOf);
}

/** Rounds that ended after a time, in the order in which they ended; they end one at a time. */
export async function runsEndedAfter(db: Db, after: Date, limit: number): Promise<CanaryRun[]> {
  const rows = await db
    .selectFrom('canary_runs')
    .selectAll()
    .where('ended_at', '>', after)
    .orderBy('ended_at')
    .limit(limit)
    .execute();
  return rows.map(roundOf);
}

/** Rounds begun within a time that were a hit or a miss, newest first. */
export async function judgedRuns(
  db: Db | Tx,
  where: { before?: Date; since?: Date; limit: number },
): Promise<CanaryRun[]> {
  let query = db
    .selectFrom('canary_runs')
    .selectAll()
    .where('result', 'in', ['hit', 'miss'] satisfies RoundResult[])
    .orderBy('started_at', 'desc')
    .limit(where.limit);
  if (where.before !== undefined) query = query.where('started_at', '<', where.before);
  if (where.since !== undefined) query = query.where('started_at', '>=', where.since);
  return (await query.execute()).map(roundOf);
}

/** How many of the rounds begun from one time to another missed. */
export async function missesSince(
  db: Db,
  { since, before }: { since: Date; before: Date | null },
): Promise<number> {
  let query = db
    .selectFrom('canary_runs')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('started_at', '>=', since)
    .where('result', '=', 'miss');
  if (before !== null) query = query.where('started_at', '<', before);
  return Number((await query.executeTakeFirstOrThrow()).n);
}

/** Stores a round as it stands now. Only within the commit of the changes that it is about. */
export async function writeRun(tx: Tx, run: CanaryRun): Promise<void> {
  const stands = {
    revoke_change_id: run.revokeChangeId,
    state: run.state,
    result: run.result,
    stuck: json(run.stuck),
    grant_legs: json(run.grantLegs),
    revoke_legs: json(run.revokeLegs),
    ended_at: run.endedAt,
  };
  await tx
    .insertInto('canary_runs')
    .values({
      id: run.id,
      started_at: run.startedAt,
      objective_ms: run.objectiveMs,
      grant_change_id: run.grantChangeId,
      ...stands,
    })
    .onConflict((c) => c.column('id').doUpdateSet(stands))
    .execute();
}

/** Forgets rounds that ended long ago. */
export async function forgetRounds(db: Db, keptDays: number): Promise<void> {
  await sql`delete from canary_runs where ended_at < clock_timestamp() - ${keptDays} * interval '1 day'`.execute(
    db,
  );
}

export async function openAlarm(db: Db | Tx): Promise<CanaryAlarm | null> {
  const row = await db
    .selectFrom('canary_alarms')
    .selectAll()
    .where('cleared_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? null : toAlarm(row);
}

export async function readAlarm(db: Db, id: string): Promise<CanaryAlarm | null> {
  const row = await db.selectFrom('canary_alarms').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toAlarm(row);
}

export async function writeAlarm(tx: Tx, alarm: CanaryAlarm): Promise<void> {
  await tx
    .insertInto('canary_alarms')
    .values({ id: alarm.id, since: alarm.since, raised_at: alarm.raisedAt, cleared_at: alarm.clearedAt })
    .onConflict((c) => c.column('id').doUpdateSet({ cleared_at: alarm.clearedAt }))
    .execute();
}
