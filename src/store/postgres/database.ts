import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import type pg from 'pg';
import { Fault, invariant } from '../../core/fault.ts';
import type { GivenSecret } from '../../secrets/secret.ts';
import type { Tables } from '../schema/tables.ts';
import { openPool } from './pool.ts';
import { isOutdated, nameOf, prepareAnew } from './prepared.ts';
import { type SharedReads, shareReads } from './reads-together.ts';

export { surviveBreaks } from './pool.ts';

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** Connections for short work; locks that span an outside call have a pool of their own (locks.ts). */
const POOL_SIZE = 16;
/** And those on which reads go side by side. */
const READS_SIZE = 4;
/** And those on which is stored what somebody waits to have taken in (intake.ts): one for each kind. */
const INTAKE_SIZE = 2;
/** Whatever holds up one of them would hold up those that came with it: it goes alone, on another connection. */
const INTAKE_LOCK_WAIT_MS = 100;

export type Database = { db: Db; pool: pg.Pool; url: GivenSecret; close(): Promise<void> };

const pools = new WeakMap<Db, pg.Pool>();
const intakePools = new WeakMap<Db, pg.Pool>();

/** The connections behind a Db. */
export function poolOf(db: Db): pg.Pool {
  const pool = pools.get(db);
  invariant(pool !== undefined, 'this database was not opened by openDatabase');
  return pool;
}

/** The connections that are kept free of work, for what somebody waits to have taken in. */
export function intakePoolOf(db: Db): pg.Pool {
  const pool = intakePools.get(db);
  invariant(pool !== undefined, 'this database was not opened by openDatabase');
  return pool;
}

/** The same database, told apart from it. */
export function alike(db: Db): Db {
  const own = db.withoutPlugins();
  pools.set(own, poolOf(db));
  intakePools.set(own, intakePoolOf(db));
  return own;
}

/** Opens the database and brings its schema up to date. Replicas may do so at once: migrations take a lock. */
export async function openDatabase(url: GivenSecret): Promise<Database> {
  const database = connectDatabase(url);
  const { db } = database;
  const { error, results } = await new Migrator({ db, provider: migrations }).migrateToLatest();
  if (error !== undefined) {
    await db.destroy();
    const failed = results?.find((r) => r.status === 'Error')?.migrationName;
    throw new Fault(
      'store.unavailable',
      error instanceof Fault
        ? `the database can’t be opened: ${error.message}`
        : `database can’t be migrated${failed === undefined ? '' : ` (${failed})`}${isForbidden(error) ? ': our user may not change its schema; run `latchkey migrate` as the owner of the tables' : ''}`,
      {
        retryable: false,
        cause: error,
      },
    );
  }
  return database;
}

/** Insufficient privilege, in SQLSTATE. */
function isForbidden(error: unknown): boolean {
  return (error as { code?: unknown }).code === '42501';
}

/** The database as it is, for whoever only reads. */
export function connectDatabase(url: GivenSecret): Database {
  const pool = openPool(url, { max: POOL_SIZE, name: 'latchkey' });
  const reading = openPool(url, { max: READS_SIZE, name: 'latchkey' });
  const dialect = new PostgresDialect({ pool: apart(pool, shareReads(reading)) });
  const db = new Kysely<Tables>({ dialect });
  const intake = openPool(url, {
    max: INTAKE_SIZE,
    name: 'latchkey-intake',
    lockWaitMs: INTAKE_LOCK_WAIT_MS,
  });
  pools.set(db, pool);
  intakePools.set(db, intake);
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= db.destroy().then(async () => {
      await Promise.all([reading.end(), intake.end()]);
    });
    return closed;
  };
  return { db, pool, url, close };
}

/**
 * Plain reads go side by side on connections that they share. Everything else has a connection to itself until it ends:
 * a transaction, and whatever may wait for a lock, which would hold up the reads behind it.
 */
function apart(pool: pg.Pool, shared: SharedReads): pg.Pool {
  const connect = async () => {
    let own: pg.PoolClient | null = null;
    let isInTransaction = false;
    return {
      async query(text: string, values: readonly unknown[]) {
        if (own === null && isPlainRead(text)) return await shared.read(text, values);
        own ??= await pool.connect();
        isInTransaction ||= /^\s*(begin|start)\b/i.test(text);
        return isInTransaction ? await own.query(text, [...values]) : await prepared(own, text, values);
      },
      release(broken?: Error) {
        own?.release(broken);
        own = null;
      },
    };
  };
  return { connect, end: () => pool.end(), options: pool.options } as unknown as pg.Pool;
}

/**
 * One that comes again is prepared. What was prepared before a migration is refused before anything of it is done. Under
 * a name of its own: pg does not know what the batches of a transaction have prepared on the same connection.
 */
async function prepared(client: pg.PoolClient, text: string, values: readonly unknown[]) {
  const name = nameOf(text);
  try {
    return await client.query({
      ...(name === undefined ? {} : { name: `alone_${name}` }),
      text,
      values: [...values],
    });
  } catch (error) {
    if (name === undefined || !isOutdated(error)) throw error;
    prepareAnew(text);
    return await client.query(text, [...values]);
  }
}

/** Takes no lock, calls nothing of PostgreSQL's own, and belongs to no transaction. */
function isPlainRead(text: string): boolean {
  return (
    /^\s*select\b/i.test(text) &&
    !/\bfor\s+(no\s+key\s+)?(key\s+)?(update|share)\b|\bpg_|\bset_config\b|\bnextval\b/i.test(text)
  );
}

/** Throws `store.unavailable` when nothing can be stored: reading works on a standby too. */
export async function refuseReadOnly(db: Db): Promise<void> {
  // Refused as a write is, and then the pool connects anew; it holds up nobody.
  await sql`select from outbox where false for update`.execute(db);
}

const folder = new URL('../../../migrations/', import.meta.url);

/** Names of all migrations of this version. */
export async function migrationNames(): Promise<string[]> {
  return Object.keys(await migrations.getMigrations());
}

/** Every `migrations/*.ts`, in order of name. */
const migrations: MigrationProvider = {
  async getMigrations() {
    const found: Record<string, Migration> = {};
    for (const file of (await readdir(fileURLToPath(folder))).sort())
      if (file.endsWith('.ts'))
        found[file.slice(0, -3)] = await import(pathToFileURL(fileURLToPath(new URL(file, folder))).href);
    return found;
  },
};
