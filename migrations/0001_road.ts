import { type Kysely, sql } from 'kysely';

/** People, changes, grants, the outbox, messages and the audit trail. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table people (
      id uuid primary key,
      email text not null,
      login text not null,
      name text not null,
      status text not null,
      title text,
      department text,
      manager text,
      time_zone text,
      updated_at timestamptz not null default now()
    );
    create index people_email on people (lower(email));
    create index people_login on people (lower(login));

    -- Each link is verified by the system that owns it; a renamed login or new e-mail never makes a second person.
    create table person_links (
      system text not null,
      external_id text not null,
      person_id uuid not null references people (id),
      verified_at timestamptz not null default now(),
      primary key (system, external_id)
    );
    create index person_links_person on person_links (person_id, system);

    create table changes (
      id uuid primary key,
      idempotency_key text unique,
      state text not null,
      version int not null,
      kind text not null,
      entitlement_key text not null,
      person_id uuid not null references people (id),
      requester_id uuid references people (id),
      -- on a grant that has ended: the revoke that takes the access away, written in the same transaction
      revoke_id uuid references changes (id) deferrable initially deferred,
      group_id text,
      team_id text,
      requested_at timestamptz not null,
      lapses_at timestamptz,
      doc jsonb not null
    );
    create index changes_open_pair on changes (person_id, group_id)
      where state in ('applying', 'verifying', 'awaitingSignIn', 'late');
    create index changes_asking on changes (lapses_at) where state in ('received', 'asking');
    create index changes_person on changes (person_id, entitlement_key, requested_at desc);
    create index changes_revoke on changes (revoke_id) where revoke_id is not null;
    create index changes_recent on changes (requested_at desc);
    -- One pending request for a person and entitlement: the database refuses the second of two racing ones.
    create unique index changes_one_pending on changes (person_id, entitlement_key)
      where kind = 'grant' and state in ('received', 'asking');

    create table grants (
      id uuid primary key,
      change_id uuid not null unique references changes (id),
      person_id uuid not null references people (id),
      entitlement_key text not null,
      group_id text not null,
      team_id text not null,
      starts_at timestamptz not null,
      ends_at timestamptz not null,
      ended_at timestamptz,
      -- when to warn of the end; null once warned
      warn_at timestamptz
    );
    create index grants_unended_pair on grants (person_id, group_id) where ended_at is null;
    create index grants_unended_end on grants (ends_at) where ended_at is null;
    create index grants_warn on grants (warn_at) where warn_at is not null;
    create index grants_entitlement on grants (entitlement_key) where ended_at is null;

    create table summaries (
      change_id uuid primary key references changes (id),
      sheet jsonb not null,
      plain text not null,
      -- null until the model answered or was given up on
      advice jsonb
    );

    -- Work that is owed. A row is open until its job has run; the queue is only the motor.
    create table outbox (
      id bigint generated always as identity primary key,
      key text not null,
      job text not null,
      payload jsonb not null,
      priority smallint not null,
      -- grows when the same work is called for again while open: the run in progress may have looked too early
      generation int not null default 1,
      next_at timestamptz not null default now(),
      leases int not null default 0,
      -- handed out and not concluded yet; next_at is then the end of the lease
      leased boolean not null default false,
      attempts int not null default 0,
      last_fault text,
      created_at timestamptz not null default now(),
      done_at timestamptz
    );
    create unique index outbox_open_key on outbox (key) where done_at is null;
    create index outbox_due on outbox (next_at) where done_at is null;
    create index outbox_done on outbox (done_at) where done_at is not null;

    create table messages (
      change_id uuid not null references changes (id),
      key text not null,
      channel text,
      ts text,
      fingerprint text,
      -- set before posting; without ts afterwards the outcome is unknown
      posting_since timestamptz,
      primary key (change_id, key)
    );

    create table audit (
      id bigint generated always as identity primary key,
      xid xid8 not null default pg_current_xact_id(),
      at timestamptz not null,
      type text not null,
      change_id uuid,
      actor jsonb not null,
      data jsonb not null
    );
    create index audit_sealing on audit (xid, id);
    create index audit_change on audit (change_id, id) where change_id is not null;

    create table audit_seals (
      seq bigint primary key,
      audit_id bigint not null unique references audit (id),
      hash bytea not null
    );

    create function refuse_rewrite() returns trigger language plpgsql as $$
    begin
      raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
    end $$;
    create trigger audit_append_only before update or delete on audit
      for each row execute function refuse_rewrite();
    create trigger audit_no_truncate before truncate on audit
      for each statement execute function refuse_rewrite();
    create trigger audit_seals_append_only before update or delete on audit_seals
      for each row execute function refuse_rewrite();
    create trigger audit_seals_no_truncate before truncate on audit_seals
      for each statement execute function refuse_rewrite();
  `.execute(db);
}
