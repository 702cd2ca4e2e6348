import { type RawBuilder, sql } from 'kysely';
import type { JobName } from '../core/jobs/reactions.ts';

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

export const nothing: Portion = { jobs: [], atIdp: { jobs: [], systems: [], connected: [], first: '' } };

/** Whether a row is of the portion. */
export function isOf({ jobs, atIdp }: Portion): RawBuilder<boolean> {
  const its = sql`payload->>'idp'`;
  return sql`(job = any(${[...jobs]}::text[]) or job = any(${[...atIdp.jobs]}::text[])
    and case when ${its} = any(${[...atIdp.connected]}::text[]) then ${its} else ${atIdp.first} end
      = any(${[...atIdp.systems]}::text[]))`;
}
