import { type Kysely, sql } from 'kysely';

/** One identity provider has lost somebody whom another has active, and what ended by it: the admins are told. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table lost_accounts (
      id uuid primary key,
      -- several that come at once are one message
      notice_id uuid not null,
      person_id uuid not null references people (id),
      -- which identity provider has lost them, and which speaks for them now
      idp text not null,
      other text,
      why text not null,
      -- names of the teams that are taken away, and titles of the entitlements that stay
      ended jsonb not null,
      stays jsonb not null,
      lost_at timestamptz not null,
      back_at timestamptz
    );
    create index lost_accounts_notice on lost_accounts (notice_id);
    create index lost_accounts_recent on lost_accounts (idp, lost_at);
    create index lost_accounts_person on lost_accounts (person_id) where back_at is null;
  `.execute(db);
}
