import { type Kysely, sql } from 'kysely';

/** What the database belongs to, and in which PostgreSQL cluster each seal was made. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table installation (
      -- one row and no second
      single boolean primary key default true check (single),
      belongs_to text not null,
      since timestamptz not null default now()
    );
    alter table audit_seals add column cluster text;
  `.execute(db);
}
