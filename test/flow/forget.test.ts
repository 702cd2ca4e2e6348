import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Observation } from '../../src/core/drift/observation.ts';
import { recordObservations } from '../../src/flow/drift/record-observations.ts';
import { forgetOnce } from '../../src/flow/timers.ts';
import { takeUpRun } from '../../src/store/reconcile/runs.ts';
import { freshDatabase } from '../database.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(async () => {
  await fresh.database.close();
  await fresh.close();
});

const told = (key: string): Observation => ({
  key,
  eventSource: 'set',
  payload: { kind: 'group', group: { name: 'a group' } },
  actor: null,
  occurredAt: new Date(),
});

test('what was processed long ago is forgotten; what is still owed, and what a SET may repeat, is not', async () => {
  const { db } = fresh.database;
  await recordObservations({ db, nudge: () => {} }, [
    told('long ago'),
    told('never processed'),
    told('a month ago'),
    {
      ...told('a membership of last year'),
      payload: { kind: 'membership', direction: 'added', person: { id: 'p' }, group: { id: 'g' } },
    },
    {
      ...told('one of before'),
      payload: { kind: 'membership', direction: 'added', person: { id: 'p' }, group: { id: 'g' } },
    },
  ]);
  const age = (key: string, days: number, isProcessed: boolean) =>
    sql`update observed set received_at = clock_timestamp() - ${days} * interval '1 day',
      processed_at = case when ${isProcessed} then clock_timestamp() end where key = ${key}`.execute(db);
  await age('long ago', 36, true);
  await age('never processed', 36, false);
  await age('a month ago', 31, true);
  await age('a membership of last year', 399, true);
  await age('one of before', 401, true);
  await forgetOnce({ db });
  const kept = await db.selectFrom('observed').select('key').orderBy('key').execute();
  expect(kept.map(({ key }) => key)).toEqual(['a membership of last year', 'a month ago', 'never processed']);
});

test('the canary’s rounds are kept for longer than an auditor’s year', async () => {
  const { db } = fresh.database;
  const round = (days: number) => sql`
    insert into canary_runs (id, started_at, objective_ms, grant_change_id, state, result, ended_at)
    select gen_random_uuid(), at, 60000, gen_random_uuid(), 'over', 'hit', at
    from (select clock_timestamp() - ${days} * interval '1 day' as at) t`;
  await db.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx);
    await round(401).execute(tx);
    await round(399).execute(tx);
  });
  await forgetOnce({ db });
  expect(await db.selectFrom('canary_runs').select('id').execute()).toHaveLength(1);
});

test('a comparison that was left open and that nobody goes on with is forgotten, with what was staged', async () => {
  const { db } = fresh.database;
  const group = [{ kind: 'group', externalId: 'g1', name: 'a group' }] as const;
  const abandoned = await takeUpRun(db, 'baseline', group);
  await sql`update reconcile_runs set started_at = clock_timestamp() - interval '25 hours'`.execute(db);
  const open = await takeUpRun(db, 'checkGroup', group);
  for (const { places } of [abandoned, open])
    await sql`insert into reconcile_members (place_id, person_id, external_id)
      values (${places[0]?.id}, gen_random_uuid(), 'somebody')`.execute(db);

  await forgetOnce({ db });

  const left = await sql<{ id: string }>`
    select p.run_id as id from reconcile_members m left join reconcile_places p on p.id = m.place_id`.execute(
    db,
  );
  expect(left.rows).toEqual([{ id: open.id }]);
  const stillOpen = await sql<{
    id: string;
  }>`select id from reconcile_runs where finished_at is null`.execute(db);
  expect(stillOpen.rows).toEqual([{ id: open.id }]);
});
