import { type Kysely, sql } from 'kysely';

/** Who decides in whose stead and for how long; whom somebody has named for every absence; where a message stands. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table delegations (
      id uuid primary key,
      person_id uuid not null references people (id),
      delegate_id uuid not null references people (id),
      state text not null,
      version int not null,
      starts_at timestamptz not null,
      ends_at timestamptz not null,
      doc jsonb not null
    );
    -- nobody passes the same decisions to two
    create unique index delegations_one_open on delegations (person_id) where state in ('planned', 'active');
    create index delegations_to on delegations (delegate_id) where state in ('planned', 'active');
    create index delegations_starting on delegations (starts_at) where state = 'planned';
    create index delegations_ending on delegations (ends_at) where state in ('planned', 'active');
    create index delegations_of on delegations (person_id, starts_at);

    -- who decides whenever a person says in the chat that they are away
    create table usual_delegates (
      person_id uuid primary key references people (id),
      delegate_id uuid not null references people (id),
      since timestamptz not null default clock_timestamp()
    );

    -- the absence that somebody's status last told of, so that the same one starts or offers nothing twice
    create table told_absences (
      person_id uuid primary key references people (id),
      -- null: the status says no end
      until timestamptz,
      told_at timestamptz not null default clock_timestamp()
    );

    create index messages_place on messages (channel, ts);
  `.execute(db);
}
