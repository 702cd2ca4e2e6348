import type { Lane } from '../../queue/lanes.ts';

/** How long work waits for a vendor that was asked too often. */
export type Pauses = {
  begin(lane: Lane, ms: number): void;
  /** In milliseconds; not positive: there is no pause. */
  msLeft(lane: Lane): number;
};

/** `pausedUntil`: the pause of each lane by the clock of `performance.now()`, also for what reads lists. */
export function createPauses(pausedUntil: Map<Lane, number>): Pauses {
  return {
    begin(lane, ms) {
      pausedUntil.set(lane, Math.max(performance.now() + ms, pausedUntil.get(lane) ?? 0));
    },
    msLeft: (lane) => (pausedUntil.get(lane) ?? 0) - performance.now(),
  };
}
