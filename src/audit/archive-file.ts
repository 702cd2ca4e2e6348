import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { parseCheckpoint } from './checkpoint.ts';
import type { LogKeys } from './log-keys.ts';
import { hashLeaf, type NodeReader, partsOfRange, type Tree, TreeEdge } from './merkle.ts';
import { base64, parseNote, signersOf } from './note.ts';

/**
 * A segment of the audit in a file of JSON Lines. The first line says what it is: which numbers, a checkpoint that
 * covers them, and the hashes of the tree beside them. Each line behind it is an entry in canonical JSON, the very bytes
 * of its leaf. So the file shows by itself, with the log's verifier key, that its entries are those that were sealed.
 */
const FORMAT = 'latchkey audit archive 1';
const NEW_LINE = 0x0a;
const PORTION = 1_024;

const hashes = z.array(z.string().refine((text) => base64(text)?.length === 32)).max(128);
const headSchema = z.object({
  format: z.literal(FORMAT),
  first: z.int().min(1),
  last: z.int().min(1),
  checkpoint: z.string(),
  before: hashes,
  after: hashes,
});

/** `before`, `after`: the hashes of the whole subtrees on both sides, up to the size of the checkpoint, as base64. */
export type ArchiveHead = Omit<z.infer<typeof headSchema>, 'format'>;

/** The head of the file of a segment. `read` knows the tree up to the checkpoint. */
export async function archiveHead(
  read: NodeReader,
  { first, last }: { first: number; last: number },
  { size, note }: { size: number; note: string },
): Promise<ArchiveHead> {
  const side = async (from: number, to: number) => {
    const nodes = partsOfRange(from, to).map(({ level, index }) => read(level, index));
    return (await Promise.all(nodes)).map((one) => one.toString('base64'));
  };
  return {
    first,
    last,
    checkpoint: note,
    before: await side(0, first - 1),
    after: await side(last, size),
  };
}

/** Writes a file that was not there, and has it on the disk. `entries`: their canonical JSON, in portions. */
export async function writeArchive(
  path: string,
  head: ArchiveHead,
  entries: AsyncIterable<readonly string[]>,
): Promise<void> {
  const file: FileHandle = await open(path, 'wx', 0o600);
  try {
    await file.write(`${JSON.stringify({ format: FORMAT, ...head })}\n`);
    for await (const some of entries) await file.write(some.map((entry) => `${entry}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** `sha256`: of the file, hexadecimal. `isSigned`: by a key of this log. */
export type ReadArchive = { head: ArchiveHead; tree: Tree; sha256: string; isSigned: boolean };

/**
 * Reads the file of a segment, and computes whether its entries are in the tree of its checkpoint. `onEntries` is
 * given them in portions, with the number of the first, before that is known. With keys, one of them has to have signed the checkpoint. A file that is not there is
 * thrown.
 */
export async function readArchive(
  path: string,
  { verifiers }: LogKeys,
  onEntries: (entries: readonly string[], seq: number) => Promise<void> = async () => {},
): Promise<ReadArchive | { why: string }> {
  const sum = createHash('sha256');
  let head: ArchiveHead | null = null;
  const edge = new TreeEdge();
  let seq = 0;
  let portion: string[] = [];
  const flush = async () => {
    if (portion.length > 0) await onEntries(portion, seq - portion.length);
    portion = [];
  };
  for await (const line of linesOf(path, (chunk) => sum.update(chunk))) {
    if (line === null) return { why: 'its last line is not whole: it was cut' };
    if (head === null) {
      head = readHead(line);
      if (head === null) return { why: 'its first line is not that of an archive of the audit' };
      addSide(edge, head.before, 0, head.first - 1);
      seq = head.first;
      continue;
    }
    if (seq > head.last) return { why: `it has more entries than ${head.first} to ${head.last}` };
    edge.add(hashLeaf(line));
    portion.push(line.toString());
    seq++;
    if (portion.length === PORTION) await flush();
  }
  await flush();
  if (head === null) return { why: 'it is empty' };
  const { first, last, checkpoint, after } = head;
  if (seq <= last) return { why: `entries ${seq} to ${last} are not in it: it was cut` };
  const [tree, note] = [parseCheckpoint(checkpoint), parseNote(checkpoint, true)];
  if (tree === null || note === null || tree.size < last) return { why: 'its checkpoint can’t be read' };
  addSide(edge, after, last, tree.size);
  if (!edge.root().equals(tree.root))
    return { why: `of entries ${first} to ${last} at least one is not as it was sealed` };
  const { signedBy, isForged } = signersOf(note, verifiers);
  const isSigned = signedBy.length > 0 && !isForged;
  if (verifiers.length > 0 && !isSigned)
    return { why: 'its checkpoint is not signed with a key of this log' };
  return { head, tree, sha256: sum.digest('hex'), isSigned };
}

/** A number of hashes that is not that of the side makes another root. */
function addSide(edge: TreeEdge, side: readonly string[], from: number, to: number): void {
  for (const [n, { level }] of partsOfRange(from, to).entries()) {
    const hash = base64(side[n] ?? '');
    if (hash !== null) edge.add(hash, level);
  }
}

function readHead(line: Buffer): ArchiveHead | null {
  try {
    const { format: _, ...head } = headSchema.parse(JSON.parse(line.toString()));
    return head.last >= head.first ? head : null;
  } catch {
    return null;
  }
}

/** Null: the last line has no end. */
async function* linesOf(path: string, onChunk: (chunk: Buffer) => void): AsyncGenerator<Buffer | null> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
    onChunk(chunk as Buffer);
    rest = Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let at = rest.indexOf(NEW_LINE); at >= 0; at = rest.indexOf(NEW_LINE, from)) {
      yield rest.subarray(from, at);
      from = at + 1;
    }
    rest = rest.subarray(from);
  }
  if (rest.length > 0) yield null;
}
