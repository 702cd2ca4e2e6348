import { type Kysely, sql } from 'kysely';

/** What keeps a group's members out of its team where something else than Latchkey carries them there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table delivery_troubles (
      id uuid primary key,
      -- unmapped: no sign-in to Anypoint would give the team; missing: who should be in the team is not shown there
      kind text not null,
      -- where the group is, and where it should give its team
      target jsonb not null,
      group_id text not null,
      team_id text not null,
      since timestamptz not null,
      -- of unmapped: what is wrong, and what to do
      why text,
      -- of missing: who was not there at the last look, and who was not there at the last two
      seen_ids text[] not null default '{}',
      person_ids text[] not null default '{}',
      -- null: nobody was told of it yet
      told_at timestamptz,
      mended_at timestamptz
    );
    create unique index delivery_troubles_one_open on delivery_troubles (kind, group_id, team_id)
      where mended_at is null;
  `.execute(db);
}
