import { lastAnchor } from '../../store/audit-anchors.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { Data, Runtime } from '../kernel/context.ts';
import { createTroubleNotes } from './troubles.ts';

/** A place outside: puts a checkpoint there, and answers in words why that did not succeed; null: it is there. */
export type OutsideAnchor = {
  name: string;
  put(checkpoint: { size: number; note: string }, now: Date): Promise<string | null>;
};

/**
 * Puts the newest anchor into places that take their time to answer. One that is away holds up nobody: neither the seals
 * nor the other places wait for it. What is wrong is told in the log and in the health, and it is tried again.
 */
export function createOutsideAnchoring(
  { db, log }: Pick<Data & Runtime, 'db' | 'log'>,
  places: readonly OutsideAnchor[],
): () => Promise<void> {
  const tell = createTroubleNotes(db);
  /** The size that each has; a place that has it already says so. */
  const sizes = new Map<string, number>();
  return async () => {
    const anchor = places.length === 0 ? null : await lastAnchor(db);
    if (anchor === null) return;
    const now = await databaseNow(db);
    await Promise.all(
      places.map(async ({ name, put }) => {
        if (sizes.get(name) === anchor.size) return;
        const why = await put(anchor, now);
        if (why === null) sizes.set(name, anchor.size);
        else log.error({ anchor: name, why }, 'a checkpoint of the audit can’t be put there');
        await tell(name, why);
      }),
    );
  };
}
