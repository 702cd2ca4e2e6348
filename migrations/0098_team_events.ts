import { type Kysely, sql } from 'kysely';

/**
 * What Anypoint's own audit log tells of teams' members, for evidence: each of it is held against the changes that there
 * were. The log has no id for an entry. `account` is null where the entry does not say who it is about.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table team_events (
      id bigint generated always as identity primary key,
      key text not null unique,
      team_id text not null,
      team_name text not null,
      account text,
      direction text not null check (direction in ('added', 'removed')),
      actor jsonb not null,
      at timestamptz not null
    );
    create index team_events_at on team_events (at);
    -- The log is read from its beginning once more: what was read before was not kept.
    update usage_sources set position = null, checked_at = null, since = null where source = 'anypointAudit'`.execute(
    db,
  );
}
