import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../src/store/postgres/database.ts';
import { query, withDatabase } from './global-setup.ts';

export type FreshDatabase = { url: string; database: Database; close(): Promise<void> };

/** A new, empty, migrated database on the run's PostgreSQL, copied from the template, for somebody else to open. */
export async function unopenedDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = inject('postgresUrl');
  const name = `latchkey_${randomBytes(8).toString('hex')}`;
  // Less work than the default, which writes every page of the template into the log.
  await query(server, `create database ${name} template ${inject('postgresTemplate')} strategy file_copy`);
  return {
    url: withDatabase(server, name),
    drop: () => query(server, `drop database if exists ${name} with (force)`),
  };
}

/** One that the test itself works on. `close` drops it. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const { url, drop } = await unopenedDatabase();
  const database = await openDatabase(url);
  return {
    url,
    database,
    close: async () => {
      await database.close();
      await drop();
    },
  };
}
