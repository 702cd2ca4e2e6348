import { sql } from 'kysely';
import type { Db } from '../postgres/database.ts';
import { unfinishedChange } from '../states.ts';

/**
 * People with a grant, a record or an open change whom no group has shown in the staged run. The IdP has to be asked
 * about them.
 */
export async function concernedUnseen(
  db: Db,
  system: string,
  limit: number,
): Promise<{ personId: string; externalId: string }[]> {
  const { rows } = await sql<{ personId: string; externalId: string }>`
    with seen as materialized (
      select distinct person_id from reconcile_members
    ), unseen as materialized (
      select p.id from people p left join seen on seen.person_id = p.id where seen.person_id is null
    )
    select u.id as "personId", l.external_id as "externalId" from unseen u cross join lateral (
      select external_id from person_links l where l.person_id = u.id and l.system = ${system}
      order by verified_at desc, external_id limit 1
    ) l
    where (exists (select from grants g where g.person_id = u.id and g.ended_at is null)
        or exists (select from baseline_members e where e.person_id = u.id and e.ended_at is null)
        or exists (select from changes c where c.person_id = u.id and c.state in ${unfinishedChange}))
      and not exists (select from person_snapshots s where s.person_id = u.id and s.system = ${system} and s.status = 'deleted')
    limit ${limit}`.execute(db);
  return rows;
}

/**
 * People of whom the IdP says something else than what was last acted on:
 * - people who were looked at before, and are not what they were
 * - people who were never looked at, and hold something without being active
 */
export async function changedSinceEvaluated(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select p.id from people p left join person_snapshots s on s.person_id = p.id and s.system = p.idp
    where case
      when s.person_id is not null then s.status <> 'deleted'
        and (p.status, p.department, p.manager) is distinct from (s.status, s.department, s.manager)
      else p.status <> 'active' and (
        exists (select from grants g where g.person_id = p.id and g.ended_at is null)
        or exists (select from baseline_members e where e.person_id = p.id and e.ended_at is null)
        or exists (select from changes c where c.person_id = p.id and c.state in ${unfinishedChange}))
      end or exists (
        select from person_links l join person_snapshots o on o.person_id = l.person_id and o.system = l.system
        where l.person_id = p.id and l.system <> p.idp and l.status is not null and o.status <> 'deleted'
          and l.status is distinct from o.status
      )
    limit ${limit}`.execute(db);
  return rows.map((row) => row.id);
}
