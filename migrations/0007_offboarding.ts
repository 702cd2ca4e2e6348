import { type Kysely, sql } from 'kysely';

/** Everything that has to happen when somebody leaves, on one case. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table offboardings (
      id uuid primary key,
      person_id uuid not null references people (id),
      state text not null,
      version int not null,
      cause text not null,
      opened_at timestamptz not null,
      doc jsonb not null
    );
    create unique index offboardings_one_open on offboardings (person_id)
      where state in ('asking', 'held', 'underway', 'appsOpen');
    create index offboardings_of on offboardings (person_id, opened_at);
    create index offboardings_opened on offboardings (opened_at);
    create index offboardings_open on offboardings (state) where state in ('asking', 'held', 'underway', 'appsOpen');
  `.execute(db);
}
