import { noKeys } from '../../audit/log-keys.ts';
import { createKeyNotes } from './key-notes.ts';
import { createSealing, type Sealing } from './sealing.ts';

/** What is done for the audit again and again: it is sealed, and says by which keys that is signed. */
export function createAuditRounds(context: Sealing, forMs: number): () => Promise<void> {
  const seal = createSealing(context, forMs);
  const noteKeys = createKeyNotes(context.db, context.auditKeys ?? (() => noKeys));
  return async () => {
    await seal();
    await noteKeys();
  };
}
