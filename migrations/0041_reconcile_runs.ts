import { type Kysely, sql } from 'kysely';

/** A run over everything is called that: "sweep" also stood for what timers do. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop index reconcile_runs_open_sweep;
    alter table reconcile_runs drop constraint reconcile_runs_cause_check;
    update reconcile_runs set cause = 'everything' where cause = 'sweep';
    alter table reconcile_runs add constraint reconcile_runs_cause_check
      check (cause in ('everything', 'checkGroup', 'baseline'));
    create unique index reconcile_runs_open on reconcile_runs (cause) where cause = 'everything' and finished_at is null;
  `.execute(db);
}
