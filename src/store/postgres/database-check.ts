import type pg from 'pg';
import type { Checked } from '../../core/checked.ts';
import { Fault } from '../../core/fault.ts';
import type { GivenSecret } from '../../secrets/secret.ts';
import { migrationNames } from './database.ts';
import { openPool } from './pool.ts';
import { sharedByPooler } from './pooler.ts';
import { mayRewriteAudit } from './running-role.ts';

/** Ours and the database's clock may differ by this, in milliseconds: tokens and signatures are good for minutes. */
const CLOCKS_APART_MAX_MS = 5_000;
const LEAST_VERSION = 130_000;

type Looked = {
  version: number;
  words: string;
  readOnly: boolean;
  mayMake: boolean;
  now: Date;
  has: boolean;
};

/** Whether this PostgreSQL will do; changes nothing, not even its schema. */
export async function checkDatabase(url: GivenSecret): Promise<Checked[]> {
  const pool = openPool(url, { max: 1, name: 'latchkey check' });
  try {
    // Opened first: connecting takes time, and the clocks are compared.
    await pool.query('select 1');
    const askedAt = Date.now();
    const { rows } = await pool.query<Looked>(
      `select current_setting('server_version_num')::int as version, current_setting('server_version') as words,
         pg_is_in_recovery() or current_setting('transaction_read_only')::bool as "readOnly",
         coalesce(has_schema_privilege(current_schema(), 'create'), false) as "mayMake",
         clock_timestamp() as now, to_regclass('kysely_migration') is not null as has`,
    );
    const looked = rows[0] as Looked;
    const apartMs = looked.now.getTime() - (askedAt + Date.now()) / 2;
    const done = looked.has
      ? (await pool.query<{ name: string }>('select name from kysely_migration')).rows.map(({ name }) => name)
      : null;
    const ours = await migrationNames();
    const left = done === null ? null : ours.filter((one) => !done.includes(one)).length;
    return [
      { name: 'database', trouble: troubleWith(looked, left) ?? (await sharedByPooler(url)) },
      ...checkMigrations(ours, done, left),
      ...(await checkAuditRole(pool)),
      {
        name: 'database clock',
        trouble:
          Math.abs(apartMs) <= CLOCKS_APART_MAX_MS
            ? null
            : `it is ${Math.round(Math.abs(apartMs) / 1_000)} s ${apartMs > 0 ? 'before' : 'behind'} this machine’s: let both be set by NTP`,
      },
    ];
  } catch (error) {
    const what =
      error instanceof Fault
        ? error.message
        : `PostgreSQL does not do as asked (${(error as Error).message})`;
    return [{ name: 'database', trouble: `${what}: see that it runs, and that DATABASE_URL is right` }];
  } finally {
    await pool.end().catch(() => {});
  }
}

/** `left`: migrations still to come; null: all. With none, our role need not own anything. */
function troubleWith({ version, words, readOnly, mayMake }: Looked, left: number | null): string | null {
  if (version < LEAST_VERSION) return `it is PostgreSQL ${words}, and Latchkey needs 13 or newer`;
  if (readOnly) return 'it is read-only, a standby maybe: let DATABASE_URL name the primary';
  if (mayMake || left === 0) return null;
  return left !== null
    ? 'its schema is of an older Latchkey, and our user may not change it: run `latchkey migrate` as the owner of the tables'
    : 'our user may not make tables there: grant create on the schema (since PostgreSQL 15 nobody may in `public` unasked), or give Latchkey a database of its own';
}

/** `done` and `left`, the number of those still to come, are null where Latchkey was never started. */
function checkMigrations(
  ours: readonly string[],
  done: readonly string[] | null,
  left: number | null,
): Checked[] {
  const name = 'database schema';
  if (done === null)
    return [
      { name, trouble: 'Latchkey was never started on it; the first start makes it', isOptional: true },
    ];
  const newer = done.filter((one) => !ours.includes(one));
  if (newer.length > 0)
    return [
      {
        name,
        trouble: `it is that of a newer Latchkey (${newer.join(', ')}): run that one, or restore the backup from before`,
      },
    ];
  return [
    left === 0
      ? { name, trouble: null }
      : { name, trouble: `${left} migrations are still to come; the next start does them`, isOptional: true },
  ];
}

/** Whoever owns the audit's tables can switch their triggers off. */
async function checkAuditRole(pool: pg.Pool): Promise<Checked[]> {
  const name = 'database role';
  const looked = await mayRewriteAudit(pool);
  if (looked === null) return [];
  return [
    looked.may
      ? {
          name,
          trouble: `Latchkey runs as ${looked.role}, which could switch off the triggers that protect the audit: let it run as a role that owns no table (\`latchkey migrate --role\`, docs/audit.md)`,
          isOptional: true,
        }
      : { name, trouble: null, detail: `ok: ${looked.role} can only add to the audit` },
  ];
}
