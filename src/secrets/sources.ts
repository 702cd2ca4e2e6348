import { readFile, stat } from 'node:fs/promises';
import { Fault } from '../core/fault.ts';

/** What a source holds under one version. */
export type Version = {
  text: string;
  /** As the source names it; of a file, the time of its last change. */
  id: string;
  madeAt: Date | null;
};

/** Where values are read from. One source may hold the values of several settings. */
export type Source = {
  /** Two settings with the same are read at once. */
  readonly address: string;
  /** Looked at again after so long, in milliseconds; left out: as usual. */
  readonly everyMs?: number;
  /**
   * What counts now, and what counted before where the source keeps that. Throws a fault `secrets.*`, whose message
   * follows the setting's name.
   */
  read(): Promise<{ now: Version; before: Version | null }>;
};

/** A file costs nothing to look at. */
const FILE_EVERY_MS = 5_000;
/** Far above any key or certificate, in bytes. */
const FILE_MAX = 65_536;

/** A mounted file. Whoever mounts it changes it by putting another in its place. */
export function fileSource(path: string): Source {
  return {
    address: `file:${path}`,
    everyMs: FILE_EVERY_MS,
    async read() {
      try {
        const { mtime, size } = await stat(path);
        if (size > FILE_MAX)
          throw unread('invalid', `is in a file of more than ${FILE_MAX / 1_024} KiB, which is no secret`);
        const bytes = await readFile(path);
        const text = textOf(bytes);
        if (text.trim() === '') throw unread('invalid', 'is in a file that is empty');
        return { now: { text, id: mtime.toISOString(), madeAt: mtime }, before: null };
      } catch (cause) {
        if (cause instanceof Fault) throw cause;
        const { code } = cause as NodeJS.ErrnoException;
        throw code === 'ENOENT'
          ? unread('not_found', `is in a file that is not there: see that ${path} is mounted`)
          : unread('forbidden', `is in a file that can’t be read (${code}): see the rights of ${path}`);
      }
    },
  };
}

/** Bytes as text, without a mark of order before it and a line’s end behind it. Throws `secrets.bad_answer`. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw unread('bad_answer', 'holds bytes that are no text: store it as text (UTF-8)');
  }
}

export function unread(
  trouble:
    | 'unauthorized'
    | 'forbidden'
    | 'not_found'
    | 'invalid'
    | 'throttled'
    | 'unavailable'
    | 'bad_answer',
  why: string,
  vendorCode?: string,
): Fault {
  return new Fault(`secrets.${trouble}`, why, {
    retryable: trouble === 'throttled' || trouble === 'unavailable',
    ...(vendorCode === undefined ? {} : { vendorCode }),
  });
}
