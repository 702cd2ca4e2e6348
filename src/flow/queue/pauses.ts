import type { Job } from '../../core/jobs/reactions.ts';
import type { Lane } from '../../queue/job-queue.ts';

/** How long work waits for the vendor that was asked too often. */
export type Pauses = {
  /** `system`: which of the lane's vendors asked to wait, where it is known. */
  begin(lane: Lane, system: string | undefined, ms: number): void;
  /** In milliseconds; not positive: there is no pause. */
  msLeft(lane: Lane, job: Job): number;
};

/**
 * Work that names its identity provider waits for that one alone. Work that names none waits while any asks to wait: it
 * may need that one. `pausedUntil`: the longest pause of each lane, for what reads lists.
 */
export function createPauses(pausedUntil: Map<Lane, number>): Pauses {
  const wholeLane = new Map<Lane, number>();
  const ofSystem = new Map<string, number>();
  return {
    begin(lane, system, ms) {
      const until = performance.now() + ms;
      pausedUntil.set(lane, Math.max(until, pausedUntil.get(lane) ?? 0));
      if (system === undefined) wholeLane.set(lane, until);
      else ofSystem.set(system, until);
    },
    msLeft(lane, job) {
      const system = 'idp' in job ? job.idp : undefined;
      const until =
        system === undefined
          ? pausedUntil.get(lane)
          : Math.max(wholeLane.get(lane) ?? 0, ofSystem.get(system) ?? 0);
      return (until ?? 0) - performance.now();
    },
  };
}
