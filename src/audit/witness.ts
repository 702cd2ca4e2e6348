import { parseCheckpoint } from './checkpoint.ts';
import { EMPTY_ROOT, isConsistent, type Tree } from './merkle.ts';
import { base64, parseNote, signersOf, type Verifier } from './note.ts';

/** Lines of a consistency proof that a request may have at most (C2SP tlog-witness). */
const PROOF_LINES_MAX = 63;

/** What a witness answers: a status of HTTP with words, or the checkpoint that it may sign. */
export type Judgement =
  | { status: 400 | 403 | 404 | 422; why: string }
  /** It has seen another size last. */
  | { status: 409; size: number }
  | { status: 200; text: string; origin: string; tree: Tree };

/**
 * Judges a request of C2SP tlog-witness: whether the checkpoint is of a log that is known, signed by it, and consistent
 * with what was seen of that log before. Pure. `seen`: what it signed last; null: nothing.
 */
export function judge(
  request: string,
  logs: readonly Verifier[],
  seen: (origin: string) => Tree | null,
): Judgement {
  const asked = readRequest(request);
  if (asked === null) return { status: 400, why: 'this is no request of tlog-witness' };
  const { old, proof, text, note, tree, origin } = asked;
  const known = logs.filter(({ name }) => name === origin);
  if (known.length === 0) return { status: 404, why: `the log ${origin} is not known here` };
  const { signedBy, isForged } = signersOf(note, known);
  if (isForged || signedBy.length === 0) return { status: 403, why: 'no key of this log has signed it' };
  if (old > tree.size) return { status: 400, why: 'the old size is above the new one' };
  const last = seen(origin) ?? { size: 0, root: EMPTY_ROOT };
  if (old !== last.size) return { status: 409, size: last.size };
  return isGrown(last, tree, proof)
    ? { status: 200, text, origin, tree }
    : { status: 422, why: `it contradicts the ${last.size} entries that were seen before` };
}

/** Every log goes on from the empty one. */
function isGrown(last: Tree, now: Tree, proof: readonly Buffer[]): boolean {
  if (now.size === 0 && !now.root.equals(EMPTY_ROOT)) return false;
  return last.size === 0 ? proof.length === 0 : isConsistent(last, now, proof);
}

function readRequest(request: string) {
  const end = request.indexOf('\n\n');
  const [head = '', ...lines] = request.slice(0, Math.max(0, end)).split('\n');
  const old = /^old (0|[1-9]\d{0,14})$/.exec(head)?.[1];
  const proof = lines.map(base64);
  const checkpoint = request.slice(end + 2);
  const [said, note] = [parseCheckpoint(checkpoint), parseNote(checkpoint)];
  if (old === undefined || proof.length > PROOF_LINES_MAX || said === null || note === null) return null;
  if (!proof.every((hash): hash is Buffer => hash?.length === 32)) return null;
  return { old: Number(old), proof, note, text: note.text, tree: said, origin: said.origin };
}

/** What is sent to a witness. */
export function witnessRequest(old: number, proof: readonly Buffer[], checkpoint: string): string {
  return `old ${old}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${checkpoint}`;
}
