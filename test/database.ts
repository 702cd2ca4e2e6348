import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../src/store/postgres/database.ts';
import { query, withDatabase } from './global-setup.ts';

export type FreshDatabase = { url: string; database: Database; close(): Promise<void> };

/** A new, empty, migrated database on the run's PostgreSQL, copied from the template. `close` drops it. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const server = inject('postgresUrl');
  const name = `latchkey_${randomBytes(8).toString('hex')}`;
  // Less work than the default, which writes every page of the template into the log.
  await query(server, `create database ${name} template ${inject('postgresTemplate')} strategy file_copy`);
  const url = withDatabase(server, name);
  const database = await openDatabase(url);
  return {
    url,
    database,
    close: async () => {
      await database.close();
      await query(server, `drop database if exists ${name} with (force)`);
    },
  };
}
