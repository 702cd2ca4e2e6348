import { createS3Anchor } from '../audit/s3-anchor.ts';
import { createOutsideAnchoring } from './audit/outside-anchors.ts';
import { createWitnessing, type Witness } from './audit/witnesses.ts';
import type { Context } from './kernel/context.ts';
import { every } from './timers.ts';

const EVERY_MS = 10_000;

/**
 * What keeps the audit's checkpoints outside: witnesses and buckets. They answer when they like, so they are asked apart
 * from the sealing, and apart from each other.
 */
export function createElsewhere(
  context: Context,
  witnesses: readonly Witness[],
): { start(): void; stop(): Promise<void> } {
  const s3 = context.auditAnchors?.s3;
  const places = s3 === undefined ? [] : [{ name: 'anchor in S3', put: createS3Anchor(s3) }];
  const anchoring = createOutsideAnchoring(context, places);
  const parts = [
    every(EVERY_MS, context, 'witnesses', (until) =>
      context.locks.tryLock('witnesses', () => createWitnessing(context, witnesses)(until)),
    ),
    every(EVERY_MS, context, 'outside anchors', () => context.locks.tryLock('outside anchors', anchoring)),
  ];
  return {
    start() {
      for (const part of parts) part.start();
    },
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}
