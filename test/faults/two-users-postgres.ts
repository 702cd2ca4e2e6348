import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/store/postgres/embedded.ts';
import { throwAwayFolder } from '../../src/store/postgres/guard.ts';

const DATABASE = 'app';

/** The users of its database, as a rotation by AWS has them: the second is made from the first, and they take turns. */
export const FIRST = 'app_user';
export const SECOND = 'app_user_clone';

export type TwoUsersPostgres = {
  /** The address of the database, with neither user nor password. */
  url: string;
  /** The address for somebody with the rights of both users. */
  adminUrl: string;
  admin: pg.Client;
  /** Every connection of this user ends at once: as after a failover, or as a careful rotation does. */
  endAll(user: string): Promise<void>;
  /** What each connection of this user is called. */
  connections(user: string): Promise<string[]>;
  stop(): Promise<void>;
};

/** A PostgreSQL with a database of two users, and somebody who may change their passwords. */
export async function startTwoUsersPostgres(): Promise<TwoUsersPostgres> {
  const folder = throwAwayFolder('two-users');
  const home = join(folder, 'postgres');
  const start = () => startEmbeddedPostgres(home, { throwAway: folder, settings: { fsync: 'off' } });
  const first = await start();
  const role = decodeURIComponent(new URL(first.url).username);
  await first.stop();
  asSuperuser(home, [
    `create role ${FIRST} login password 'one'`,
    `create role ${SECOND} login password 'clone' in role ${FIRST}`,
    // What one makes is the other's too.
    `alter role ${SECOND} set role ${FIRST}`,
    `create database ${DATABASE} owner ${FIRST}`,
    `alter role ${role} createrole`,
    `grant ${FIRST}, ${SECOND} to ${role} with admin option`,
    `grant pg_read_all_stats, pg_signal_backend to ${role}`,
  ]);
  const { url, stop } = await start();
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  const address = new URL(url);
  address.pathname = `/${DATABASE}`;
  const adminUrl = address.href;
  address.username = '';
  address.password = '';
  return {
    url: address.href,
    adminUrl,
    admin,
    async endAll(user) {
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [user]);
    },
    async connections(user) {
      const text = 'select application_name as name from pg_stat_activity where usename = $1';
      return (await admin.query<{ name: string }>(text, [user])).rows.map(({ name }) => name);
    },
    async stop() {
      await admin.end();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** In single-user mode, which its owner can start while the server does not run. */
function asSuperuser(home: string, statements: readonly string[]): void {
  const postgres = /^(\S+)/.exec(readFileSync(join(home, 'postmaster.opts'), 'utf8'))?.[1] ?? '';
  const { uid, gid } = statSync(home);
  const args = ['--single', '-D', home, '-c', 'exit_on_error=on', 'postgres'];
  execFileSync(postgres, args, {
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    cwd: home,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    input: `${statements.join('\n')}\n`,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}
