import { sql } from 'kysely';
import type { Sight } from '../../core/page/reader.ts';
import type { Db } from '../postgres/database.ts';
import { openOffboarding, pendingChange, underwayChange, unfinishedCampaign } from '../states.ts';
import { allOf, changesInSight, heldInSight } from './sight.ts';

/** What there is now, in sight. `cases` and `reviews` are counted for who sees all. */
export type Counts = {
  waiting: number;
  underway: number;
  late: number;
  findings: number;
  held: number;
  cases: number;
  reviews: number;
};

const none: Counts = { waiting: 0, underway: 0, late: 0, findings: 0, held: 0, cases: 0, reviews: 0 };

/** One statement: what is open is few, and found by the indexes of what is open. */
export async function countNow(db: Db, sight: Sight): Promise<Counts> {
  const seen = allOf([changesInSight(sight)]);
  const held = allOf([heldInSight(sight, { person: sql`g.person_id`, entitlement: sql`g.entitlement_key` })]);
  const all = sql`${sight === 'all'}::boolean`;
  const { rows } = await sql<Counts>`
    with open as (
      select c.state, c.doc->>'cause' as cause from changes c where c.state in ${pendingChange} and ${seen}
      union all
      select c.state, c.doc->>'cause' from changes c where c.state in ${underwayChange} and ${seen}
    )
    select o.*,
      (select count(*)::int from grants g where g.ended_at is null and ${held}) as held,
      (select count(*)::int from offboardings where state in ${openOffboarding} and ${all}) as cases,
      (select count(*)::int from campaigns where state in ${unfinishedCampaign} and ${all}) as reviews
    from (
      select (count(*) filter (where state in ${pendingChange} and cause not in ('finding', 'loss')))::int as waiting,
        (count(*) filter (where state in ${underwayChange} and state <> 'late' and cause <> 'canary'))::int as underway,
        (count(*) filter (where state = 'late'))::int as late,
        (count(*) filter (where state in ${pendingChange} and cause in ('finding', 'loss')))::int as findings
      from open
    ) o`.execute(db);
  return rows[0] ?? none;
}
