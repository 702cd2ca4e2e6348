import { sql } from 'kysely';
import type pg from 'pg';
import type { GivenSecret } from '../../secrets/secret.ts';
import { type Database, type Db, openDatabase } from './database.ts';

/** The tables whose rows are only ever added. */
const APPEND_ONLY = ['audit', 'audit_seals', 'audit_tree', 'audit_checkpoints', 'audit_archives'] as const;

/** The role that a command gave rights to, and the one that owns the tables. */
export type Roles = { owner: string; running: string };

/** Why a role can't be the one that Latchkey runs as, in words; null: it can. */
export type BadRole = { why: string };

/**
 * Brings the schema up to date as its owner, and lets another role run Latchkey on it. That role reads and writes all
 * tables, but it only adds to the audit, and it owns nothing of ours. So it can't switch the audit's triggers off.
 */
export async function migrateFor(url: GivenSecret, role: string): Promise<Roles | BadRole> {
  const database: Database = await openDatabase(url);
  try {
    return await grantTo(database.db, role);
  } finally {
    await database.close();
  }
}

type Asked = {
  owner: string;
  database: string;
  schema: string;
  isThere: boolean;
  isOwner: boolean;
  isSuper: boolean;
};

async function grantTo(db: Db, role: string): Promise<Roles | BadRole> {
  const { rows } = await sql<Asked>`
    select current_user as owner, current_database() as database, current_schema() as schema,
      r.rolname is not null as "isThere", coalesce(r.rolsuper, false) as "isSuper",
      coalesce(pg_has_role(r.rolname, current_user, 'MEMBER'), false) as "isOwner"
    from (select ${role}::name as asked) a left join pg_roles r on r.rolname = a.asked`.execute(db);
  const { owner, database, schema, isThere, isOwner, isSuper } = rows[0] as Asked;
  if (!isThere)
    return {
      why: `there is no role ${role}: make it (create role … login password …), then call this again`,
    };
  if (isSuper) return { why: `${role} is a superuser, from whom no right is kept: name another role` };
  if (isOwner)
    return {
      why: `${role} is ${role === owner ? 'the owner itself' : `a member of ${owner}, which owns the tables`}: name another role`,
    };
  const to = sql.id(role);
  const here = sql.id(schema);
  await db.transaction().execute(async (tx) => {
    for (const grant of [
      // BullMQ keeps a queue on PostgreSQL in a schema of its own, which it makes.
      sql`grant connect, create, temporary on database ${sql.id(database)} to ${to}`,
      sql`grant usage on schema ${here} to ${to}`,
      sql`grant select, insert, update, delete, truncate on all tables in schema ${here} to ${to}`,
      sql`grant usage, select on all sequences in schema ${here} to ${to}`,
      sql`grant execute on all routines in schema ${here} to ${to}`,
      ...[...APPEND_ONLY, 'kysely_migration', 'kysely_migration_lock'].map(
        (table) => sql`revoke update, delete, truncate, trigger on ${sql.table(table)} from ${to}`,
      ),
    ])
      await grant.execute(tx);
  });
  return { owner, running: role };
}

/** Whether the role of this connection could change the audit and not only add to it. Null: there is no audit yet. */
export async function mayRewriteAudit(pool: pg.Pool): Promise<{ role: string; may: boolean } | null> {
  const { rows } = await pool.query<{ role: string; may: boolean }>(
    `select current_user as role, bool_or(pg_has_role(c.relowner, 'MEMBER')
       or has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')) as may
     from pg_class c where c.oid in (select to_regclass(name) from unnest($1::text[]) name) having count(*) > 0`,
    [APPEND_ONLY],
  );
  return rows[0] ?? null;
}
