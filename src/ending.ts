import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

/** A step that ends something: its name as one reads it in "… did not end", and what does it. */
type EndStep = { name: string; end: () => Promise<unknown>; withinMs: number };

/** How a program of ours ends, however it is ended. */
export type Ending = {
  /** What was begun last is ended first. */
  begun(name: string, end: () => Promise<unknown>, withinMs?: number): void;
  /** Ends everything that was begun, each in its time; the program goes on. */
  endAll(): Promise<void>;
  /** Ends everything, then the program with this exit code. */
  now(code: number): Promise<never>;
};

const STEP_WITHIN_MS = 2_000;
/** A container is killed ten seconds after it was told to stop. */
const ALL_WITHIN_MS = 9_000;
/** Ctrl-C comes from the terminal and once more from npm; who presses it again means it. */
const MEANT_AFTER_MS = 500;
const LOOK_EVERY_MS = 500;
/** npm, the shell that it starts, and another shell around it. */
const ABOVE_MAX = 4;
/** By signal, as a shell counts it. */
const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Ends a program with everything it began. It ends when it is told to (SIGINT, SIGTERM, SIGHUP), when it breaks, or
 * when it loses the npm that started it. The signal of a stopped npm does not come through: npm passes it only to the
 * shell between them. `hangUp`: SIGHUP means this instead, unless the terminal is gone. `isService`: being told to stop
 * is no failure.
 */
export function createEnding(options: {
  say: (line: string) => void;
  isService?: boolean;
  hangUp?: () => void;
}): Ending {
  const steps: EndStep[] = [];
  const hadTerminal = isatty(0) || isatty(1);
  let endedAt: number | null = null;
  let over: Promise<never> | null = null;

  /** The first cause decides the exit code. A failure because of the ending is no news. */
  async function now(code: number): Promise<never> {
    over ??= endWith(code);
    return await over;
  }

  async function endWith(code: number): Promise<never> {
    endedAt ??= performance.now();
    setTimeout(() => {
      options.say('Ended, though not everything did in time. Nothing that was accepted is lost.');
      process.exit(code);
    }, ALL_WITHIN_MS).unref();
    await endAll();
    process.exit(code);
  }

  async function endAll(): Promise<void> {
    const late = await endInTime(steps.splice(0).reverse(), (name, error) =>
      options.say(`${name}: ${error.message}`),
    );
    if (late.length > 0) options.say(notWaitedFor(late));
  }

  function told(signal: keyof typeof codes, why: string): void {
    const code = options.isService === true ? 0 : codes[signal];
    if (endedAt !== null) {
      if (performance.now() - endedAt > MEANT_AFTER_MS) process.exit(code === 0 ? 1 : code);
      return;
    }
    endedAt = performance.now();
    options.say(why);
    void now(code);
  }

  function broke(error: unknown): void {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    if (endedAt === null) void now(1);
  }

  process.on('SIGINT', () => told('SIGINT', 'Stopping…'));
  process.on('SIGTERM', () => told('SIGTERM', 'Stopping…'));
  process.on('SIGHUP', () => {
    const isTerminalGone = hadTerminal && !isatty(0) && !isatty(1);
    if (options.hangUp !== undefined && !isTerminalGone) options.hangUp();
    else told('SIGHUP', 'The terminal is gone: stopping…');
  });
  process.on('uncaughtException', broke);
  process.on('unhandledRejection', broke);
  // A terminal or a pipe that is gone: what can't be said any more ends nothing by itself.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const npm = npmAbove();
  if (npm !== null)
    setInterval(() => {
      if (!isAlive(npm)) told('SIGTERM', 'npm, which started this, has ended: stopping…');
    }, LOOK_EVERY_MS).unref();

  return {
    begun(name, end, withinMs = STEP_WITHIN_MS) {
      steps.push({ name, end, withinMs });
      // It was begun while everything is being ended.
      if (endedAt !== null) void endAll();
    },
    endAll,
    now,
  };
}

/** A step of several things that end at the same time. */
export function step(name: string, withinMs: number, ...ends: (() => Promise<unknown>)[]): EndStep {
  return { name, withinMs, end: async () => await Promise.all(ends.map((end) => end())) };
}

export function notWaitedFor(late: readonly string[]): string {
  return `Not waited for any longer: ${late.join(', ')}. Nothing that was accepted is lost.`;
}

/**
 * Runs the steps one after another, each for its time at most. Answers the names of those that had not ended by then.
 */
export async function endInTime(
  steps: readonly EndStep[],
  failed: (name: string, error: Error) => void,
): Promise<string[]> {
  const late: string[] = [];
  for (const { name, end, withinMs } of steps) {
    const { promise: over, resolve } = Promise.withResolvers<'late'>();
    const timer = setTimeout(resolve, withinMs, 'late');
    const ending = end().catch((error: Error) => failed(name, error));
    if ((await Promise.race([ending, over])) === 'late') late.push(name);
    clearTimeout(timer);
  }
  return late;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too; we may only not signal it.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The npm (or its like) that started this program; null: it was started by itself. */
function npmAbove(): number | null {
  let pid = process.ppid;
  for (let up = 0; up < ABOVE_MAX && pid > 1; up += 1) {
    const parent = lookAt(pid);
    if (parent === null) return null;
    if (/(^|[\s/])(npm|npx|pnpm|yarn)(-cli)?(\.[cm]?js)?(\s|$)/.test(parent.command)) return pid;
    pid = parent.parent;
  }
  return null;
}

function lookAt(pid: number): { command: string; parent: number } | null {
  try {
    if (process.platform !== 'linux') {
      const said = execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' });
      const [, parent, command = ''] = /^\s*(\d+)\s+(.*)/.exec(said) ?? [];
      return { command, parent: Number(parent ?? 0) };
    }
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    // After the name in parentheses, which may hold anything: the state, and the parent.
    const [, parent] = /\)\s+\S+\s+(\d+)[^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return { command, parent: Number(parent ?? 0) };
  } catch {
    return null;
  }
}
