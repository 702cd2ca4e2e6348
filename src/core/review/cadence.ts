import type { EntitlementKey } from '../ids.ts';

/** What is known of an entitlement that is to be reviewed regularly. */
export type CadenceFacts = {
  key: EntitlementKey;
  everySeconds: number;
  /** When the last campaign that covers all who hold it was begun; null: never. */
  lastReviewedAt: Date | null;
  /** When Latchkey first looked at its group; null: not yet. */
  firstLookedAt: Date | null;
};

/**
 * Entitlements that are due within this share of their cadence are reviewed with those due now: fewer campaigns and
 * messages.
 */
const TOGETHER = 0.1;

/**
 * Pure: the entitlements that a campaign is to be begun for now; empty: none. The first is due one cadence after
 * Latchkey first looked: those who were there before are in it.
 */
export function dueByCadence(all: readonly CadenceFacts[], now: Date): EntitlementKey[] {
  const waits = all.flatMap(({ key, everySeconds, lastReviewedAt, firstLookedAt }) => {
    const from = lastReviewedAt ?? firstLookedAt;
    return from === null
      ? []
      : [{ key, everySeconds, ms: from.getTime() + everySeconds * 1_000 - now.getTime() }];
  });
  if (!waits.some(({ ms }) => ms <= 0)) return [];
  return waits.filter(({ ms, everySeconds }) => ms <= everySeconds * 1_000 * TOGETHER).map(({ key }) => key);
}
