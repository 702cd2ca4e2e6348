import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from './core/fault.ts';

/**
 * One Latchkey per folder: two would stop each other's embedded PostgreSQL. A lock left by a killed process is
 * taken over. Throws `config.invalid` when another one runs. Answers what gives the lock back.
 */
export async function takeRunLock(dir: string): Promise<() => Promise<void>> {
  const file = join(dir, 'latchkey.pid');
  // Written elsewhere and linked into place: nobody ever reads a lock that does not say whose it is.
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        linkSync(own, file);
        return async () => rmSync(file, { force: true });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 1) throw cause;
        const pid = Number(readFileSync(file, 'utf8'));
        if (isLatchkey(pid))
          throw new Fault(
            'config.invalid',
            `another Latchkey (process ${pid}) runs in this folder: stop it first, or start from another folder`,
            { retryable: false, cause },
          );
        rmSync(file, { force: true });
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Alive and one of ours: a number can have gone to another program since. */
function isLatchkey(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is alive too; we may only not signal it.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return /src\/(main|cli)\.ts/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    // No /proc on this system: being alive has to do.
    return process.platform !== 'linux';
  }
}
