import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeRunLock } from '../src/run-lock.ts';

let dir: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

const file = () => join(dir, 'latchkey.pid');

/** A process that is called as Latchkey is and holds the lock. Answers whether it got it. */
async function anotherLatchkey(at = 0): Promise<{ child: ChildProcess; took: boolean }> {
  // One file each: a process must not read what is being written for the next.
  const program = join(dir, `program-${children.length}`, 'src', 'main.ts');
  mkdirSync(dirname(program), { recursive: true });
  const lock = fileURLToPath(new URL('../src/run-lock.ts', import.meta.url));
  writeFileSync(
    program,
    `import { takeRunLock } from ${JSON.stringify(lock)};
     while (Date.now() < ${at}) {}
     await takeRunLock(${JSON.stringify(dir)}).then(() => process.stdout.write('took'), () => process.stdout.write('refused'));
     setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return { child, took: String(said) === 'took' };
}

describe('one Latchkey per folder', () => {
  test('the lock says whose it is, and is gone when given back', async () => {
    const release = await takeRunLock(dir);
    expect(readFileSync(file(), 'utf8')).toBe(String(process.pid));
    await release();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('while another runs it is refused, with its process and the way out', async () => {
    const { child, took } = await anotherLatchkey();
    expect(took).toBe(true);
    await expect(takeRunLock(dir)).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringMatching(new RegExp(`process ${child.pid}.*stop it first`)),
    });
    expect(readFileSync(file(), 'utf8')).toBe(String(child.pid));
  });

  test('one that was killed is taken over', async () => {
    const { child } = await anotherLatchkey();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await takeRunLock(dir);
    expect(readFileSync(file(), 'utf8')).toBe(String(process.pid));
  });

  test('of several that start at once, one gets it', async () => {
    const started = await Promise.all(Array.from({ length: 4 }, () => anotherLatchkey()));
    expect(started.filter((s) => s.took)).toHaveLength(1);
  });

  test.each([1, 2, 3])('of several that find one stale lock at once, one gets it (%d)', async () => {
    writeFileSync(file(), '999999999');
    const at = Date.now() + 1_000;
    const started = await Promise.all(Array.from({ length: 6 }, () => anotherLatchkey(at)));
    expect(started.filter((s) => s.took)).toHaveLength(1);
    expect(readdirSync(dir).filter((name) => name.startsWith('latchkey.pid'))).toEqual(['latchkey.pid']);
  });

  test('a takeover whose process was killed is taken over itself', async () => {
    writeFileSync(file(), '999999999');
    writeFileSync(`${file()}.takeover`, '999999998');
    await takeRunLock(dir);
    expect(readFileSync(file(), 'utf8')).toBe(String(process.pid));
    expect(readdirSync(dir)).toEqual(['latchkey.pid']);
  });

  test.each([
    ['a process that is no Latchkey', () => String(process.ppid)],
    ['nobody', () => '999999999'],
    ['nonsense', () => 'x'],
    ['nothing', () => ''],
  ])('a lock left in the name of %s is taken over', async (_whose, pid) => {
    writeFileSync(file(), pid());
    await takeRunLock(dir);
    expect(readFileSync(file(), 'utf8')).toBe(String(process.pid));
  });
});
