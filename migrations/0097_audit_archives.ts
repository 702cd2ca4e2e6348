import { type Kysely, sql } from 'kysely';

/**
 * Segments of the audit that were written into files, and whose entries have left the table. Their seals stay, so the
 * tree is as it was, and outlive the entries. The one door through which an entry leaves: it belongs to a segment that
 * the same transaction has recorded.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table audit_archives (
      id bigint generated always as identity primary key,
      -- the numbers of the seals, both included
      first bigint not null,
      last bigint not null check (last >= first),
      -- of the file
      sha256 text not null,
      xid xid8 not null default pg_current_xact_id(),
      at timestamptz not null default clock_timestamp()
    );
    create index audit_archives_last on audit_archives (last);
    alter table audit_seals drop constraint audit_seals_audit_id_fkey;

    create or replace function refuse_rewrite() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' and tg_table_name = 'audit' and tg_level = 'ROW' then
        if exists (
          select from audit_seals s join audit_archives r on s.seq between r.first and r.last
          where s.audit_id = old.id and r.xid = pg_current_xact_id()
        ) then
          return old;
        end if;
      end if;
      raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
    end $$;
    create trigger audit_archives_append_only before update or delete on audit_archives
      for each row execute function refuse_rewrite();
    create trigger audit_archives_no_truncate before truncate on audit_archives
      for each statement execute function refuse_rewrite();
    alter table audit_archives enable always trigger audit_archives_append_only;
    alter table audit_archives enable always trigger audit_archives_no_truncate`.execute(db);
}
