import type { Job } from '../../core/jobs/reactions.ts';
import { type AddedRow, afterMsOf, isOfAll, keyOf, LEASE_MS, type OutboxRow } from '../../store/outbox.ts';
import type { Db } from '../../store/postgres/database.ts';

/**
 * The outbox worker of this process, as a commit knows it: what follows from the commit, and has a place here, is stored
 * leased and begun as soon as it is committed. Nobody has to look for it. If the process is killed in between, the lease
 * runs out, and any process takes the row.
 */
export type Follower = {
  /** Of these jobs, which are due at once, those that have a place here. */
  takes(jobs: readonly Job[]): readonly Job[];
  /** They are committed. `until`: how long their lease holds, as `performance.now()`. */
  begin(rows: readonly OutboxRow[], until: number): void;
  /** Something is due then, in milliseconds. */
  dueIn(ms: number): void;
};

const followers = new WeakMap<Db, Follower>();

/** From now on. Processes without one leave all work in the outbox, and so does what is committed by many together. */
export function followHere(db: Db, follower: Follower): void {
  followers.set(db, follower);
}

/** What becomes of the jobs of one commit. */
export type FollowOn = {
  /** The keys of those that are stored leased. */
  leased: ReadonlySet<string>;
  /** Begins what was stored so. Answers whether the worker has to look into the outbox for the rest. */
  committed(added: readonly AddedRow[]): boolean;
};

/** Before they are sent: the lease counts from then. */
export function followOn(db: Db, jobs: readonly Job[]): FollowOn {
  const follower = followers.get(db);
  if (follower === undefined) return { leased: new Set(), committed: () => jobs.length > 0 };
  const until = performance.now() + LEASE_MS;
  const due = new Map(jobs.filter((job) => afterMsOf(job) === 0).map((job) => [keyOf(job), job]));
  // What stands for all of its work is better a moment later: a storm that trickles in is seen together.
  const single = [...due.values()].filter((job) => !isOfAll(job));
  return {
    leased: new Set(follower.takes(single).map(keyOf)),
    committed(added) {
      const begun = added.filter(({ isBegun }) => isBegun).map(({ isBegun: _, ...row }) => row);
      if (begun.length > 0) follower.begin(begun, until);
      const laterMs = Math.min(...jobs.map(afterMsOf).filter((ms) => ms > 0));
      if (laterMs < Number.POSITIVE_INFINITY) follower.dueIn(laterMs);
      return due.size > begun.length;
    },
  };
}
