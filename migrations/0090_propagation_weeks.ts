import { type Kysely, sql } from 'kysely';

/**
 * How long changes took until they were seen, by week (from Monday, UTC) and leg, in milliseconds. Of weeks that are
 * over, so that nobody has to read them again; `n` 0: there was none.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table propagation_weeks (
      week date not null,
      leg text not null,
      n int not null,
      p50 float8,
      p95 float8,
      p99 float8,
      over_objective int not null,
      objective_ms int not null,
      primary key (week, leg, objective_ms)
    )`.execute(db);
}
