import { createCheckpoints } from '../audit/checkpoints.ts';
import { noKeys } from '../audit/log-keys.ts';
import { sealAll } from '../audit/seal.ts';
import type { Data, Runtime } from './kernel/context.ts';

/** What is wrong with the audit is said again after this, in milliseconds. */
const SAY_AGAIN_MS = 60_000;

/**
 * Seals what was written, for about so long, and makes a checkpoint of it. A trail that contradicts what was sealed
 * before gets none: that is said, and it stays so until somebody has looked.
 */
export function createSealing(
  { db, log, auditKeys = () => noKeys }: Pick<Data & Runtime, 'db' | 'log' | 'auditKeys'>,
  forMs: number,
): () => Promise<void> {
  const checkpoint = createCheckpoints(auditKeys);
  let saidAt = Number.NEGATIVE_INFINITY;
  return async () => {
    await sealAll(db, forMs);
    const done = await checkpoint(db);
    if (!('refused' in done) || performance.now() - saidAt < SAY_AGAIN_MS) return;
    saidAt = performance.now();
    log.error(
      { why: done.refused },
      'the audit is not as it was sealed, and gets no checkpoint: run `latchkey audit verify`',
    );
  };
}
