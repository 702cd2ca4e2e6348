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
 * Makes checkpoints of what is sealed. Never one that contradicts the one before, nor one that this process has seen, or
 * was told of: a log that signs two histories proves nothing. `keys`: those of the moment. `toldSince`: what has become
 * known of the log from elsewhere since it was asked last.
 */
export function createCheckpoints(
  keys: () => LogKeys,
  toldSince: () => Promise<readonly Tree[]> = async () => [],
): (db: Db) => Promise<CheckpointMade> {
  let seen: Tree | null = null;
  let told: readonly Tree[] = [];
  return async (db) => {
    told = [...told, ...(await toldSince())];
    const done = await db.transaction().execute(async (tx): Promise<Done> => {
      if (!(await becomeSealer(tx))) return 'later';
      return await makeCheckpoint(tx, keys(), seen === null ? told : [seen, ...told]);
    });
    if (done === 'later') return { made: null };
    if ('refused' in done) return done;
    told = [];
    seen = done.goesOnTo ?? seen;
    return { made: done.made };
  };
}

/** `goesOnTo`: the tree that the log has gone on to from all that was known; null: it is empty. `later`: somebody else is at it. */
type Done = { made: StoredCheckpoint | null; goesOnTo: Tree | null } | { refused: string } | 'later';

async function makeCheckpoint(tx: Tx, keys: LogKeys, seen: readonly Tree[]): Promise<Done> {
  const size = await sealedCount(tx);
  const last = await lastCheckpoint(tx);
  const isMade = last?.size === size && isSignedByAll(last.note, keys);
  if (isMade && seen.every((one) => one.size === size && one.root.equals(last.root)))
    return { made: null, goesOnTo: last };
  if (size === 0 && last === null && seen.length === 0) return { made: null, goesOnTo: null };
  const known = last === null ? seen : [last, ...seen];
  for (const one of known)
    if (one.size > size)
      return {
        refused: `entries ${size + 1} to ${one.size} had been sealed, and are gone`,
      };
  if (!(await growTree(tx, size))) return 'later';
  const read = treeReader(tx);
  for (const one of known)
    if (!(await rootAt(read, one.size)).equals(one.root))
      return { refused: `of entries 1 to ${one.size}, which had been sealed, some have been changed` };
  const why = last === null || keys.signers.length === 0 ? null : whyNotOurs(last.note, keys);
  if (why !== null) return { refused: why };
  if (isMade) return { made: null, goesOnTo: last };
  const origin = keys.signers[0]?.verifier.name ?? UNSIGNED_ORIGIN;
  const root = await rootAt(read, size);
  const made = { size, root, note: signNote(checkpointText({ origin, size, root }), keys.signers) };
  await keepCheckpoint(tx, made);
  return { made: { ...made, madeAt: new Date() }, goesOnTo: made };
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
