import { type Kysely, sql } from 'kysely';

/**
 * Several identity providers in one installation. Until now there was one: whatever is stored is of Okta. Ids of an Entra
 * that only told beside it rested on an address, so they become those of the notifications.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- which one speaks for the person: the profile is as it says
    alter table people add column idp text not null default 'okta';
    -- as another one has them; null: the one that speaks for the person, or no identity provider
    alter table person_links add column status text;
    update person_links set system = 'graph' where system = 'entra';
    alter table person_snapshots add column system text not null default 'okta';
    alter table person_snapshots drop constraint if exists standings_pkey, drop constraint if exists person_snapshots_pkey;
    alter table person_snapshots add primary key (person_id, system);

    -- where a group is, beside its id
    update changes set doc = jsonb_set(doc, '{target,idp}', '"okta"')
    where jsonb_typeof(doc->'target') = 'object';
    update mass_changes set doc = jsonb_set(doc, '{target,idp}', '"okta"')
    where jsonb_typeof(doc->'target') = 'object';
    update campaign_lines set facts = jsonb_set(facts, '{target,idp}', '"okta"')
    where jsonb_typeof(facts->'target') = 'object';

    -- each identity provider is stamped by itself, so that one can join later
    create table installation_idps (system text primary key, belongs_to text not null);
    insert into installation_idps select 'okta', regexp_replace(belongs_to, ' and Anypoint organisation .*$', '')
    from installation where belongs_to like 'Okta % and Anypoint organisation %';
    update installation set belongs_to = regexp_replace(belongs_to, '^Okta .* and (Anypoint organisation )', '\\1');
  `.execute(db);
}
