import { becomeSealer, sealedCount } from '../store/audit-seals.ts';
import { keepCheckpoint, lastCheckpoint, type StoredCheckpoint } from '../store/audit-tree.ts';
import type { Db, Tx } from '../store/postgres/database.ts';
import { checkpointText } from './checkpoint.ts';
import type { LogKeys } from './log-keys.ts';
import { rootAt, type Tree } from './merkle.ts';
import { parseNote, signersOf, signNote } from './note.ts';
import { growTree, treeReader } from './tree.ts';

/** The origin of a log without a key: nobody signs it. */
const UNSIGNED_ORIGIN = 'unsigned.invalid/audit';

export type CheckpointMade = { made: StoredCheckpoint | null } | { refused: string };

/**
 * Makes checkpoints of what is sealed. Never one that contradicts the one before, nor one that this process has seen: a
 * log that signs two histories proves nothing. `keys`: those of the moment. `seenBefore`: what
 * is known of the log from elsewhere when this process begins.
 */
export function createCheckpoints(
  keys: () => LogKeys,
  seenBefore: () => Promise<Tree | null> = async () => null,
): (db: Db) => Promise<CheckpointMade> {
  let seen: Tree | null = null;
  let isFirst = true;
  return async (db) => {
    if (isFirst) seen = await seenBefore();
    isFirst = false;
    const done = await db.transaction().execute(async (tx): Promise<CheckpointMade> => {
      if (!(await becomeSealer(tx))) return { made: null };
      return await makeCheckpoint(tx, keys(), seen);
    });
    if ('made' in done && done.made !== null) seen = done.made;
    return done;
  };
}

async function makeCheckpoint(tx: Tx, keys: LogKeys, seen: Tree | null): Promise<CheckpointMade> {
  const size = await sealedCount(tx);
  const last = await lastCheckpoint(tx);
  if (last?.size === size && isSignedByAll(last.note, keys) && (seen === null || seen.size === size))
    return { made: null };
  if (size === 0 && last === null) return { made: null };
  for (const known of [last, seen])
    if (known !== null && known.size > size)
      return {
        refused: `entries ${size + 1} to ${known.size} had been sealed, and are gone`,
      };
  if (!(await growTree(tx, size))) return { made: null };
  const read = treeReader(tx);
  for (const known of [last, seen])
    if (known !== null && !(await rootAt(read, known.size)).equals(known.root))
      return { refused: `of entries 1 to ${known.size}, which had been sealed, some have been changed` };
  const why = last === null || keys.signers.length === 0 ? null : whyNotOurs(last.note, keys);
  if (why !== null) return { refused: why };
  const origin = keys.signers[0]?.verifier.name ?? UNSIGNED_ORIGIN;
  const root = await rootAt(read, size);
  const made = { size, root, note: signNote(checkpointText({ origin, size, root }), keys.signers) };
  await keepCheckpoint(tx, made);
  return { made: { ...made, madeAt: new Date() } };
}

/** One without a signature was made before there was a key. */
function whyNotOurs(note: string, { verifiers }: LogKeys): string | null {
  const parsed = parseNote(note, true);
  if (parsed === null) return 'the last checkpoint can’t be read';
  const { signedBy, isForged } = signersOf(parsed, verifiers);
  if (isForged) return 'the last checkpoint has a signature that its key did not make';
  return signedBy.length > 0 || parsed.signatures.length === 0
    ? null
    : 'the last checkpoint is signed with a key that is not known here: name the verifier key in AUDIT_EARLIER_KEYS, if it was ours';
}

function isSignedByAll(note: string, { signers }: LogKeys): boolean {
  const parsed = parseNote(note, true);
  if (parsed === null) return false;
  const { signedBy } = signersOf(
    parsed,
    signers.map(({ verifier }) => verifier),
  );
  return signers.every(({ verifier }) => signedBy.some(({ vkey }) => vkey === verifier.vkey));
}
