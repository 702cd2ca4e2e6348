import { sql } from 'kysely';
import type { CanaryRun } from '../../core/canary/canary.ts';
import { roundOf } from '../canary.ts';
import type { Db } from '../postgres/database.ts';
import { allOf, type Cursor, type Listed, listed, older, type Portion, within } from './sight.ts';

export type ListedRound = { round: CanaryRun; cursor: Cursor };

/** The canary's rounds, the newest first. */
export async function listRounds(
  db: Db,
  filter: { result?: string | undefined; from?: string | undefined; to?: string | undefined },
  portion: Portion,
): Promise<Listed<ListedRound>> {
  const { rows } = await sql<Parameters<typeof roundOf>[0] & { at: string }>`
    select r.*, r.started_at::text as at from canary_runs r
    where ${allOf([
      filter.result === undefined ? null : sql<boolean>`r.result = ${filter.result}`,
      within(sql`r.started_at`, filter),
      older(sql`r.started_at`, sql`r.id`, portion),
    ])}
    order by r.started_at desc, r.id desc limit ${portion.limit + 1}`.execute(db);
  return listed(
    rows.map((row) => ({ round: roundOf(row), cursor: { at: row.at, id: row.id } })),
    portion,
  );
}
