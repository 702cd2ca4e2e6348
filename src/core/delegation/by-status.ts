import type { Delegation, Who } from './delegation.ts';

/** The absence that a person's status in the chat tells of: away until then; null: it says no end. */
export type StatusAway = { until: Date | null };

export type StatusFacts = {
  /** Null: not away. */
  away: StatusAway | null;
  /** This very absence was told before: it started or offered what there was to offer. */
  isKnown: boolean;
  /** Of the person's own that are not over. */
  own: readonly Delegation[];
  /** Whom they named for every absence. */
  usual: Who | null;
  /** Whether anything is theirs to decide, now or by the catalogue. */
  decides: boolean;
  now: Date;
};

/** A status for a shorter time is a break and no absence, in milliseconds. */
const SHORTEST_MS = 4 * 3_600_000;

/**
 * What follows from a status that somebody has chosen. The status is their own word about themselves. So it may start a
 * delegation to the person whom they named beforehand, and end what it started. Nothing else follows from it. Pure.
 */
export function onStatus(facts: StatusFacts): 'start' | 'offer' | 'end' | 'nothing' {
  const { away, isKnown, own, usual, decides, now } = facts;
  const isOver = away === null || (away.until !== null && away.until <= now);
  if (isOver) return own.some((one) => one.cause === 'status' && one.state === 'active') ? 'end' : 'nothing';
  if (away.until !== null && away.until.getTime() - now.getTime() < SHORTEST_MS) return 'nothing';
  // Their word in the form counts more, and so does a delegation that they ended by hand during this absence.
  if (isKnown || own.some((one) => one.cause === 'asked')) return 'nothing';
  if (usual !== null && away.until !== null) return 'start';
  return decides ? 'offer' : 'nothing';
}
