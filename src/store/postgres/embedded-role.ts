import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../core/fault.ts';
import type { Owner } from './own-folder.ts';

/** The superuser that `initdb` makes. It can't log in: it is for single-user mode, which only its owner can start. */
export const SUPERUSER = 'latchkey';
/** Latchkey's role in its embedded database: it owns the database, and is nobody beyond it. */
export const ROLE = 'latchkey_product';
export const DATABASE = 'postgres';
const SECRET_FILE = 'latchkey.secret';
const SECRET = /^[0-9a-f]{64}$/;

/** How to run single-user mode of the database in `home`. */
export type SingleUser = { postgres: string; home: string; owner: Owner; env: Record<string, string> };

/**
 * The password of Latchkey's role, from a file in the data folder that only its owner can read. Without a file the role
 * is set up: its rights as they should be, and a new password. That happens in three cases:
 * - the database is new
 * - the database is of a version whose Latchkey was the superuser by a known password
 * - the file is lost, or was open to others
 *
 * The server must not be running.
 */
export async function roleSecret(single: SingleUser): Promise<string> {
  const file = join(single.home, SECRET_FILE);
  const kept = keptSecret(single.home);
  if (kept !== null) return kept;
  const secret = randomBytes(32).toString('hex');
  await runStatements(single, setUp(secret));
  rmSync(file, { force: true });
  writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  return secret;
}

/** The password in the data folder; null: there is none that nobody else could read. */
export function keptSecret(home: string): string | null {
  const file = join(home, SECRET_FILE);
  const about = lstatSync(file, { throwIfNoEntry: false });
  if (about === undefined || !about.isFile()) return null;
  const uid = process.getuid?.();
  if (uid !== undefined && (about.uid !== uid || (about.mode & 0o077) !== 0)) return null;
  const secret = readFileSync(file, 'utf8').trim();
  return SECRET.test(secret) ? secret : null;
}

/** Each in one line: single-user mode takes a line for a statement. */
function setUp(secret: string): string[] {
  return [
    `do $$ begin if not exists (select from pg_roles where rolname = '${ROLE}') then create role ${ROLE}; end if; end $$`,
    `alter role ${ROLE} with login createdb nosuperuser nocreaterole noreplication nobypassrls password '${secret}'`,
    `alter database ${DATABASE} owner to ${ROLE}`,
    ...['nspname', 'relname', 'proname', 'typname'].map(
      (what) =>
        `do $$ declare o text; begin ${ownedBySuperuser[what as keyof typeof ownedBySuperuser]} end $$`,
    ),
    // How durable a write is, which leads nowhere else: tests and benches throw their databases away.
    ...['fsync', 'synchronous_commit', 'full_page_writes'].map(
      (name) => `grant alter system on parameter ${name} to ${ROLE}`,
    ),
    `grant execute on function pg_reload_conf() to ${ROLE}`,
    // An owner of tables can switch their triggers off anyway. Many rows are loaded at once in this way.
    `grant set on parameter session_replication_role to ${ROLE}`,
    `alter role ${SUPERUSER} with nologin password null`,
  ];
}

const loop = (select: string, alter: string) =>
  `for o in ${select} loop execute format('alter ${alter} %s owner to ${ROLE}', o); end loop;`;
const own = (kind: string) =>
  `join pg_namespace n on n.oid = t.${kind} where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/**
 * Hands over the objects that an older version made, whose Latchkey was the superuser. 10 is the superuser that initdb
 * makes.
 */
const ownedBySuperuser = {
  nspname: loop(
    `select quote_ident(nspname) from pg_namespace where nspowner = 10 and nspname !~ '^pg_' and nspname <> 'information_schema'`,
    'schema',
  ),
  // Sequences of a column go with their table.
  relname: loop(
    `select t.oid::regclass::text from pg_class t ${own('relnamespace')} and t.relowner = 10 and (t.relkind in ('r', 'p', 'v', 'm', 'f') or t.relkind = 'S' and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.deptype in ('a', 'i')))`,
    'table',
  ),
  proname: loop(
    `select t.oid::regprocedure::text from pg_proc t ${own('pronamespace')} and t.proowner = 10`,
    'routine',
  ),
  typname: loop(
    `select t.oid::regtype::text from pg_type t ${own('typnamespace')} and t.typowner = 10 and (t.typtype in ('e', 'd', 'r') or t.typtype = 'c' and (select relkind from pg_class where oid = t.typrelid) = 'c')`,
    'type',
  ),
};

/** Throws `store.unavailable`; without the statements, one of which has the password. */
async function runStatements(
  { postgres, home, owner, env }: SingleUser,
  statements: string[],
): Promise<void> {
  const settings = ['exit_on_error=on', 'log_min_error_statement=panic', 'log_statement=none'];
  const args = ['--single', '-D', home, ...settings.flatMap((one) => ['-c', one]), DATABASE];
  await new Promise<void>((resolve, reject) => {
    const child = execFile(postgres, args, { ...owner, cwd: home, env }, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      const why = /(?:FATAL|ERROR|PANIC): +(.*)/.exec(stderr)?.[1] ?? `exit ${error.code}`;
      reject(
        new Fault(
          'store.unavailable',
          `the rights of Latchkey in its embedded PostgreSQL can’t be set: ${why}`,
          {
            retryable: false,
          },
        ),
      );
    });
    // What it does not take is said by how it ends.
    child.stdin?.on('error', () => {});
    child.stdin?.end(`${statements.join('\n')}\n`);
  });
}
