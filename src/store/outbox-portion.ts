import type { JobName } from '../core/jobs/reactions.ts';
import type { Value } from './postgres/statement.ts';

/** Some of the outbox's rows: those of these jobs, and those that concern these identity providers. */
export type Portion = {
  jobs: readonly JobName[];
  atIdp: {
    /** Kinds of work that name an identity provider. */
    jobs: readonly JobName[];
    /** Those whose work is meant. */
    systems: readonly string[];
    /** All that are connected. Work that names none of them is the first's. */
    connected: readonly string[];
    first: string;
  };
};

/**
 * The rows of a portion that are due, as many as `limit` (an expression) of each job and no more of them are looked at:
 * behind them may wait tens of thousands. `since` (an expression): none is due since earlier. The values of the portion are
 * the parameters from `from` on.
 */
export function dueOf(from: number, limit: string, since: string): string {
  const [jobs, atIdp, connected, first, systems] = [0, 1, 2, 3, 4].map((n) => `$${from + n}`);
  const its = `o.payload->>'idp'`;
  const dueOfEach = (
    some: string,
    and = '',
  ) => `select o.id, o.priority, o.next_at from unnest(${some}::text[]) as one (job)
    cross join lateral (
      select id, priority, next_at from outbox o where o.done_at is null and o.job = one.job and o.next_at >= ${since} and o.next_at <= statement_timestamp() ${and}
      order by o.priority, o.next_at limit ${limit}) o`;
  return `${dueOfEach(`${jobs}`)}
    union all ${dueOfEach(
      `${atIdp}`,
      `and case when ${its} = any(${connected}::text[]) then ${its} else ${first}::text end = any(${systems}::text[])`,
    )}`;
}

export function portionValues({ jobs, atIdp }: Portion): Value[] {
  return [jobs, atIdp.systems.length === 0 ? [] : atIdp.jobs, atIdp.connected, atIdp.first, atIdp.systems];
}
