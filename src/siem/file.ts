import { constants } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault, type Trouble } from '../core/fault.ts';
import type { AuditDestination } from '../ports/audit-destination.ts';
import { type LineSettings, lineOf } from './line.ts';
import { portionOf } from './portion.ts';

/** Written in one call. */
const AT_ONCE = { bytes: 4_000_000, entries: 1_000 };
/** A collector of the same group reads it, nobody else does: it has names and reasons. */
const MODE = 0o640;
const LINE_END = 0x0a;

/**
 * A file that grows. It is opened anew each time, so whoever rotates it only has to move it away. What is counted as
 * there is on the disk.
 */
export function fileDestination(path: string, lines: LineSettings): AuditDestination {
  return {
    name: 'file',
    called: `the file ${path}`,
    async send(entries) {
      const portion = portionOf(entries, (entry) => lineOf(entry, lines), AT_ONCE);
      await told(path, async () => {
        await refuseOther(path);
        const file = await open(path, 'a+', MODE);
        try {
          const mended = (await isMidLine(file)) ? '\n' : '';
          await file.appendFile(`${mended}${portion.lines.join('\n')}\n`);
          await file.datasync();
        } finally {
          await file.close();
        }
      });
      return portion.lines.length;
    },
    async check() {
      await told(path, async () => {
        const isThere = await refuseOther(path);
        await access(isThere ? path : dirname(path), constants.W_OK);
      });
    },
    next({ vendorCode }) {
      if (vendorCode === 'ENOSPC' || vendorCode === 'EDQUOT') return 'make room on the disk of SIEM_FILE';
      if (vendorCode === 'ENOENT') return 'make the folder of SIEM_FILE, or name another file';
      if (vendorCode === 'EACCES' || vendorCode === 'EPERM' || vendorCode === 'EROFS')
        return 'let the user who runs Latchkey write SIEM_FILE and its folder';
      return 'see that SIEM_FILE names a file that can be written';
    },
  };
}

/** A pipe would be waited for, and a folder is none. Answers whether it is there. */
async function refuseOther(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null || found.isFile()) return found !== null;
  throw new Fault('siem.invalid', `${path} is no file`, { retryable: false });
}

/** A process that was killed, or a full disk, left half a line: the next begins beneath it. */
async function isMidLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_END;
}

const troubles: Readonly<Record<string, Trouble>> = {
  ENOENT: 'not_found',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EROFS: 'forbidden',
};

async function told(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof Fault || code === undefined) throw cause;
    throw new Fault(`siem.${troubles[code] ?? 'unavailable'}`, `${path} can’t be written (${code})`, {
      retryable: true,
      vendorCode: code,
      cause,
    });
  }
}
