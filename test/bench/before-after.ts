import { spawn, spawnSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refuse } from '../../src/config/command-line.ts';
import { throwAwayFolder } from '../../src/store/postgres/guard.ts';
import { type Figure, middle, spreadOf } from './figure.ts';
import { isSame } from './runs.ts';

const here = fileURLToPath(new URL('../..', import.meta.url));

/** What is asked of each side's own bench: its names and options. */
export type Asked = { before: string; runs: number; args: readonly string[] };

/**
 * The same benches of an earlier commit and of the files as they are now, by turns, so that whatever else the machine
 * does meets both. The earlier commit stands in a folder of its own, with the packages of now.
 */
export async function beforeAndAfter(
  say: (line: string) => void,
  { before, runs, args }: Asked,
): Promise<Figure[]> {
  const folder = join(throwAwayFolder('bench'), 'before');
  git(['worktree', 'add', '--quiet', '--detach', folder, before]);
  try {
    await symlink(join(here, 'node_modules'), join(folder, 'node_modules'));
    const earlier: Figure[] = [];
    const now: Figure[] = [];
    for (let run = 1; run <= runs; run += 1) {
      say(`${before}: run ${run} of ${runs}…`);
      earlier.push(...(await figuresIn(folder, args)));
      say(`now: run ${run} of ${runs}…`);
      now.push(...(await figuresIn(here, args)));
    }
    return compared(earlier, now, before);
  } finally {
    git(['worktree', 'remove', '--force', folder]);
  }
}

function git(args: readonly string[]): void {
  const { status, stderr } = spawnSync('git', args, { cwd: here, encoding: 'utf8' });
  if (status !== 0) refuse(`npm run bench: git ${args.join(' ')}: ${stderr.trim()}`);
}

async function figuresIn(folder: string, args: readonly string[]): Promise<Figure[]> {
  const child = spawn(process.execPath, [join(folder, 'test/bench/main.ts'), '--json', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill());
  let said = '';
  child.stdout.on('data', (part: Buffer) => {
    said += part.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the bench in ${folder} ended with ${code}`);
  return said
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Figure);
}

/** Each figure that both have: the median of now beside the median of before, and the spread of their ratio. */
export function compared(earlier: readonly Figure[], now: readonly Figure[], before: string): Figure[] {
  const once = now.filter((figure, n) => now.findIndex((one) => isSame(one, figure)) === n);
  return once.flatMap((figure) => {
    const of = (all: readonly Figure[]) => all.filter((one) => isSame(one, figure)).map(({ value }) => value);
    const then = of(earlier);
    const after = of(now);
    if (then.length === 0) return [];
    const value = middle(after);
    const baselineValue = middle(then);
    const { spread: _, ...rest } = figure;
    return {
      ...rest,
      value,
      baseline: `at ${before}`,
      baselineValue,
      ratio: value / baselineValue,
      ...(after.length === then.length && after.length > 1
        ? { spread: spreadOf(after.map((one, n) => one / (then[n] ?? Number.NaN))) }
        : {}),
      target: 'none',
      holds: true,
    };
  });
}
