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
  /** All rows but those. */
  isInverted?: boolean;
};

const nothing: Portion = { jobs: [], atIdp: { jobs: [], systems: [], connected: [], first: '' } };
export const everything: Portion = { ...nothing, isInverted: true };

/** Whether a row is of the portion whose values are the parameters from this number on. */
export function isOf(from: number): string {
  const [jobs, atIdp, connected, first, systems, isInverted] = [0, 1, 2, 3, 4, 5].map((n) => `$${from + n}`);
  const its = `payload->>'idp'`;
  return `(job = any(${jobs}::text[]) or job = any(${atIdp}::text[])
    and case when ${its} = any(${connected}::text[]) then ${its} else ${first}::text end = any(${systems}::text[])
    ) <> ${isInverted}::boolean`;
}

export function portionValues({ jobs, atIdp, isInverted = false }: Portion): Value[] {
  return [jobs, atIdp.jobs, atIdp.connected, atIdp.first, atIdp.systems, isInverted];
}
