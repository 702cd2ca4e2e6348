import type { Tree } from './merkle.ts';
import { base64, parseNote } from './note.ts';

/** A checkpoint (C2SP tlog-checkpoint): how large the log is, and the root of its tree. */
export type Checkpoint = Tree & { origin: string };

/** The text that is signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** What a checkpoint says, its signatures unchecked; null: this is none. */
export function parseCheckpoint(note: string): Checkpoint | null {
  const parsed = parseNote(note, true);
  const [origin = '', size = '', root = '', ...more] = (parsed?.text ?? '').split('\n');
  const hash = base64(root);
  // Lines after these are extensions, which nobody checks; the last is behind the last new line.
  const isWhole = more.at(-1) === '' && more.slice(0, -1).every((line) => line !== '');
  if (origin === '' || !isSize(size) || hash?.length !== 32 || !isWhole) return null;
  return { origin, size: Number(size), root: hash };
}

function isSize(text: string): boolean {
  return /^(0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text));
}

const PROOF = 'c2sp.org/tlog-proof@v1';

/** That an entry is in the log (C2SP tlog-proof). `index` counts from 0. */
export type LogProof = { index: number; path: readonly Buffer[]; checkpoint: string };

export function writeProof({ index, path, checkpoint }: LogProof): string {
  const lines = path.map((hash) => `${hash.toString('base64')}\n`).join('');
  return `${PROOF}\nindex ${index}\n${lines}\n${checkpoint}`;
}

/** Null: this is no such proof. What stands after `extra` proves nothing, and is left out. */
export function parseProof(text: string): LogProof | null {
  const end = text.indexOf('\n\n');
  const [head, ...lines] = text.slice(0, Math.max(0, end)).split('\n');
  if (lines[0]?.startsWith('extra ') === true) lines.shift();
  const index = /^index (\d+)$/.exec(lines.shift() ?? '')?.[1] ?? '';
  const path = lines.map(base64);
  if (head !== PROOF || !isSize(index) || path.length > 63) return null;
  if (!path.every((hash): hash is Buffer => hash?.length === 32)) return null;
  const checkpoint = text.slice(end + 2);
  return parseCheckpoint(checkpoint) === null ? null : { index: Number(index), path, checkpoint };
}
