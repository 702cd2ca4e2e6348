import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../src/store/postgres/database.ts';
import { startEmbeddedPostgres } from '../src/store/postgres/embedded.ts';
import { throwAwayFolder } from '../src/store/postgres/guard.ts';
import { FAKETIME_MISSING, faketime } from './evidence/played/put-forward-clock.ts';
import { hasPgbouncer } from './faults/pgbouncer.ts';
import { hasRedis } from './faults/redis-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the PostgreSQL server of this run. */
    postgresUrl: string;
    /** Name of a migrated, empty database on it, to copy. */
    postgresTemplate: string;
    /** Whose groups give access in a world that is told nothing else; Okta's without. */
    idp?: 'okta' | 'entra';
  }
}

const SETTINGS = {
  // A Latchkey takes up to 40, and a file of tests that wait side by side has eight of them; so have others meanwhile.
  max_connections: '1000',
  // It is thrown away at the end: it need not survive a power cut.
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  // No database lives long enough to need it.
  autovacuum: 'off',
  // The kernel copies the files of a template.
  file_copy_method: 'clone',
};

type Server = { url: string; template: string; stop(): Promise<void> };

/** Each project loads this file for itself, in one process. */
const ofRun = globalThis as { latchkeyPostgres?: { server: Promise<Server>; projects: number } };

/** One PostgreSQL for the whole run (TEST_DATABASE_URL, else an embedded one), with a migrated database to copy. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  ofRun.latchkeyPostgres ??= { server: withTemplate(), projects: 0 };
  const shared = ofRun.latchkeyPostgres;
  shared.projects += 1;
  const { url, template, stop } = await shared.server;
  project.provide('postgresUrl', url);
  project.provide('postgresTemplate', template);
  return async () => {
    shared.projects -= 1;
    if (shared.projects > 0) return;
    delete ofRun.latchkeyPostgres;
    await stop();
    sayWhatIsLeftOut();
  };
}

async function withTemplate(): Promise<Server> {
  const server = await startServer();
  const template = `latchkey_template_${process.pid}_${Date.now()}`;
  await query(server.url, `create database ${template}`);
  await (await openDatabase(withDatabase(server.url, template))).close();
  return {
    url: server.url,
    template,
    async stop() {
      await query(server.url, `drop database if exists ${template} with (force)`);
      await server.stop();
    },
  };
}

/** A run on a machine without Redis or Chromium passes, and says which suites it did not run. */
function sayWhatIsLeftOut(): void {
  const missing = [
    ...(hasRedis() ? [] : ['the suites on Redis (redis-server is not installed)']),
    ...(hasPgbouncer() ? [] : ['the suite behind a pooler (pgbouncer is not installed)']),
    ...(existsSync('/usr/bin/chromium') ? [] : ['the sandbox page (Chromium is not installed)']),
    ...(faketime === null ? [FAKETIME_MISSING] : []),
    ...(existsSync('../shared/contracts') ? [] : ['the vendor contracts (../shared/contracts is not there)']),
  ];
  if (missing.length > 0) process.stdout.write(`\nLeft out: ${missing.join('; ')}.\n`);
}

async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined && given !== '') return { url: given, stop: async () => {} };
  // PostgreSQL runs as a user of its own when we are root, so the folder must be open to it.
  const home = throwAwayFolder('test');
  const server = await startEmbeddedPostgres(join(home, 'postgres'), { throwAway: home, settings: SETTINGS });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The same server's address with another database. */
export function withDatabase(url: string, name: string): string {
  const address = new URL(url);
  address.pathname = `/${name}`;
  return address.href;
}

/** Runs one statement outside any database of ours. */
export async function query(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
