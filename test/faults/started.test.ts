import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { sandboxSettings } from '../../src/sandbox/launch.ts';
import { startWorld } from '../../src/sandbox/world.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { compileCache } from '../compile-cache.ts';
import { freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';

/** `npm start` as people type it: a process of its own in a folder of its own, and what it says. */
type Started = { child: ChildProcess; said: () => string; ended: Promise<number | null> };

const children: ChildProcess[] = [];
const folders: string[] = [];
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = new Promise((r) => child.once('exit', r));
    child.kill('SIGTERM');
    await gone;
  }
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'latchkey-started-'));
  chmodSync(made, 0o755);
  folders.push(made);
  return made;
}

function start(dir: string, options: string[], env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [resolve('src/main.ts'), ...options], {
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
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  return {
    child,
    said: () => said,
    ended: new Promise((r) => child.once('close', (code) => r(code))),
  };
}

/** `npm run latchkey -- …` in a folder. */
async function operator(dir: string, ...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [resolve('src/cli/cli.ts'), ...args], {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...compileCache, POLICY_DIR: resolve('policy') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const code = await new Promise<number | null>((r) => child.once('close', r));
  return { code, said };
}

async function listening(port: number): Promise<Server> {
  // It hangs up on everybody who asks it something, so that it can be closed.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return server;
}

const isReady = (started: Started) => () => {
  if (started.child.exitCode !== null) throw new Error(started.said());
  return started.said().includes('Latchkey is ready');
};

describe('a mistake in the command is one clear line', () => {
  test.each([
    [
      ['--bogus'],
      /^npm start: Unknown option '--bogus'.*\nThere are: --fresh, --only=…, --idp=…, --world-port=…\n$/,
    ],
    [['--world-port', 'abc'], /^--world-port: must be a number from 0 to 65535\n$/],
  ])('%j', async (options, says) => {
    const started = start(folder(), options);
    expect(await started.ended).toBe(1);
    expect(started.said()).toMatch(says);
  });
});

describe('the sandbox', () => {
  test('keeps what is its own in a folder of its own, and another clone’s world is left alone', async () => {
    // given a sandbox
    const dir = folder();
    const [port, worldPort] = [await freePort(), await freePort()];
    const options = [`--world-port=${worldPort}`];
    const first = start(dir, options, { PORT: String(port) });
    await eventually('it is ready', isReady(first), 40_000);
    expect(existsSync(join(dir, '.latchkey/sandbox/world.log'))).toBe(true);
    expect(existsSync(join(dir, '.latchkey/postgres'))).toBe(false);
    const health = async () =>
      (await (await fetch(`http://127.0.0.1:${worldPort}/control/health`)).json()) as {
        pid: number;
        stateFile: string;
      };
    const { pid, stateFile } = await health();
    expect(stateFile).toMatch(/\.latchkey\/sandbox\/world\.json$/);

    // when a second clone starts on the same port of the world, even to begin anew
    const second = start(folder(), [...options, '--fresh'], { PORT: String(await freePort()) });

    // then
    expect(await second.ended).toBe(1);
    expect(second.said()).toContain(
      `port ${worldPort} is taken by another sandbox (process ${pid}): choose another with --world-port`,
    );
    expect((await health()).pid).toBe(pid);

    // and when it is killed, the same folder’s next start takes its world over
    const gone = new Promise((r) => first.child.once('exit', r));
    first.child.kill('SIGKILL');
    await gone;
    const third = start(dir, options, { PORT: String(port) });
    await eventually('it is ready again', isReady(third), 40_000);
    expect((await health()).pid).toBe(pid);
  }, 120_000);

  test('on other ports it is found by the operator’s tools of its folder, and by those of no other', async () => {
    const dir = folder();
    const [port, worldPort] = [await freePort(), await freePort()];
    const started = start(dir, [`--world-port=${worldPort}`], { PORT: String(port) });
    await eventually('it is ready', isReady(started), 40_000);

    const here = await operator(dir, 'check');
    const elsewhere = await operator(folder(), 'check');

    // A thing that a newcomer may take for a mistake says that it is none, at the start and in the check.
    expect(started.said()).toMatch(
      /Here on purpose, and nothing is broken:\n {2}everyone-view {2}It shows .*\n {2}history {8}.* is made up\./,
    );
    expect(here.said).toMatch(
      /\n\nEnds with 1 because of everyone-view\.\neveryone-view is there on purpose\. It shows /,
    );

    // The event hook is looked for at the address that Okta knows, not at the usual one.
    expect(here.said).toMatch(/^Okta hook +ok$/m);
    expect(here.said).toMatch(/^orders-api-read +ready$/m);
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.said).toContain('no sandbox runs in this folder');
  }, 90_000);

  test.each([
    ['entra', ['Entra']],
    ['both', ['Okta', 'Entra']],
  ] as const)(
    'with --idp %s it is ready, names %j, and so does check',
    async (idp, names) => {
      const worldPort = await freePort();
      const dir = folder();
      const started = start(dir, [`--world-port=${worldPort}`, '--idp', idp], {
        PORT: String(await freePort()),
      });
      await eventually('it is ready', isReady(started), 60_000);
      // The operator's tools ask the same ones.
      const { said } = await operator(dir, 'check');
      expect([...said.matchAll(/^(Okta|Entra) +ok$/gm)].map(([, name]) => name)).toEqual(names);
      expect(started.said()).toContain(`no real Slack, ${names.join(', ')}, Anypoint or model is touched`);
      for (const name of names)
        expect(started.said()).toContain(
          `${name.padEnd(11)} http://127.0.0.1:${worldPort}/${name.toLowerCase()}\n`,
        );
      expect(started.said().includes('/okta\n')).toBe(idp === 'both');
    },
    80_000,
  );

  test('with the port of its world taken by another program it says which option helps', async () => {
    const taken = await listening(0);
    ends.push(() => new Promise((r) => taken.close(r)));
    const { port } = taken.address() as { port: number };
    const started = start(folder(), [`--world-port=${port}`], { PORT: String(await freePort()) });
    expect(await started.ended).toBe(1);
    expect(started.said()).toContain(`port ${port} is taken by another program: choose another`);
  });

  test('with its port taken it says so before it touches the world', async () => {
    const taken = await listening(0);
    ends.push(() => new Promise((r) => taken.close(r)));
    const { port } = taken.address() as { port: number };
    const dir = folder();
    const started = start(dir, [`--world-port=${await freePort()}`], { PORT: String(port) });
    expect(await started.ended).toBe(1);
    expect(started.said()).toContain(`port ${port} is taken: end what uses it, or set PORT to another`);
    expect(existsSync(join(dir, '.latchkey/sandbox/world.log'))).toBe(false);
  });
});

test('the start’s last line tells the truth: with a wrong token it is not ready, and says what can’t be done', async () => {
  const world = await startWorld({ port: 0, stateFile: null, latchkey: null });
  ends.push(() => world.close());
  const database = await freshDatabase();
  ends.push(() => database.close());
  const started = start(folder(), [], {
    ...sandboxSettings(world.url),
    SLACK_BOT_TOKEN: 'xoxb-wrong',
    DATABASE_URL: database.url,
    PORT: String(await freePort()),
    LOG_LEVEL: 'silent',
  });
  await eventually('it has started', () => started.said().includes('/readyz'), 40_000);
  expect(started.said()).toContain(
    'Can’t yet: requests and clicks in Slack: Slack does not accept our credentials',
  );
  expect(started.said().trimEnd().split('\n').at(-1)).toMatch(
    /^Latchkey has started after .* but can’t yet: requests and clicks in Slack\. /,
  );
  expect(started.said()).not.toContain('Latchkey is ready');
}, 60_000);

test('a database of another installation is refused, with both named and the way out', async () => {
  // given a database that Latchkey was started on for real
  const database = await freshDatabase();
  ends.push(() => database.close());
  const world = await startWorld({ port: 0, stateFile: null, latchkey: null });
  ends.push(() => world.close());
  const settings: Record<string, string> & { DATABASE_URL: string; PORT: string } = {
    ...sandboxSettings(world.url),
    DATABASE_URL: database.url,
    PORT: String(await freePort()),
  };
  const dir = folder();
  const first = start(dir, [], settings);
  await eventually('it is ready', isReady(first), 40_000);
  first.child.kill('SIGTERM');
  await first.ended;

  // when it is started without its settings, or with another Anypoint organisation
  const { DATABASE_URL, PORT } = settings;
  const asSandbox = start(dir, [`--world-port=${await freePort()}`], { DATABASE_URL, PORT });
  expect(await asSandbox.ended).toBe(1);
  const elsewhere = start(dir, [], { ...settings, ANYPOINT_ORG_ID: 'another' });
  expect(await elsewhere.ended).toBe(1);

  // then
  const owner = `the database belongs to Anypoint organisation ${settings.ANYPOINT_ORG_ID}`;
  expect(asSandbox.said()).toContain(`${owner}, but this is the sandbox: set the settings`);
  expect(elsewhere.said()).toContain(`${owner}, but this is Anypoint organisation another`);

  // and with its own it starts again
  const again = start(dir, [], settings);
  await eventually('it is ready', isReady(again), 40_000);
}, 120_000);
