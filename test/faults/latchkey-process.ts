import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sandboxSettings } from '../../src/sandbox/launch.ts';
import { compileCache } from '../compile-cache.ts';

const READY_WITHIN_MS = 60_000;

/** `src/main.ts` with real settings, as a process of its own that can be killed. */
export type LatchkeyProcess = {
  url: string;
  /** Resolves when it is ready. */
  start(): Promise<void>;
  /** Starts it and does not wait. */
  launch(): void;
  kill(): Promise<void>;
  close(): Promise<void>;
};

/** The example policy, without the rounds that would mix with what a test counts. */
function policyWithoutCanary(dir: string): string {
  const policy = join(dir, 'policy');
  cpSync(resolve('policy'), policy, { recursive: true });
  const file = join(policy, 'catalogue.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^canary: .*$/m, ''));
  return policy;
}

export function latchkeyProcess(settings: {
  worldUrl: string;
  databaseUrl: string;
  port: number;
  redisUrl?: string | null;
  /** More of the environment. */
  env?: Record<string, string>;
  /** Options of `npm start`. */
  args?: readonly string[];
}): LatchkeyProcess {
  const { worldUrl, databaseUrl, port } = settings;
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-killed-'));
  const url = `http://127.0.0.1:${port}`;
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ...compileCache,
    LOG_LEVEL: 'warn',
    PORT: String(port),
    POLICY_DIR: policyWithoutCanary(dir),
    DATABASE_URL: databaseUrl,
    ...(settings.redisUrl == null ? {} : { REDIS_URL: settings.redisUrl }),
    ...sandboxSettings(worldUrl),
    ...settings.env,
  };
  let child: ChildProcess | null = null;
  let said = '';

  async function kill(): Promise<void> {
    const dying = child;
    child = null;
    if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((r) => dying.once('exit', r));
    dying.kill('SIGKILL');
    await gone;
  }

  function launch(): ChildProcess {
    said = '';
    const started = spawn(process.execPath, [resolve('src/main.ts'), ...(settings.args ?? [])], {
      cwd: dir,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [started.stdout, started.stderr])
      stream?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    child = started;
    return started;
  }

  return {
    url,
    launch,
    async start() {
      const started = launch();
      const end = Date.now() + READY_WITHIN_MS;
      while (
        !(await fetch(`${url}/readyz`).then(
          (r) => r.ok,
          () => false,
        ))
      ) {
        if (Date.now() > end || started.exitCode !== null)
          throw new Error(`Latchkey did not start:\n${said}`);
        await sleep(25);
      }
    },
    kill,
    async close() {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
