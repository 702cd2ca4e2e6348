import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveHead, type ReadArchive, readArchive, writeArchive } from '../../audit/archive-file.ts';
import { canonicalEntry } from '../../audit/entry.ts';
import type { LogKeys } from '../../audit/log-keys.ts';
import { BLOCK, hashLeaf } from '../../audit/merkle.ts';
import { parseNote, signersOf } from '../../audit/note.ts';
import { treeReader } from '../../audit/tree.ts';
import { type AuditCheck, type VerifyOptions, verifyAudit } from '../../audit/verify.ts';
import { putBack } from '../../store/audit.ts';
import {
  type ArchivedSegment,
  archivedSegments,
  firstNotOlder,
  lastChained,
  removeArchived,
} from '../../store/audit-archives.ts';
import { exportLags } from '../../store/audit-exports.ts';
import { leavesBetween, type SealableRow, sealedBetween, sealedCount } from '../../store/audit-seals.ts';
import { lastCheckpoint, type StoredCheckpoint } from '../../store/audit-tree.ts';
import type { Db } from '../../store/postgres/database.ts';
import { commit, noteByLatchkey } from '../kernel/commit.ts';

/** Entries in one file at most: whole blocks of the tree. */
const SEGMENT = 256 * BLOCK;
/** Entries that are read, or put back, at a time. */
const PORTION = 4 * BLOCK;

/** A segment that was written into a file, and taken out of the table. */
export type Archived = ArchivedSegment & { path: string };

/** Why nothing more was archived, or put back, in words. */
export type NotDone = { why: string };

/**
 * Writes the entries before a time into files of a folder, and takes them out of the table, segment by segment. A
 * segment leaves only when all of this holds: its entries are as they were sealed, a checkpoint covers them (signed,
 * where there is a key), and its file was read back from the disk. The record of it, the entry in the audit and the
 * removal are one transaction. `verify` checks the segment as `audit verify` does.
 */
export async function archiveBefore(
  db: Db,
  given: { before: Date; folder: string; keys: LogKeys },
  verify: (options: VerifyOptions) => Promise<AuditCheck> = (options) => verifyAudit(db, options),
): Promise<{ archived: Archived[] } & Partial<NotDone>> {
  const archived: Archived[] = [];
  const checkpoint = await lastCheckpoint(db);
  const wrong = checkpoint === null ? 'there is no checkpoint yet' : whyUnsigned(checkpoint, given.keys);
  if (checkpoint === null || wrong !== null) return { archived, why: wrong ?? '' };
  await mkdir(given.folder, { recursive: true, mode: 0o700 });
  for (;;) {
    const segment = await nextSegment(db, given.before, checkpoint.size);
    if (segment === null) return { archived };
    const owed = await whoseAreOwed(db, segment);
    if (owed !== null) return { archived, why: owed };
    const done = await archiveSegment(db, { ...given, segment, checkpoint, verify });
    if ('why' in done) return { archived, ...done };
    archived.push(done);
  }
}

/** What has left can't be sent to a SIEM any more. */
async function whoseAreOwed(db: Db, { last }: ArchivedSegment): Promise<string | null> {
  const behind = (await exportLags(db)).find(({ seq }) => seq < last);
  return behind === undefined
    ? null
    : `${behind.destination} has been sent the audit up to entry ${behind.seq} only: \`latchkey check\` says why. One that is not used any more is set on with \`latchkey audit resend --from ${last + 1} ${behind.destination}\``;
}

function whyUnsigned({ note }: StoredCheckpoint, { verifiers }: LogKeys): string | null {
  const parsed = parseNote(note, true);
  const isSigned = parsed !== null && signersOf(parsed, verifiers).signedBy.length > 0;
  return verifiers.length === 0 || isSigned
    ? null
    : 'the newest checkpoint is not signed with a key of this log: see `latchkey audit verify`';
}

/** Whole blocks alone, and never the newest entry: the next seal goes on from it. */
async function nextSegment(db: Db, before: Date, covered: number): Promise<ArchivedSegment | null> {
  const done = (await archivedSegments(db)).reduce((most, { last }) => Math.max(most, last), 0);
  const first = done + 1;
  const younger = await firstNotOlder(db, first, before);
  const end = Math.min(
    (younger ?? Number.MAX_SAFE_INTEGER) - 1,
    covered,
    (await sealedCount(db)) - 1,
    done + SEGMENT,
  );
  const last = Math.floor(end / BLOCK) * BLOCK;
  return last < first ? null : { first, last };
}

