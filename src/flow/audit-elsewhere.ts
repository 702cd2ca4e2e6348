import { createS3Anchor } from '../audit/s3-anchor.ts';
import type { TimeStamps } from '../audit/time-stamp.ts';
import { createExporting, type ExportSince } from './audit/exporting.ts';
import { createOutsideAnchoring, type OutsideAnchor } from './audit/outside-anchors.ts';
import { createWitnessing, type Witness } from './audit/witnesses.ts';
import type { AnchorSettings, Context } from './kernel/context.ts';
import { every } from './timers.ts';

const EVERY_MS = 10_000;
/** Whether there are entries to send is asked this often. */
const EXPORT_EVERY_MS = 1_000;

export type Asked = {
  /** Those who sign the audit’s checkpoints beside us; left out: nobody. */
  auditWitnesses?: readonly Witness[];
  /** Where a destination of the audit begins that is new; left out: at the start. */
  since?: ExportSince | undefined;
  only?: 'web' | 'worker' | null;
};

/**
 * What keeps the audit outside: witnesses, buckets and authorities of time stamps its checkpoints, a SIEM its entries.
 * They answer when they like, so they are asked apart from the sealing, and apart from each other: one that is away
 * holds up no other.
 */
export function createElsewhere(
  context: Context,
  { auditWitnesses = [], since = 'start', only = null }: Asked,
): { start(): void; stop(): Promise<void> } {
  const anchoring = createOutsideAnchoring(context, placesIn(context.auditAnchors ?? {}));
  const parts = [
    every(EVERY_MS, context, 'witnesses', (until) =>
      context.locks.tryLock('witnesses', () => createWitnessing(context, auditWitnesses)(until)),
    ),
    every(EVERY_MS, context, 'outside anchors', () => context.locks.tryLock('outside anchors', anchoring)),
    // A web process answers, and sends nothing of itself.
    ...(only === 'web' ? [] : (context.auditDestinations ?? [])).map((destination) => {
      const send = createExporting(context, destination, since);
      return every(EXPORT_EVERY_MS, context, `the audit to ${destination.name}`, (until) =>
        context.locks.tryLock(`audit export ${destination.name}`, () => send(until)),
      );
    }),
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
