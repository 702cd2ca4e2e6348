import { type Kysely, sql } from 'kysely';

/** When people last used Anypoint, as its own records and the IdP's tell; and the weekly digests. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- The newest use by one account, by record. Whose account it is stands in person_links, and may be learned later.
    create table usage_records (
      source text not null,
      system text not null,
      external_id text not null,
      last_at timestamptz not null,
      -- what was done, where the record says it
      what text,
      primary key (source, external_id)
    );
    create index usage_records_account on usage_records (system, external_id);
    -- How far each record was read. Nothing that happened since "since" was missed, up to "checked_at".
    create table usage_sources (
      source text primary key,
      system text not null,
      since timestamptz,
      position jsonb,
      checked_at timestamptz,
      -- why it could not be read at the last look
      trouble text
    );
    -- Somebody used Anypoint again after a long silence.
    create table usage_returns (
      person_id uuid not null references people (id),
      returned_at timestamptz not null,
      silent_since timestamptz not null,
      source text not null,
      primary key (person_id, returned_at)
    );

    create table digests (
      id uuid primary key,
      kind text not null,
      person_id uuid not null references people (id),
      -- the day of the week that it is for, on which it is due in the reader's time zone
      week date not null,
      time_zone text not null,
      due_at timestamptz not null,
      made_at timestamptz not null,
      -- asked for by its reader; null: it came by itself
      asked_at timestamptz,
      -- how many lines of each kind; none: there was nothing to say, and nothing was sent
      counts jsonb not null,
      doc jsonb not null
    );
    -- Nobody is told twice what the week brought.
    create unique index digests_once on digests (person_id, kind, week) where asked_at is null;
    create index digests_week on digests (week);
    create table digest_lines (
      digest_id uuid not null references digests (id),
      place int not null,
      kinds text[] not null,
      -- copied from what it is about, by the hundred thousand: no check of each against the other tables
      person_id uuid not null,
      entitlement_key text not null,
      -- the grant that it is about, or the finding; null: a membership from before Latchkey
      change_id uuid,
      doc jsonb not null,
      answer jsonb,
      primary key (digest_id, place)
    );
    create index digest_lines_found on digest_lines (change_id) where kinds[1] = 'found';
    create index digest_lines_revoke on digest_lines ((answer->>'revokeId')) where answer is not null;
    create index digest_lines_answered on digest_lines (person_id, entitlement_key) where answer is not null;

    create index if not exists people_manager on people (lower(manager)) where manager is not null;
  `.execute(db);
}
