import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandboxSettings } from '../../src/sandbox/launch.ts';
import { runningEmbeddedPostgres } from '../../src/store/postgres/embedded.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { compileCache } from '../compile-cache.ts';
import { eventually } from '../eventually.ts';

/** A program of ours as a process of its own, in a folder with state of its own. */
type Program = {
  child: ChildProcess;
  said: () => string;
  ended: Promise<number | null>;
};

const programs: Program[] = [];
const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'latchkey-beside-'));
  chmodSync(made, 0o755);
  folders.push(made);
  return made;
}

function run(dir: string, file: string, options: string[], env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [resolve(file), ...options], {
    cwd: dir,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...compileCache,
      POLICY_DIR: resolve('policy'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const program = {
    child,
    said: () => said,
    ended: new Promise<number | null>((r) => child.once('close', (code) => r(code))),
  };
  programs.push(program);
  return program;
}

const command = (dir: string, ...words: string[]) => run(dir, 'src/cli/cli.ts', words);
async function answer(dir: string, ...words: string[]): Promise<{ code: number | null; said: string }> {
  const program = command(dir, ...words);
  return { code: await program.ended, said: program.said() };
}

async function startSandbox(dir: string, { waits = true } = {}): Promise<Program> {
  const program = run(dir, 'src/main.ts', [`--world-port=${await freePort()}`], {
    PORT: String(await freePort()),
  });
  if (waits) await isReady(program);
  return program;
}

const isReady = (program: Program) =>
  eventually(
    'Latchkey is ready',
    () => {
      if (program.child.exitCode !== null) throw new Error(program.said());
      return program.said().includes('Latchkey is ready');
    },
    60_000,
  );

async function end(program: Program, signal: NodeJS.Signals): Promise<void> {
  program.child.kill('SIGCONT');
  program.child.kill(signal);
  await program.ended;
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  // It ends with its PostgreSQL.
  client.on('error', () => {});
  await client.connect();
  return client;
}

const database = (dir: string) => join(dir, '.latchkey/sandbox/postgres');
const lock = (dir: string) => join(dir, '.latchkey/latchkey.pid');
const STARTED_FOR_IT = 'its embedded database is started for this command';

/** Stops the clock of a command as soon as it holds the folder: it goes on holding it. */
async function held(dir: string): Promise<Program> {
  const program = command(dir, 'audit', 'verify');
  await eventually('the command holds the folder', () => existsSync(lock(dir)), 30_000);
  program.child.kill('SIGSTOP');
  expect(readFileSync(lock(dir), 'utf8')).toMatch(`${program.child.pid}\ncommand\n`);
  return program;
}

afterAll(async () => {
  await Promise.all(programs.map((program) => end(program, 'SIGTERM')));
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

// One folder for all: what each leaves behind is no hindrance to the next, and making a database takes seconds.
const dir = folder();

describe('beside a Latchkey that runs on the embedded database', () => {
  let latchkey: Program;
  beforeAll(async () => {
    latchkey = await startSandbox(dir);
  }, 90_000);

  test('a SCIM token is made, is taken by the running Latchkey at once, and is revoked', async () => {
    // when
    const made = await answer(dir, 'scim', 'token', 'create', '--source', 'entra', '--name', 'beside');

    // then
    expect(made.code).toBe(0);
    const token = /^lkscim_\S+$/m.exec(made.said)?.[0];
    const url = /Latchkey {4}(http:\S+)/.exec(latchkey.said())?.[1];
    const users = () => fetch(`${url}/scim/v2/Users`, { headers: { authorization: `Bearer ${token}` } });
    expect((await users()).status).toBe(200);
    expect((await answer(dir, 'scim', 'token', 'list')).said).toMatch(/ entra {2}beside: created /);
    expect(await answer(dir, 'scim', 'token', 'revoke', 'beside')).toMatchObject({ code: 0 });
    await eventually('it is worth nothing', async () => (await users()).status === 401, 10_000);
  }, 60_000);

  test('every other command answers from its database, and starts none of its own', async () => {
    // when they are all called at once
    const all = {
      replay: command(dir, 'policy', 'replay'),
      verify: command(dir, 'audit', 'verify'),
      mcp: command(dir, 'mcp', 'token', 'create', 'ines@acme.example'),
      reconcile: command(dir, 'reconcile'),
    };
    const codes = await Promise.all(Object.values(all).map(({ ended }) => ended));

    // then
    expect(
      codes,
      Object.values(all)
        .map((one) => one.said())
        .join('\n'),
    ).toEqual([0, 0, 0, 0]);
    expect(all.replay.said()).toMatch(/of 60 decisions/);
    expect(all.verify.said()).toContain('as they were sealed');
    expect(all.mcp.said()).toMatch(/^lkmcp_\S+$/m);
    expect(all.reconcile.said()).toMatch(/Asked for one|under way/);
    await eventually(
      'the running Latchkey has compared',
      async () => (await answer(dir, 'reconcile', '--last')).said.includes('The last comparison ended'),
      60_000,
    );
    for (const { said } of Object.values(all)) expect(said()).not.toContain(STARTED_FOR_IT);
  }, 90_000);

  test('check looks at what SCIM pushed, and says what made it end with 1', async () => {
    const { code, said } = await answer(dir, 'check');
    expect(code).toBe(1);
    expect(said).toMatch(/^SCIM +last used \d{4}-\d\d-\d\d \d\d:\d\d UTC, by \S/m);
    expect(said).toMatch(/^database schema +ok$/m);
    expect(said).toMatch(/\n\nEnds with 1 because of everyone-view\.\n/);
  }, 30_000);

  test('with the settings of an installation it is told that this is another database', async () => {
    const program = run(
      dir,
      'src/cli/cli.ts',
      ['scim', 'token', 'list'],
      sandboxSettings('http://127.0.0.1:9'),
    );
    expect(await program.ended).toBe(1);
    expect(program.said()).toMatch(
      /^Latchkey \(process \d+\) runs in this folder on the database in \.latchkey\/sandbox\/postgres, and this command is for the one in \.latchkey\/postgres: /m,
    );
    expect(existsSync(join(dir, '.latchkey/postgres'))).toBe(false);
  }, 30_000);

  test('a command whose Latchkey is stopped meanwhile says so, and the next starts the database itself', async () => {
    // given a command that waits for the table of the audit
    const url = (await runningEmbeddedPostgres(database(dir))) as string;
    const [holding, looking] = await Promise.all([connected(url), connected(url)]);
    await holding.query('begin');
    await holding.query('lock table audit in access exclusive mode');
    const { rows } = await looking.query('select clock_timestamp() as since');
    const program = command(dir, 'audit', 'verify');
    // Latchkey itself waits there too, on connections that are older.
    const waiting = `select from pg_locks join pg_stat_activity using (pid)
      where not granted and relation = 'audit'::regclass and backend_start > $1`;
    await eventually(
      'it waits',
      async () => (await looking.query(waiting, [rows[0].since])).rowCount !== 0,
      20_000,
    );

    // when
    await end(latchkey, 'SIGTERM');

    // then
    expect(await program.ended).toBe(1);
    expect(program.said()).toMatch(
      /^Latchkey \(process \d+\) ended while this command used its embedded database: call the command again/m,
    );
    const next = await answer(dir, 'audit', 'verify');
    expect(next).toMatchObject({ code: 0, said: expect.stringContaining(STARTED_FOR_IT) });
    expect(existsSync(lock(dir))).toBe(false);
  }, 90_000);
});

describe('while no Latchkey runs', () => {
  const patience = 120_000;

  test('of two commands at once, the second waits for the first', async () => {
    const both = [command(dir, 'audit', 'verify'), command(dir, 'scim', 'token', 'list')];
    expect(await Promise.all(both.map(({ ended }) => ended)), both.map((one) => one.said()).join()).toEqual([
      0, 0,
    ]);
    for (const { said } of both) expect(said()).toContain(STARTED_FOR_IT);
    expect(await runningEmbeddedPostgres(database(dir))).toBe(null);
  }, 60_000);

  test(
    'a Latchkey that is started while a command holds the database waits for its end, and says so; killed, it leaves no hindrance',
    async () => {
      // given
      const first = await held(dir);

      // when
      const latchkey = await startSandbox(dir, { waits: false });
      const says = `A command (process ${first.child.pid}) uses the embedded database: waiting for its end.`;
      await eventually('it says what it waits for', () => latchkey.said().includes(says), 30_000);
      const second = command(dir, 'audit', 'verify');
      await eventually(
        'so does another command',
        () =>
          second.said().includes(`Another command (process ${first.child.pid}) uses the embedded database`),
        30_000,
      );
      first.child.kill('SIGCONT');

      // then
      expect(await first.ended, first.said()).toBe(0);
      expect(await second.ended, second.said()).toBe(0);
      await isReady(latchkey);

      // and when it is killed, what it leaves is no hindrance to the next
      await end(latchkey, 'SIGKILL');
      expect(existsSync(lock(dir))).toBe(true);
      const after = await answer(dir, 'audit', 'verify');
      expect(after).toMatchObject({ code: 0, said: expect.stringMatching(/as they were sealed/) });
    },
    patience,
  );

  test(
    'what a killed command left is no hindrance to the next',
    async () => {
      // given a command that was killed with PostgreSQL running
      const first = command(dir, 'audit', 'verify');
      await eventually(
        'its PostgreSQL runs',
        async () => existsSync(lock(dir)) && (await runningEmbeddedPostgres(database(dir))) !== null,
        30_000,
      );
      await end(first, 'SIGKILL');
      expect(existsSync(lock(dir))).toBe(true);

      // when, then
      const next = await answer(dir, 'audit', 'verify');
      expect(next).toMatchObject({ code: 0, said: expect.stringContaining(STARTED_FOR_IT) });
    },
    patience,
  );
});