type Segment = {
  folder: string;
  keys: LogKeys;
  segment: ArchivedSegment;
  checkpoint: StoredCheckpoint;
  verify: (options: VerifyOptions) => Promise<AuditCheck>;
};

async function archiveSegment(
  db: Db,
  { folder, keys, segment, checkpoint, verify }: Segment,
): Promise<Archived | NotDone> {
  const { first, last } = segment;
  const chained = await lastChained(db, last);
  if (chained >= first)
    return {
      why: `entries up to ${chained} were sealed before there was a tree, and stay: nothing before them can leave`,
    };
  const check = await verify({ keys, from: first, to: last });
  if ('damage' in check)
    return { why: `the audit is not as it was sealed (${check.why}): see \`latchkey audit verify\`` };
  const path = join(folder, `audit-${padded(first)}-${padded(last)}.jsonl`);
  const head = await archiveHead(treeReader(db), segment, checkpoint);
  try {
    await writeArchive(path, head, entriesOf(db, segment));
  } catch (error) {
    return {
      why: `${path} can’t be written (${(error as NodeJS.ErrnoException).code}): no file is written over; name another folder, or move it away`,
    };
  }
  const read = await readArchive(path, keys);
  if ('why' in read) return { why: `${path} is not what was written, and nothing has left: ${read.why}` };
  await commit(db, async (unit) => {
    const count = await removeArchived(unit.tx, { ...segment, sha256: read.sha256 });
    if (count !== last - first + 1) throw new RangeError(`${count} entries, not ${last - first + 1}`);
    const data = { first, last, sha256: read.sha256 };
    return { result: null, notes: [noteByLatchkey(unit, 'auditArchived', data)] };
  });
  return { ...segment, path };
}

function padded(seq: number): string {
  return String(seq).padStart(12, '0');
}

async function* entriesOf(db: Db, { first, last }: ArchivedSegment): AsyncGenerator<string[]> {
  for (let from = first; from <= last; from += PORTION) {
    const rows = await sealedBetween(db, from, Math.min(last, from + PORTION - 1));
    yield rows.map((row) => canonicalEntry(row as SealableRow));
  }
}

/**
 * Puts the entries of a file back into the table, where the seals are still theirs. The file is checked by itself
 * first; each entry is held against its seal as well, so a file of another audit changes nothing. Answers how many were
 * not there.
 */
export async function restoreArchive(
  db: Db,
  path: string,
  keys: LogKeys,
): Promise<(ReadArchive & { restored: number }) | NotDone> {
  let other: number | null = null;
  const read = await readArchive(path, keys, async (texts, seq) => {
    other ??= await firstOther(db, texts, seq);
  });
  if ('why' in read) return read;
  if (other !== null)
    return { why: `entry ${other} of it was not sealed in this audit: it is the archive of another` };
  const { first, last } = read.head;
  return await commit(db, async (unit) => {
    let restored = 0;
    await readArchive(path, keys, async (texts, seq) => {
      if ((await firstOther(unit.tx, texts, seq)) !== null)
        throw new RangeError(`${path} was changed meanwhile`);
      restored += await putBack(unit.tx, texts.map(entryIn));
    });
    const data = { first, last, sha256: read.sha256, restored };
    return { result: { ...read, restored }, notes: [noteByLatchkey(unit, 'auditRestored', data)] };
  });
}

/** The first number whose seal is not that of the entry; null: all are. */
async function firstOther(db: Db, texts: readonly string[], seq: number): Promise<number | null> {
  const leaves = await leavesBetween(db, seq, seq + texts.length - 1);
  const other = texts.findIndex((text, n) => leaves[n]?.equals(hashLeaf(text)) !== true);
  return other < 0 ? null : seq + other;
}

function entryIn(text: string): SealableRow {
  const { at, actor, data, ...rest } = JSON.parse(text);
  return { ...rest, at: new Date(at), actor: JSON.stringify(actor), data: JSON.stringify(data) };
}
