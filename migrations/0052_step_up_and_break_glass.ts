import { type Kysely, sql } from 'kysely';

/**
 * Approvals that wait for a fresh sign-in. Of the link and of the browser only hashes are kept. `state`, `nonce` and
 * `verifier` belong to the sign-in that was begun last; `proof` is what the identity provider said of it.
 *
 * Emergencies: access that was taken at once, each with the review that somebody else owes it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table step_ups (
      id uuid primary key,
      change_id uuid not null references changes (id),
      person_id uuid not null references people (id),
      click jsonb not null,
      link_hash bytea not null unique,
      asked_at timestamptz not null,
      expires_at timestamptz not null,
      begun_at timestamptz,
      browser_hash bytea,
      state text unique,
      nonce text,
      verifier text,
      proof jsonb,
      ended_at timestamptz,
      outcome text,
      says text
    );
    create index step_ups_ended on step_ups (ended_at) where ended_at is not null;

    create table emergencies (
      change_id uuid primary key references changes (id) deferrable initially deferred,
      person_id uuid not null references people (id),
      entitlement_key text not null,
      opened_at timestamptz not null,
      review jsonb
    );
    create index emergencies_used on emergencies (person_id, entitlement_key, opened_at);
  `.execute(db);
}
