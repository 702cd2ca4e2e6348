import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Fault } from '../core/fault.ts';
import type { AuditDestination, ExportedEntry } from '../ports/audit-destination.ts';
import { type LineSettings, lineOf } from './line.ts';
import { portionOf } from './portion.ts';

/** A pipe takes so many bytes whole, or none of them (PIPE_BUF of Linux). */
const WHOLE_BYTES = 4_096;
/** A pipe that is full is tried again after this, in milliseconds. */
const FULL_MS = 20;
const STDOUT = 1;
const writeBehind = promisify(write);

/**
 * Standard output, where the log is too. Everything is written behind the back of this process, so that a slow reader
 * holds nothing up. What a pipe does not take whole, a line of the log could come into the midst of. So an entry of
 * more comes without its data, and says so.
 */
export function standardOutput(lines: LineSettings, fd = STDOUT): AuditDestination {
  const toLine = (entry: ExportedEntry) => lineOf(entry, lines, { bytes: WHOLE_BYTES - 1 });
  return {
    name: 'stdout',
    called: 'standard output',
    async send(entries, until) {
      for (let sent = 0; ; ) {
        const rest = entries.slice(sent);
        if (rest.length === 0 || (sent > 0 && until.aborted)) return sent;
        const portion = portionOf(rest, toLine, { bytes: WHOLE_BYTES, entries: rest.length });
        await put(fd, Buffer.from(`${portion.lines.join('\n')}\n`), until);
        sent += portion.lines.length;
      }
    },
    async check() {},
    next: () => 'see that somebody reads the standard output of Latchkey',
  };
}

async function put(fd: number, text: Buffer, until: AbortSignal): Promise<void> {
  for (let at = 0; at < text.length; ) {
    if (until.aborted) throw notTaken('its reader is slow');
    try {
      at += (await writeBehind(fd, text, at, text.length - at, null)).bytesWritten;
    } catch (error) {
      const { code = 'no reader' } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') throw notTaken(code, error);
      await sleep(FULL_MS, undefined, { signal: until }).catch(() => {});
    }
  }
}

function notTaken(why: string, cause?: unknown): Fault {
  return new Fault('siem.unavailable', `standard output takes nothing (${why})`, { retryable: true, cause });
}
