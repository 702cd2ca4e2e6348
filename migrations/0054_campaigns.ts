import { type Kysely, sql } from 'kysely';

/** Access review campaigns: each with its reviewers and its lines, a line for a membership or a rule. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table campaigns (
      id uuid primary key,
      state text not null,
      version int not null,
      opened_at timestamptz not null,
      -- what it covers, by key of the catalogue: for what is reviewed by its cadence
      entitlement_keys text[] not null,
      doc jsonb not null
    );
    create index campaigns_unfinished on campaigns (state) where state in ('preparing', 'ready', 'open', 'closing');

    create table campaign_lines (
      campaign_id uuid not null references campaigns (id),
      n int not null,
      kind text not null,
      -- null for a rule
      person_id uuid references people (id),
      entitlement_key text not null,
      group_id text not null,
      -- the grant that the snapshot found; null: it was there before Latchkey, or is a rule
      change_id uuid references changes (id),
      since timestamptz,
      ends_at timestamptz,
      -- null until gathered
      facts jsonb,
      insight text,
      in_bulk_allowed boolean,
      reviewer_id uuid references people (id),
      hops int not null default 0,
      handed_on text,
      shown_at timestamptz,
      draft text,
      draft_comment text,
      drafted_at timestamptz,
      draft_in_bulk boolean not null default false,
      decision text,
      comment text,
      decided_by uuid references people (id),
      decided_by_name text,
      decided_at timestamptz,
      -- the decision was made so: a grant not to be renewed is marked, a revoke is on its way
      carried_at timestamptz,
      revoke_id uuid references changes (id) deferrable initially deferred,
      advice jsonb,
      primary key (campaign_id, n)
    );
    create index campaign_lines_reviewer on campaign_lines (campaign_id, reviewer_id, n) where decision is null;
    create index campaign_lines_ungathered on campaign_lines (campaign_id, n) where facts is null;
    create index campaign_lines_uncarried on campaign_lines (campaign_id, n)
      where decision in ('revoke', 'doNotRenew') and carried_at is null;
    create index campaign_lines_pair on campaign_lines (person_id, group_id);

    create table campaign_reviewers (
      id uuid primary key,
      campaign_id uuid not null references campaigns (id),
      person_id uuid not null references people (id),
      name text not null,
      -- ids of the clicks of theirs that counted: one may come twice
      clicks text[] not null default '{}',
      -- names of the reminders that they were sent
      reminders text[] not null default '{}',
      unique (campaign_id, person_id)
    );

    create table campaign_certificates (
      campaign_id uuid primary key references campaigns (id),
      made_at timestamptz not null,
      sha256 text not null,
      kid text not null,
      -- JWS in its flattened JSON form (RFC 7515 section 7.2.2)
      jws text not null
    );

    -- Keys with which this installation signs what it hands out; made when first needed.
    create table signing_keys (
      kid text primary key,
      created_at timestamptz not null default clock_timestamp(),
      public_jwk jsonb not null,
      private_jwk jsonb not null
    );
  `.execute(db);
}
