import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { sandboxSettings } from '../../src/sandbox/launch.ts';
import { startWorld } from '../../src/sandbox/world.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { compileCache } from '../compile-cache.ts';
import { unopenedDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { hasRedis, startRedis } from './redis-server.ts';
import { tcpProxy } from './tcp-proxy.ts';

/** From the signal to the end, on a machine that does much else. */
const ENDS_WITHIN_MS = 12_000;
const PATIENCE_MS = 120_000;

type Program = { child: ChildProcess; said: () => string; ended: Promise<number | null> };

const started: Program[] = [];
const folders: string[] = [];
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'latchkey-ended-'));
  chmodSync(made, 0o755);
  folders.push(made);
  return made;
}

/** A program of ours, in a process group of its own. `tmp`: its temporary directory. */
function run(
  command: string[],
  { cwd = resolve('.'), tmp = folder(), env = {} }: { cwd?: string; tmp?: string; env?: object } = {},
): Program {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...compileCache,
      TMPDIR: tmp,
      POLICY_DIR: resolve('policy'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const program = {
    child,
    said: () => said,
    ended: new Promise<number | null>((r) => child.once('exit', (code) => r(code))),
  };
  started.push(program);
  return program;
}

/** Processes whose command names this folder: PostgreSQL's, the world's. */
function processesIn(...words: string[]): string[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => words.some((word) => line.includes(word)) && !line.includes('latchkey-guard'));
}

const says = (program: Program, what: string | RegExp, ms = 60_000) =>
  eventually(
    `it says ${what}`,
    () => {
      if (program.child.exitCode !== null) throw new Error(program.said());
      return typeof what === 'string' ? program.said().includes(what) : what.test(program.said());
    },
    ms,
  );

const nothingIsLeft = (words: string[], ms = ENDS_WITHIN_MS) =>
  eventually(`nothing is left of ${words}`, () => processesIn(...words).length === 0, ms);

/** A package beside ours, whose script is ours: npm runs it there, with state and ports of its own. */
function packageWith(script: string): string {
  const dir = folder();
  writeFileSync(
    join(dir, 'package.json'),
    JSON.stringify({ name: 'latchkey-here', scripts: { start: script } }),
  );
  return dir;
}

describe('the sandbox, begun by npm start', () => {
  async function begun() {
    const [port, worldPort] = [await freePort(), await freePort()];
    const dir = packageWith(`${process.execPath} --max-semi-space-size=8 ${resolve('src/main.ts')}`);
    const program = run(['npm', 'start', '--', `--world-port=${worldPort}`], {
      cwd: dir,
      env: { PORT: String(port) },
    });
    await says(program, 'Latchkey is ready');
    // The world and PostgreSQL name the folder of their state, npm and Latchkey the port.
    return { program, port, dir, words: [dir, `--world-port=${worldPort}`] };
  }

  test.each(['SIGTERM', 'SIGKILL', 'SIGHUP'] as const)(
    '%s to npm ends Latchkey, the world and PostgreSQL',
    async (signal) => {
      // given
      const { program, port, words } = await begun();
      expect(processesIn(...words).length).toBeGreaterThanOrEqual(4);

      // when
      program.child.kill(signal);

      // then
      await nothingIsLeft(words);
      await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    },
    PATIENCE_MS,
  );

  test(
    'Ctrl-C, which comes to the whole group and from npm once more, ends everything in order',
    async () => {
      // given
      const { program, words } = await begun();

      // when
      process.kill(-(program.child.pid as number), 'SIGINT');

      // then
      await nothingIsLeft(words);
      expect(program.said()).toContain('Stopping…');
      expect(program.said()).not.toContain('Not waited for');
    },
    PATIENCE_MS,
  );

  test(
    'a Latchkey that is killed takes PostgreSQL along, and the world after a while in which another takes it over',
    async () => {
      // given
      const { dir, words } = await begun();
      const own = processesIn(`${resolve('src/main.ts')} ${words[1]}`).filter(
        (line) => !line.includes(' sh -c '),
      );
      expect(own).toHaveLength(1);
      const latchkey = Number(own[0]?.trim().split(' ')[0]);

      // when
      process.kill(latchkey, 'SIGKILL');

      // then
      await eventually(
        'PostgreSQL is gone',
        () => processesIn(`${dir}/.latchkey/sandbox/postgres`).length === 0,
        ENDS_WITHIN_MS,
      );
      await nothingIsLeft(words, 40_000);
    },
    PATIENCE_MS,
  );
});

