import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- whom a push has deleted has lost the app, though nothing of them is left to look at
    create index observed_deleted on observed (person_id) where voice = 'scim' and told->>'happening' = 'deleted';

    -- pushedByAnother: the pushed group has a member under their login that is another account's, or so it seems
    alter table reconcile_apart drop constraint reconcile_apart_why_check;
    alter table reconcile_apart add constraint reconcile_apart_why_check
      check (why in ('unpushed', 'pushedOnly', 'pushedByAnother'));

    -- Whose an Anypoint user is was guessed by e-mail until now: what the IdP confirms is noted anew.
    delete from person_links where system = 'anypoint';
  `.execute(db);
}
