import { type Kysely, sql } from 'kysely';

/**
 * New seals are leaves of a Merkle tree over all seals in their order. The hash of such a seal is that of its leaf; the
 * seals before keep the hash that chained them. `audit_tree` has the hashes of whole subtrees of 256, 65,536 and
 * 16,777,216 leaves.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table audit_seals add column format smallint not null default 1;
    alter table audit_seals alter column format set default 2;

    create table audit_tree (
      level smallint not null,
      n bigint not null,
      hash bytea not null,
      primary key (level, n)
    );
    create table audit_checkpoints (
      id bigint generated always as identity primary key,
      size bigint not null,
      root bytea not null,
      -- a signed note (C2SP tlog-checkpoint); without a key it has no signature
      note text not null,
      made_at timestamptz not null default clock_timestamp()
    );
    create index audit_checkpoints_size on audit_checkpoints (size);

    create trigger audit_tree_append_only before update or delete on audit_tree
      for each row execute function refuse_rewrite();
    create trigger audit_tree_no_truncate before truncate on audit_tree
      for each statement execute function refuse_rewrite();
    create trigger audit_checkpoints_append_only before update or delete on audit_checkpoints
      for each row execute function refuse_rewrite();
    create trigger audit_checkpoints_no_truncate before truncate on audit_checkpoints
      for each statement execute function refuse_rewrite();
    alter table audit_tree enable always trigger audit_tree_append_only;
    alter table audit_tree enable always trigger audit_tree_no_truncate;
    alter table audit_checkpoints enable always trigger audit_checkpoints_append_only;
    alter table audit_checkpoints enable always trigger audit_checkpoints_no_truncate`.execute(db);
}
