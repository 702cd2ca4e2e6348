import { setTimeout as sleep } from 'node:timers/promises';
import { parseCheckpoint } from '../../audit/checkpoint.ts';
import type { Tree } from '../../audit/merkle.ts';
import { createS3Look, type S3Given } from '../../audit/s3-anchor.ts';
import { lastAnchor } from '../../store/audit-anchors.ts';
import type { Data, Runtime } from '../kernel/context.ts';
import { lastInFile } from './anchors.ts';

/** The first checkpoint waits for the bucket so long, and no longer: one that is away holds up nobody. */
const WAIT_MS = 3_000;
const AGAIN_MS = 10_000;

/** Tells in words what is wrong with a part; null: nothing. */
type Tell = (part: string, why: string | null) => Promise<void>;

/**
 * What the places outside have of the log when this process begins, each once: the file, and the bucket as soon as it
 * answers. A database that was put back from a backup knows less than they do.
 */
export function createToldElsewhere(
  { db, log, auditAnchors }: Pick<Data & Runtime, 'db' | 'log' | 'auditAnchors'>,
  tell: Tell,
  given: S3Given = {},
): () => Promise<Tree[]> {
  const { file = null, s3 } = auditAnchors ?? {};
  const look = s3 === undefined ? null : createS3Look(s3, given);
  const told: Tree[] = [];
  let isFirst = true;
  let isKnown = look === null;
  let asking: Promise<void> | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;

  async function ask(): Promise<void> {
    const found = await look?.((await lastAnchor(db))?.size ?? 0);
    if (found === undefined) return;
    const tree = 'note' in found && found.note !== null ? parseCheckpoint(found.note) : null;
    const why =
      'why' in found
        ? found.why
        : found.note !== null && tree === null
          ? 'its newest checkpoint can’t be read: run `latchkey audit verify --since` with it'
          : null;
    if (tree !== null) told.push(tree);
    isKnown = why === null;
    await tell('what the bucket has', why);
  }

  return async () => {
    if (isFirst && file !== null) {
      const tree = await lastInFile(file);
      if (tree !== null) told.push(tree);
    }
    if (!isKnown && asking === null && performance.now() - askedAt >= AGAIN_MS) {
      askedAt = performance.now();
      asking = ask()
        .catch((error: unknown) => log.error({ err: error }, 'the bucket with checkpoints can’t be asked'))
        .finally(() => {
          asking = null;
        });
      if (isFirst) await Promise.race([asking, sleep(WAIT_MS, undefined, { ref: false })]);
    }
    isFirst = false;
    return told.splice(0);
  };
}
