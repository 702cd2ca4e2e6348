import { spawn } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Outside, readConfig } from '../config/config.ts';
import { Fault, invariant } from '../core/fault.ts';
import { isFree } from '../store/postgres/free-port.ts';
import { type IdpChoice, idpSettings } from './idps.ts';
import { SCRIPTED_MODEL } from './model/emulator.ts';
import { runningWorld, worldAt } from './running.ts';
import { company, credentials } from './seed.ts';

const READY_WITHIN_MS = 10_000;

export type LaunchedWorld = {
  url: string;
  outside: Outside;
  readToken: string;
  /** Tells the world of this Latchkey, with the tokens that its consoles are given. */
  introduce(tokens: Record<string, unknown>): Promise<void>;
  stop(): Promise<void>;
};

/**
 * The sandbox world beside Latchkey, as a process of its own. An earlier world of this folder may still run, because
 * Latchkey was killed. It is used again, with all that happened in it. Another folder's world is left alone: its state
 * is not ours, and we must not end it.
 */
export async function launchWorld(options: {
  dir: string;
  port: number;
  latchkeyUrl: string;
  fresh: boolean;
  idp?: IdpChoice;
}): Promise<LaunchedWorld> {
  const url = `http://127.0.0.1:${options.port}`;
  const stateFile = resolve(options.dir, 'world.json');
  const there = await worldAt(url);
  if (there !== null && there.stateFile !== stateFile)
    throw new Fault(
      'config.invalid',
      `port ${options.port} is taken by another sandbox (process ${there.pid}): choose another with --world-port`,
      { retryable: false },
    );
  // Started at another port before, and left by a Latchkey that was killed: two would write one state.
  const elsewhere = await runningWorld(stateFile);
  if (elsewhere !== null && elsewhere.url !== url) await end(elsewhere.pid, elsewhere.url);
  if (there === null && !(await isFree(options.port)))
    throw new Fault(
      'config.invalid',
      `port ${options.port} is taken by another program: choose another for the sandbox’s world with --world-port`,
      { retryable: false },
    );
  let pid = there?.pid ?? null;
  if (pid !== null && options.fresh) {
    await end(pid, url);
    pid = null;
  }
  if (options.fresh) rmSync(stateFile, { force: true });
  if (pid === null) pid = await spawnWorld({ ...options, stateFile }, url);
  const introduce = async (tokens: Record<string, unknown>) => {
    const installed = await fetch(`${url}/control/latchkey`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        url: options.latchkeyUrl,
        ...tokens,
        readToken: credentials.readToken,
        pid: process.pid,
      }),
    });
    if (!installed.ok)
      throw new Fault('config.invalid', `the sandbox world at ${url} does not take Latchkey's address`, {
        retryable: false,
      });
  };
  if (options.idp === undefined || options.idp === 'okta')
    await introduce({ scimToken: credentials.scimToken, hookSecret: credentials.oktaHookSecret });
  const started = pid;
  return {
    url,
    outside: sandboxOutside(url, options.idp ?? 'okta'),
    readToken: credentials.readToken,
    introduce,
    stop: () => end(started, url),
  };
}

/** The environment that connects a Latchkey to the world at this address: what `npm run world` prints. */
export function sandboxSettings(worldUrl: string, idp: IdpChoice = 'okta'): Record<string, string> {
  return {
    SLACK_BOT_TOKEN: credentials.slackBotToken,
    SLACK_SIGNING_SECRET: credentials.slackSigningSecret,
    SLACK_API_URL: `${worldUrl}/slack/api/`,
    ...idpSettings(worldUrl, idp),
    ANYPOINT_URL: `${worldUrl}/anypoint`,
    ANYPOINT_ORG_ID: company.anypointOrgId,
    ANYPOINT_CLIENT_ID: credentials.anypointClientId,
    ANYPOINT_CLIENT_SECRET: credentials.anypointClientSecret,
    OPENAI_API_KEY: credentials.modelApiKey,
    OPENAI_BASE_URL: `${worldUrl}/model/v1`,
    OPENAI_MODEL: SCRIPTED_MODEL,
    TICKETS_URL: `${worldUrl}/tickets/api/tickets/{ticket}`,
    TICKETS_TOKEN: credentials.ticketsToken,
    TICKETS_NAME: 'the ticket system',
    TICKETS_STATUS: 'status',
    TICKETS_CLOSED: 'Closed',
    TICKETS_TITLE: 'title',
    TICKETS_ASSIGNEE: 'assignee.name',
    SCIM_TOKEN: credentials.scimToken,
    READ_TOKEN: credentials.readToken,
  };
}

/** The sandbox's parties, as Latchkey reads them from such an environment. */
export function sandboxOutside(worldUrl: string, idp: IdpChoice = 'okta'): Outside {
  const { outside } = readConfig(sandboxSettings(worldUrl, idp));
  invariant(outside !== null, 'the sandbox’s settings are not whole');
  return outside;
}

async function spawnWorld(
  options: { dir: string; port: number; latchkeyUrl: string; stateFile: string },
  url: string,
): Promise<number> {
  mkdirSync(options.dir, { recursive: true });
  const log = openSync(join(options.dir, 'world.log'), 'a');
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('./main.ts', import.meta.url)),
      `--port=${options.port}`,
      `--state=${options.stateFile}`,
      `--latchkey=${options.latchkeyUrl}`,
      `--parent=${process.pid}`,
    ],
    // A session of its own: neither a killed Latchkey nor the terminal's Ctrl-C takes it along unasked.
    { stdio: ['ignore', log, log], detached: true },
  );
  child.unref();
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += 25) {
    const there = await worldAt(url);
    if (there?.stateFile === options.stateFile) return there.pid;
    if (child.exitCode !== null)
      throw new Fault(
        'config.invalid',
        `the sandbox world did not start: ${join(options.dir, 'world.log')} says why`,
        {
          retryable: false,
        },
      );
    await sleep(25);
  }
  throw new Fault(
    'config.invalid',
    `the sandbox world did not start within ${READY_WITHIN_MS / 1_000} s: see ${join(options.dir, 'world.log')}`,
    { retryable: false },
  );
}

async function end(pid: number, url: string): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    return;
  }
  for (let waitedMs = 0; waitedMs < 5_000 && (await worldAt(url))?.pid === pid; waitedMs += 50)
    await sleep(50);
}
