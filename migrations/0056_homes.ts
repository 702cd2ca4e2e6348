import { type Kysely, sql } from 'kysely';

/** Who has opened their Home tab: it is published anew for them after what concerns them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table homes (
      person_id uuid primary key references people (id) on delete cascade,
      account_id text not null,
      is_admin boolean not null,
      -- By section, which page of it they look at.
      pages jsonb not null,
      fingerprint text,
      opened_at timestamptz not null,
      published_at timestamptz
    );
    create index homes_of_admins on homes (person_id) where is_admin;
    -- What somebody asked for, for themselves or for others.
    create index changes_requester on changes (requester_id, requested_at desc) where requester_id is not null;
  `.execute(db);
}
