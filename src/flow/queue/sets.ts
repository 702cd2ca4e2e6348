import type { Job, JobName } from '../../core/jobs/reactions.ts';
import type { Lane } from '../../queue/lanes.ts';
import type { OutboxRow } from '../../store/outbox.ts';

/**
 * Kinds of work of which many rows run side by side in one place, and how many at most: what they read of the database
 * and write to it goes out together, and so do their calls where a party has one call for many. Each row stands for itself
 * all the same: by its lease, by its outcome, by its entries in the audit.
 */
const most: Partial<Record<JobName, number>> = {
  applyToIdp: 100,
  deliverToTeam: 100,
  verifyInAnypoint: 100,
};

/** Fewer run by themselves: they have places enough. */
const LEAST = 8;

/** Pure: so many rows never make a set. */
export function isFew(rows: number): boolean {
  return rows < LEAST;
}

/** Pure: the first of each lane, as many as have a place there. */
export function withPlaces(
  jobs: readonly Job[],
  laneOf: (job: Job) => Lane,
  freeIn: (lane: Lane) => number,
): Job[] {
  return [...Map.groupBy(jobs, laneOf)].flatMap(([lane, some]) => some.slice(0, Math.max(0, freeIn(lane))));
}

/** Pure: which rows run together, in the order of the first of each. They are of one kind, urgency and lane. */
export function inSets(
  rows: readonly OutboxRow[],
  laneOf: (row: OutboxRow) => Lane,
): [OutboxRow, ...OutboxRow[]][] {
  const alike = Map.groupBy(rows, (row) =>
    most[row.job] === undefined ? row.id : `${row.job} ${row.priority} ${laneOf(row)}`,
  );
  return [...alike.values()].flatMap((some) => {
    const size = some.length < LEAST ? 1 : (most[some[0]?.job as JobName] ?? 1);
    const sets: [OutboxRow, ...OutboxRow[]][] = [];
    for (let from = 0; from < some.length; from += size)
      sets.push(some.slice(from, from + size) as [OutboxRow, ...OutboxRow[]]);
    return sets;
  });
}

/** Pure: of which kinds in which lanes there are that many, and how many more run side by side with them. */
export function toFill(
  rows: readonly OutboxRow[],
  laneOf: (row: OutboxRow) => Lane,
): { job: JobName; lane: Lane; more: number }[] {
  const alike = Map.groupBy(
    rows.filter(({ job }) => most[job] !== undefined),
    (row) => `${row.job} ${laneOf(row)}`,
  );
  return [...alike.values()].flatMap((some) => {
    const [first] = some;
    const more = first === undefined || some.length < LEAST ? 0 : (most[first.job] ?? 0) - some.length;
    return first === undefined || more <= 0 ? [] : [{ job: first.job, lane: laneOf(first), more }];
  });
}
