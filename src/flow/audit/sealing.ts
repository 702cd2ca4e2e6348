import { createCheckpoints } from '../../audit/checkpoints.ts';
import { noKeys } from '../../audit/log-keys.ts';
import type { S3Given } from '../../audit/s3-anchor.ts';
import { sealAll } from '../../audit/seal.ts';
import type { Data, Runtime } from '../kernel/context.ts';
import { anchorWhenDue } from './anchors.ts';
import { createToldElsewhere } from './told-elsewhere.ts';
import { createTroubleNotes } from './troubles.ts';

export type Sealing = Pick<Data & Runtime, 'db' | 'log' | 'nudge' | 'auditKeys' | 'auditAnchors'>;

/** What is wrong with the audit is said again after this, in milliseconds. */
const SAY_AGAIN_MS = 60_000;

/**
 * Seals what was written, for about so long, makes a checkpoint of it, and puts it elsewhere when that is due. A trail that contradicts what was sealed
 * before, or what the file or the bucket of checkpoints says, gets none: that is said, in the log and as a trouble, and it stays so until somebody has looked.
 */
export function createSealing(context: Sealing, forMs: number, given: S3Given = {}): () => Promise<void> {
  const { db, log, auditKeys = () => noKeys } = context;
  const note = createTroubleNotes(db);
  const checkpoint = createCheckpoints(auditKeys, createToldElsewhere(context, note, given));
  let saidAt = Number.NEGATIVE_INFINITY;
  return async () => {
    await sealAll(db, forMs);
    const done = await checkpoint(db);
    if (!('refused' in done)) {
      await note('checkpoints', null);
      return await anchorWhenDue(context);
    }
    if (performance.now() - saidAt < SAY_AGAIN_MS) return;
    saidAt = performance.now();
    await note('checkpoints', `none is made, as ${done.refused}: run \`latchkey audit verify\``);
    log.error(
      { why: done.refused },
      'the audit is not as it was sealed, and gets no checkpoint: run `latchkey audit verify`',
    );
  };
}
