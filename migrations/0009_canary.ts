import { type Kysely, sql } from 'kysely';

/** The rounds of the canary, and the alarms that they raised. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table canary_runs (
      id uuid primary key,
      started_at timestamptz not null,
      objective_ms int not null,
      -- written in the same transaction as the round
      grant_change_id uuid not null references changes (id) deferrable initially deferred,
      revoke_change_id uuid references changes (id) deferrable initially deferred,
      state text not null,
      -- hit, miss or void; a miss is known before the round is over
      result text,
      -- of the first trip that missed the objective: direction, leg, why and when
      stuck jsonb,
      grant_legs jsonb,
      revoke_legs jsonb,
      ended_at timestamptz
    );
    create index canary_runs_started on canary_runs (started_at desc);
    create index canary_runs_ended on canary_runs (ended_at) where ended_at is not null;
    -- Never two rounds at once.
    create unique index canary_runs_one_open on canary_runs ((true)) where state <> 'over';

    create table canary_alarms (
      id uuid primary key,
      -- of the first round that missed
      since timestamptz not null,
      raised_at timestamptz not null,
      cleared_at timestamptz
    );
    create unique index canary_alarms_one_open on canary_alarms ((true)) where cleared_at is null;

    -- What people look at leaves the canary's many changes out.
    create index changes_recent_without_canary on changes (requested_at desc) where doc->>'cause' <> 'canary';
  `.execute(db);
}
