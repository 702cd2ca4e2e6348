import { type RawBuilder, sql } from 'kysely';
import type { Tx } from '../postgres/database.ts';
import { NOTICED, SKEW } from './changes-in-short.ts';
import type { Period } from './populations.ts';

/** What event sources call the end of somebody's account. A suspension may be for a while. */
const ends = sql`('switchedOff', 'suspended', 'deprovisioned', 'deleted')`;
const returns = sql`('switchedOn', 'returned')`;

/**
 * What became of a deactivation.
 * - `termination`: a leaver's case was begun for it, or was there already
 * - `other account`: another identity provider goes on having them
 * - `suspended`: no case is begun for it; they are out of the teams while it lasts
 * - `back`: they were active again within a day
 * - `nobody`: nobody whom Latchkey knows
 */
export type DeactivationMatch = 'termination' | 'other account' | 'suspended' | 'back' | 'nobody';

/** `heldThen`: how many accesses of Latchkey's they had at that moment. */
export type Deactivation = {
  at: Date;
  source: string;
  happening: 'switchedOff' | 'suspended' | 'deprovisioned' | 'deleted';
  person: string | null;
  email: string | null;
  madeBy: string | null;
  matched: DeactivationMatch | null;
  case: string | null;
  heldThen: number;
};

/** Every deactivation that an event source told of; one happening may be told by several, and several times. */
export function deactivations({ from, to }: Period): RawBuilder<Deactivation> {
  return sql`
    select o.occurred_at as at, o.event_source as source, o.payload->>'happening' as happening, p.name as person, p.email,
      o.actor->>'name' as "madeBy",
      case when o.person_id is null then 'nobody' when k.id is not null then 'termination' when l.is_so then 'other account'
        when b.is_so then 'back' when o.payload->>'happening' = 'suspended' then 'suspended' end as matched,
      k.id as "case",
      (select count(*)::int from grants g where g.person_id = o.person_id and g.starts_at <= o.occurred_at
        and (g.ended_at is null or g.ended_at >= o.occurred_at)) as "heldThen"
    from observed o left join people p on p.id = o.person_id
    left join lateral (
      select f.id from offboardings f where f.person_id = o.person_id and f.opened_at <= o.occurred_at + ${NOTICED}
        and not exists (select from observed r where r.person_id = o.person_id and r.payload->>'kind' = 'person'
          and r.payload->>'happening' in ${returns} and r.occurred_at > coalesce((f.doc->>'closedAt')::timestamptz, f.opened_at)
          and r.occurred_at < o.occurred_at)
      order by f.opened_at desc limit 1) k on true
    left join lateral (select true as is_so from lost_accounts a where a.person_id = o.person_id
      and a.lost_at between o.occurred_at - ${SKEW} and o.occurred_at + ${NOTICED} limit 1) l on true
    left join lateral (select true as is_so from observed r where r.person_id = o.person_id and r.payload->>'kind' = 'person'
      and r.payload->>'happening' in ${returns} and r.occurred_at between o.occurred_at and o.occurred_at + ${NOTICED} limit 1) b on true
    where o.payload->>'kind' = 'person' and o.payload->>'happening' in ${ends} and o.occurred_at >= ${from} and o.occurred_at < ${to}
    order by o.occurred_at, o.id`;
}

/** Since when deactivations are kept; null: this database is no installation's. */
export async function deactivationsKept(tx: Tx): Promise<Date | null> {
  const { rows } = await sql<{ at: Date }>`select deactivations_since as at from installation`.execute(tx);
  return rows[0]?.at ?? null;
}
