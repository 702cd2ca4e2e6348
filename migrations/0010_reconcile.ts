import { type Kysely, sql } from 'kysely';

/** What a sweep has seen so far, so that it can be compared set by set and taken up again where it stopped. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table reconcile_runs (
      id bigint generated always as identity primary key,
      -- sweep: everything; survey: one group; baseline: the first look at one group
      cause text not null check (cause in ('sweep', 'survey', 'baseline')),
      started_at timestamptz not null default clock_timestamp(),
      finished_at timestamptz,
      -- the evidence; null for a run that was given up
      found jsonb
    );
    -- One sweep at a time, whoever goes on with it.
    create unique index reconcile_runs_open_sweep on reconcile_runs (cause) where cause = 'sweep' and finished_at is null;

    -- Every list that a run reads: where it has got to, and what it came to.
    create table reconcile_places (
      id bigint generated always as identity primary key,
      run_id bigint not null references reconcile_runs (id) on delete cascade,
      kind text not null check (kind in ('users', 'group', 'team')),
      external_id text not null,
      name text not null,
      -- where the list goes on; null at its beginning
      position text,
      pages int not null default 0,
      seen int not null default 0,
      listed_at timestamptz,
      compared_at timestamptz,
      -- why it could not be read
      trouble text,
      found jsonb
    );
    create index reconcile_places_run on reconcile_places (run_id, kind, id);

    -- Unlogged: staged and compared within the run. Lost in a crash of PostgreSQL, which the counts above show.
    create unlogged table reconcile_members (
      place_id bigint not null,
      person_id uuid not null,
      -- the IdP's id of the person
      external_id text not null
    );
    create index reconcile_members_place on reconcile_members (place_id);
    create unlogged table reconcile_team_members (
      place_id bigint not null,
      user_id text not null,
      is_maintainer boolean not null,
      is_claimed boolean not null
    );
    create index reconcile_team_members_place on reconcile_team_members (place_id);
    -- unpushed: the IdP has the member and the SCIM mirror does not; pushedOnly: the other way round
    create unlogged table reconcile_apart (
      place_id bigint not null,
      person_id uuid not null,
      why text not null check (why in ('unpushed', 'pushedOnly'))
    );
    create index reconcile_apart_place on reconcile_apart (place_id);

    -- Who was in a team before Latchkey though no group gave it: named, never removed silently.
    create table team_baselines (team_id text primary key, taken_at timestamptz not null);
    create table preexisting_in_team (
      team_id text not null,
      user_id text not null,
      recorded_at timestamptz not null,
      primary key (team_id, user_id)
    );

    create index grants_unended_group on grants (group_id) where ended_at is null;
    create index grants_unended_team on grants (team_id) where ended_at is null;
    create index people_suspended on people (id) where status = 'suspended';
    create index preexisting_live_group on preexisting (group_id) where ended_at is null;
  `.execute(db);
}
