import { type Kysely, sql } from 'kysely';

/** Many pairs decided on one card; summaries of those as well as of changes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table mass_changes (
      id uuid primary key,
      kind text not null,
      scope text not null,
      state text not null,
      version int not null,
      opened_at timestamptz not null,
      doc jsonb not null
    );
    create unique index mass_changes_one_open on mass_changes (kind, scope) where state in ('received', 'asking');
    create index mass_changes_unfinished on mass_changes (state) where state in ('received', 'asking', 'decided');

    create table mass_change_items (
      mass_change_id uuid not null references mass_changes (id),
      -- a person's id, the id of the change that granted, or an offboarding's id
      item_key text not null,
      person_id uuid not null references people (id),
      note text,
      -- kept, undone or dropped; null while undecided or not worked off yet
      outcome text,
      -- what it became; written in the same transaction
      change_id uuid references changes (id) deferrable initially deferred,
      primary key (mass_change_id, item_key)
    );
    create index mass_change_items_open on mass_change_items (person_id) where outcome is null;
    create index mass_change_items_todo on mass_change_items (mass_change_id, item_key) where outcome is null;

    alter table summaries drop constraint summaries_change_id_fkey;
    alter table summaries rename column change_id to about_id;
  `.execute(db);
}
