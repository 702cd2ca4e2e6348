import { type Kysely, sql } from 'kysely';

/** What the IdP pushed, was refused, and would have taken access away; and by which name somebody was switched off. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table refused_pushes (
      id uuid primary key,
      -- several that come at once are one message
      notice_id uuid not null,
      kind text not null,
      resource_id uuid not null,
      -- userName or displayName
      name text not null,
      held text not null,
      client text not null,
      request text not null,
      why text not null,
      times int not null default 1,
      first_at timestamptz not null,
      last_at timestamptz not null,
      settled_at timestamptz
    );
    create unique index refused_pushes_open on refused_pushes (resource_id) where settled_at is null;
    create index refused_pushes_notice on refused_pushes (notice_id);
    create index refused_pushes_first on refused_pushes (first_at);
  `.execute(db);
}