describe('the demo', () => {
  const demo = [process.execPath, resolve('src/sandbox/demo/main.ts'), '--json'];

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGKILL', null],
  ] as const)(
    '%s ends its PostgreSQL, and its folder is removed',
    async (signal, code) => {
      // given
      const tmp = folder();
      const program = run(demo, { tmp });
      await says(program, '"step"');
      expect(processesIn(tmp).length).toBeGreaterThan(0);

      // when
      program.child.kill(signal);

      // then
      expect(await program.ended).toBe(code);
      await nothingIsLeft([tmp]);
      await eventually(
        'its folder is gone',
        () => readdirSync(tmp).filter((f) => f.startsWith('latchkey-demo')).length === 0,
      );
    },
    PATIENCE_MS,
  );

  test(
    'what a run left behind that nothing could clean up is removed by the next',
    async () => {
      // given the folder of a process that is no more, and one of a process that lives
      const tmp = folder();
      const [dead, living] = [join(tmp, 'latchkey-demo-dead'), join(tmp, 'latchkey-demo-living')];
      for (const [dir, pid] of [
        [dead, 999_999_999],
        [living, process.pid],
      ] as const) {
        mkdirSync(dir);
        writeFileSync(join(dir, 'owner.pid'), String(pid));
      }

      // when
      const program = run(demo, { tmp });
      await eventually('it has begun', () => processesIn(tmp).length > 0, 30_000);

      // then
      expect(existsSync(dead)).toBe(false);
      expect(existsSync(living)).toBe(true);
      program.child.kill('SIGTERM');
      await program.ended;
    },
    PATIENCE_MS,
  );
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'the world alone ends on %s and keeps its state',
  async (signal) => {
    const dir = folder();
    const state = join(dir, 'world.json');
    const program = run([
      process.execPath,
      resolve('src/sandbox/main.ts'),
      `--port=${await freePort()}`,
      `--state=${state}`,
    ]);
    await says(program, 'The outside world is at');
    program.child.kill(signal);
    expect(await program.ended).toBe(0);
    expect(existsSync(state)).toBe(true);
  },
  PATIENCE_MS,
);

test(
  'an operator’s command that is ended while it works leaves no PostgreSQL and no lock',
  async () => {
    // given a command on the embedded database
    const dir = folder();
    const program = run([process.execPath, resolve('src/cli/cli.ts'), 'audit', 'verify'], { cwd: dir });
    await eventually('PostgreSQL runs', () => processesIn(dir).length > 0, 30_000);

    // when
    program.child.kill('SIGTERM');

    // then
    await program.ended;
    await nothingIsLeft([dir]);
    expect(existsSync(join(dir, '.latchkey/latchkey.pid'))).toBe(false);
  },
  PATIENCE_MS,
);

describe('a Latchkey for real that is told to stop ends within seconds, and says what it did not wait for', () => {
  async function latchkey(settings: Record<string, string> = {}) {
    const world = await startWorld({ port: 0, stateFile: null, latchkey: null });
    ends.push(() => world.close());
    const fresh = await unopenedDatabase();
    ends.push(() => fresh.drop().catch(() => {}));
    const postgres = new URL(fresh.url);
    const toPostgres = await tcpProxy(Number(postgres.port));
    ends.push(toPostgres.close);
    postgres.port = String(toPostgres.port);
    const program = run([process.execPath, resolve('src/main.ts')], {
      cwd: folder(),
      env: {
        ...sandboxSettings(world.url),
        DATABASE_URL: postgres.href,
        PORT: String(await freePort()),
        LOG_LEVEL: 'warn',
        ...settings,
      },
    });
    await says(program, 'Latchkey is ready');
    return { program, world, toPostgres };
  }

  async function stops({ child, ended, said }: Program): Promise<void> {
    const at = Date.now();
    child.kill('SIGTERM');
    const code = await Promise.race([ended, sleep(ENDS_WITHIN_MS, 'it still runs')]);
    expect(code, said()).toBe(0);
    expect(Date.now() - at).toBeLessThan(ENDS_WITHIN_MS);
    expect(said()).toContain('Stopping…');
  }

  test(
    'with nothing away',
    async () => {
      const { program } = await latchkey();
      await stops(program);
      expect(program.said()).not.toContain('Not waited for');
    },
    PATIENCE_MS,
  );

  test.runIf(hasRedis()).each(['is gone', 'is frozen', 'was never there'] as const)(
    'while Redis %s',
    async (how) => {
      const redis = await startRedis();
      ends.push(() => redis.stop());
      if (how === 'was never there') await redis.stop();
      const { program } = await latchkey({ REDIS_URL: redis.url });
      if (how === 'is gone') await redis.stop();
      if (how === 'is frozen') redis.freeze();
      await sleep(1_000);
      await stops(program);
    },
    PATIENCE_MS,
  );

  test(
    'while PostgreSQL answers nothing',
    async () => {
      const { program, toPostgres } = await latchkey();
      toPostgres.fallSilent();
      await sleep(1_500);
      await stops(program);
    },
    PATIENCE_MS,
  );

  test(
    'while a job hangs in a call to Okta',
    async () => {
      // given
      const { program, world } = await latchkey();
      const fault = { vendor: 'okta', kind: 'timeout' };
      await fetch(`${world.url}/control/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
      await sleep(6_000);

      // then
      await stops(program);
    },
    PATIENCE_MS,
  );
});
