import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds in one of the kernel's ticks, in which /proc counts: 100 a second on every Linux. */
const TICK_MS = 10;

/** The processor's time that a process has used so far, in milliseconds, of its own and of the children it waited for. */
type Used = { own: number; children: number; parent: number };

function usedBy(pid: number | string): Used | null {
  try {
    // After the name, which may hold blanks and brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const [parent, user, system, childUser, childSystem] = [1, 11, 12, 13, 14].map((n) => fields[n] ?? 0);
    return {
      own: ((user ?? 0) + (system ?? 0)) * TICK_MS,
      children: ((childUser ?? 0) + (childSystem ?? 0)) * TICK_MS,
      parent: parent ?? 0,
    };
  } catch {
    return null;
  }
}

/** The processor's time of a process so far, in milliseconds: in its own code and in the kernel's for it. */
export function processorMs(pid: number): number {
  return usedBy(pid)?.own ?? 0;
}

/** 0: there is no such process. */
export function parentOf(pid: number): number {
  return usedBy(pid)?.parent ?? 0;
}

/** That of a process with all that it has begun: the server, and each process of a connection. */
export function familyProcessorMs(pid: number): number {
  const server = usedBy(pid);
  if (server === null) return 0;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(usedBy)
    .filter((used) => used?.parent === pid);
  return server.own + server.children + children.reduce((sum, used) => sum + (used?.own ?? 0), 0);
}
