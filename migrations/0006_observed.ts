import { type Kysely, sql } from 'kysely';

/**
 * One record of what any voice of the directory told; messages about more than changes; who a person was when last
 * looked at.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table observed (
      id bigint generated always as identity primary key,
      -- the same happening told twice, by one voice or by two, has one key
      key text not null unique,
      voice text not null,
      told jsonb not null,
      actor jsonb,
      occurred_at timestamptz not null,
      received_at timestamptz not null default clock_timestamp(),
      next_at timestamptz not null default clock_timestamp(),
      heeded_at timestamptz,
      outcome text,
      -- known once heeded
      person_id uuid references people (id),
      group_id text
    );
    create index observed_unheeded on observed (next_at) where heeded_at is null;
    create index observed_pair on observed (group_id, heeded_at) where group_id is not null;
    create index observed_received on observed (received_at);

    -- Where a voice that is polled has got to.
    create table voice_cursors (voice text primary key, position jsonb not null, moved_at timestamptz not null);

    -- Messages are about a change, an offboarding, a mass change or the canary.
    alter table messages drop constraint messages_change_id_fkey;
    alter table messages rename column change_id to about_id;

    -- What was last acted on: a difference to what the IdP says now is a move, a hold, a return or a leaving.
    create table standings (
      person_id uuid primary key references people (id),
      status text not null,
      department text,
      manager text,
      had_app boolean not null,
      regarded_at timestamptz not null
    );
  `.execute(db);
}
