import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import pg from 'pg';
import { Fault } from '../core/fault.ts';
import type { Tables } from './tables.ts';

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** Connections for short work; locks that span an outside call have a pool of their own (locks.ts). */
const POOL_SIZE = 16;

export type Database = { db: Db; pool: pg.Pool; url: string; close(): Promise<void> };

const pools = new WeakMap<Db, pg.Pool>();

/** The connections behind a Db. */
export function poolOf(db: Db): pg.Pool {
  const pool = pools.get(db);
  if (pool === undefined) throw new Error('this database was not opened by openDatabase');
  return pool;
}

/** Opens the database and brings its schema up to date. Replicas may do so at once: migrations take a lock. */
export async function openDatabase(url: string): Promise<Database> {
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE, application_name: 'latchkey' });
  surviveBreaks(pool);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  pools.set(db, pool);
  const { error, results } = await new Migrator({ db, provider: migrations }).migrateToLatest();
  if (error !== undefined) {
    await db.destroy();
    const failed = results?.find((r) => r.status === 'Error')?.migrationName;
    throw new Fault(
      'store.unavailable',
      `database can’t be migrated${failed === undefined ? '' : ` (${failed})`}`,
      {
        retryable: false,
        cause: error,
      },
    );
  }
  return { db, pool, url, close: () => db.destroy() };
}

/**
 * A connection that breaks is replaced at the next query, and whoever was using it hears of it there. Without a
 * listener it would end the process: the pool's own hears of idle connections only, so each has another for the
 * time between two queries of a transaction or under a lock.
 */
export function surviveBreaks(pool: pg.Pool): void {
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
}

const folder = new URL('../../migrations/', import.meta.url);

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
