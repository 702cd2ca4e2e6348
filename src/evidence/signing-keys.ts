import { signingTimes } from '../audit/key-history.ts';
import { listTitles } from '../core/evidence/controls.ts';
import { keyChanges } from '../store/audit-keys.ts';
import { checkpointFrom } from '../store/audit-tree.ts';
import { openList } from './list.ts';
import type { PackFacts } from './plan.ts';
import type { Writing } from './writing.ts';

const columns = ['keyId', 'verifierKey', 'signedFrom', 'signedTo', 'proof', 'handover'];
/** Where the entries by which keys follow each other stand in a pack. */
const FOLDER = 'keys/changes';

/**
 * Which keys signed when, as the audit has it. Beside each entry that names a key that follows is the proof of it by the
 * first checkpoint after it: that is signed by the key before too, while both sign. So whoever knows that one sees by
 * what it was followed.
 */
export async function writeSigningKeys(writing: Writing): Promise<PackFacts['signingKeys']> {
  const { tx, folder, lists, proofs } = writing;
  const changes = await keyChanges(tx);
  const name = 'signing-keys';
  const list = await openList(folder, { name, title: listTitles[name], query: null, counted: null, columns });
  const proven = await proofs.write(
    FOLDER,
    changes.map(({ id }) => id),
  );
  // The first key follows none.
  const handovers = await proofs.writeFirst(
    FOLDER,
    changes.slice(1).map(({ id }) => id),
    (seq) => checkpointFrom(tx, seq),
  );
  const times = signingTimes(changes);
  for (const { vkey, from, to, entry } of times)
    await list.add({
      keyId: vkey.split('+')[1] ?? null,
      verifierKey: vkey,
      signedFrom: from,
      signedTo: to,
      proof: proven.get(entry) ?? null,
      handover: handovers.get(entry) ?? null,
    });
  lists.set(name, await list.end());
  return { since: times[0]?.from ?? null };
}
