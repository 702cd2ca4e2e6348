import { canonicalEntry } from '../audit/entry.ts';
import type { ExportedEntry } from '../ports/audit-destination.ts';
import { ocsfEvent, ocsfStub } from './ocsf.ts';

export type LineFormat = 'jsonl' | 'ocsf';
export const lineFormats = ['jsonl', 'ocsf'] as const satisfies readonly LineFormat[];

/** What lines are made with: their form, an entry in words, and which version of Latchkey made them. */
export type LineSettings = {
  format: LineFormat;
  words: (entry: ExportedEntry) => string;
  version: string;
};

/** By this a collector knows the lines of the audit among others. */
const LOG = 'latchkey audit';
/** Letters of the words in an entry that was cut. */
const CUT_WORDS = 200;

/**
 * What breaks a line for some reader, or is seen by none: delete and the controls above it, the byte order mark, and
 * two line ends of Unicode. JSON says them as escapes, as it does the controls below the blank.
 */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\ufeff]/g;
const BEYOND_ASCII = /[^\x20-\x7e]/g;

/**
 * An entry as one line of JSON, without its end. Without `log`, `seq`, `text` and `about`, the canonical JSON of a line
 * of `jsonl` is what the tree's leaf is made of. One of more than `bytes` comes without its data, and says so.
 */
export function lineOf(
  entry: ExportedEntry,
  settings: LineSettings,
  { bytes = Infinity, isAscii = false } = {},
): string {
  const whole = written(entry, settings, isAscii);
  const size = Buffer.byteLength(whole);
  return size <= bytes ? whole : cut(entry, settings, { size, isAscii });
}

function written(entry: ExportedEntry, settings: LineSettings, isAscii: boolean): string {
  const text = settings.words(entry);
  if (settings.format === 'ocsf')
    return escaped(JSON.stringify(ocsfEvent(entry, text, settings.version)), isAscii);
  const { seq, about } = entry;
  const before = JSON.stringify({ log: LOG, seq, text, ...(about === null ? {} : { about: flat(about) }) });
  return escaped(`${before.slice(0, -1)},${canonicalEntry(entry).slice(1)}`, isAscii);
}

/** Small whatever the entry has: its data and its actor stay in the audit, where its number finds them. */
export function cut(
  entry: ExportedEntry,
  settings: LineSettings,
  { size, isAscii }: { size: number; isAscii: boolean },
): string {
  const { seq, id, at, type, changeId } = entry;
  const text = settings.words(entry).slice(0, CUT_WORDS).toWellFormed();
  const stub =
    settings.format === 'ocsf'
      ? ocsfStub(entry, text, { version: settings.version, size })
      : {
          log: LOG,
          seq,
          text,
          at: at.toISOString(),
          changeId,
          id,
          type,
          isTruncated: true,
          untruncatedSize: size,
        };
  return escaped(JSON.stringify(stub), isAscii);
}

function flat({ entitlement, person, target }: NonNullable<ExportedEntry['about']>) {
  return {
    entitlement,
    ...(person === null ? {} : { person: person.id, name: person.name, email: person.email }),
    ...(target === null ? {} : { group: target.groupName, team: target.teamName }),
  };
}

function escaped(json: string, isAscii: boolean): string {
  return json.replace(
    isAscii ? BEYOND_ASCII : UNSAFE,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
