import { isDeepStrictEqual } from 'node:util';
import type { LogKeys } from '../../audit/log-keys.ts';
import { keyChanges } from '../../store/audit-keys.ts';
import type { Db } from '../../store/postgres/database.ts';
import { commit, noteByLatchkey } from '../kernel/commit.ts';

/**
 * Has the audit say which keys sign it, whenever that is another set than before. It is looked at when this process
 * finds its own keys changed, and not more often: of two processes one learns of a change before the other. So each
 * key that follows is named while the one before still signs, and whoever knows that one can see by what it is followed.
 */
export function createKeyNotes(db: Db, keys: () => LogKeys): () => Promise<void> {
  let seen: string[] | null = null;
  return async () => {
    const signing = keys().signers.map(({ verifier }) => verifier.vkey);
    if (signing.length === 0 || isDeepStrictEqual(signing, seen)) return;
    await commit(db, async (unit) => {
      const before = (await keyChanges(unit.tx)).at(-1)?.keys ?? [];
      const isKnown = isDeepStrictEqual([...before].sort(), [...signing].sort());
      return {
        result: null,
        notes: isKnown ? [] : [noteByLatchkey(unit, 'auditKeysChanged', { keys: signing, before })],
      };
    });
    seen = signing;
  };
}
