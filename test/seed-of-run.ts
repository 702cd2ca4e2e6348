import fc from 'fast-check';

/**
 * The seed of this run's requests: FC_SEED, else another one each time. It is printed, so that a failing run can be had
 * again.
 */
export function seedOfRun(what: string): number {
  const seed = Number(process.env.FC_SEED ?? Date.now() % 1_000_000);
  process.stdout.write(`${what}: FC_SEED=${seed}\n`);
  return seed;
}

/**
 * Moments at which to do something to a run, each some milliseconds from now: by the run's seed, so the next run can do
 * it again.
 */
export function momentsOfRun(what: string): (withinMs: number) => number {
  const moments = fc.sample(fc.integer({ min: 0, max: 999 }), { numRuns: 100, seed: seedOfRun(what) });
  return (withinMs) => {
    const next = moments.shift();
    if (next === undefined) throw new Error(`${what}: more moments than were drawn`);
    return (next * withinMs) / 1_000;
  };
}
