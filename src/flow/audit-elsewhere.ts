import { createS3Anchor } from '../audit/s3-anchor.ts';
import type { TimeStamps } from '../audit/time-stamp.ts';
import { createOutsideAnchoring, type OutsideAnchor } from './audit/outside-anchors.ts';
import { createWitnessing, type Witness } from './audit/witnesses.ts';
import type { AnchorSettings, Context } from './kernel/context.ts';
import { every } from './timers.ts';

const EVERY_MS = 10_000;

/**
 * What keeps the audit's checkpoints outside: witnesses, buckets, authorities of time stamps. They answer when they like, so they are asked apart
 * from the sealing, and apart from each other.
 */
export function createElsewhere(
  context: Context,
  witnesses: readonly Witness[],
): { start(): void; stop(): Promise<void> } {
  const anchoring = createOutsideAnchoring(context, placesIn(context.auditAnchors ?? {}));
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

function placesIn({ s3, stamps }: Partial<AnchorSettings>): OutsideAnchor[] {
  return [
    ...(s3 === undefined ? [] : [{ name: 'anchor in S3', put: createS3Anchor(s3) }]),
    ...(stamps === undefined ? [] : [{ name: 'time stamps', put: lazily(stamps) }]),
  ];
}

/** What reads certificates is loaded by whoever needs it. */
function lazily(stamps: TimeStamps): OutsideAnchor['put'] {
  return async (checkpoint, now) => {
    const { createTimeStamps } = await import('../audit/time-stamp.ts');
    return await createTimeStamps(stamps)(checkpoint, now);
  };
}
