import { sql } from 'kysely';
import type { TeamEvent } from '../ports/usage.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Keeps what Anypoint's log tells of teams' members. What is told again, since looks overlap, is kept once. */
export async function keepTeamEvents(tx: Tx, events: readonly TeamEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ team, account, direction, actor, at }) => ({
    key: JSON.stringify([at.toISOString(), team.id, account, direction, actor.id]),
    team_id: team.id,
    team_name: team.name,
    account,
    direction,
    actor,
    at,
  }));
  await sql`
    insert into team_events (key, team_id, team_name, account, direction, actor, at)
    select key, team_id, team_name, account, direction, actor, at from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as t (key text, team_id text, team_name text, account text, direction text, actor jsonb, at timestamptz)
    on conflict (key) do nothing`.execute(tx);
}

export async function forgetTeamEvents(db: Db, days: number): Promise<void> {
  await sql`delete from team_events where at < clock_timestamp() - ${days} * interval '1 day'`.execute(db);
}
