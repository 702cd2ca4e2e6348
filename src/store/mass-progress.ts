import { sql } from 'kysely';
import type { Leg } from '../core/change/change.ts';
import type { MassProgress } from '../core/mass-change/words.ts';
import type { CarriedElsewhere } from '../core/policy/delivery.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Counted from the changes that the items became; what a revoke takes away is counted by the revoke. */
export async function progressOf(db: Db | Tx, id: string): Promise<MassProgress> {
  const { rows } = await sql<{
    outcome: string | null;
    where: string;
    leg: Leg | null;
    delivery: CarriedElsewhere | null;
    n: number;
    unmapped: number;
  }>`
    select i.outcome, s.leg, s.delivery, count(*)::int as n, (count(*) filter (where s.is_unmapped))::int as unmapped,
      case when i.outcome is null then 'open' when i.change_id is null or s.state is null then 'seen'
        when s.state in ('inEffect', 'ended', 'superseded', 'denied', 'refused', 'withdrawn', 'lapsed', 'closed') then 'seen'
        when s.state in ('late', 'failed') then s.state
        when s.state = 'awaitingSignIn' then 'signIn' else 'moving' end as "where"
    from mass_change_items i
    left join lateral (
      select x.state, case when x.state = 'late' then x.doc->'late'->>'leg' end as leg,
        case when x.state in ('late', 'awaitingSignIn') then x.doc->'target'->>'delivery' end as delivery,
        x.state = 'awaitingSignIn' and x.doc->>'unmapped' = 'now' as is_unmapped
      from changes c join changes x on x.id = case when i.outcome = 'reverted' then coalesce(c.revoke_id, c.id) else c.id end
      where c.id = i.change_id
    ) s on true
    where i.mass_change_id = ${id} and i.outcome is distinct from 'dropped'
    group by i.outcome, s.leg, s.delivery, "where" order by i.outcome, s.leg, s.delivery, "where"`.execute(
    db,
  );
  const sum = (fits: (row: (typeof rows)[number]) => boolean) =>
    rows.filter(fits).reduce((n, row) => n + row.n, 0);
  const half = (outcome: string) => ({
    all: sum((r) => r.outcome === outcome),
    seen: sum((r) => r.outcome === outcome && r.where === 'seen'),
  });
  return {
    open: sum((r) => r.where === 'open'),
    kept: half('kept'),
    reverted: half('reverted'),
    late: rows
      .filter((r) => r.where === 'late' && r.leg !== null)
      .map((r) => ({
        leg: r.leg as Leg,
        ...(r.delivery === null ? {} : { delivery: r.delivery }),
        count: r.n,
        outcome: r.outcome === 'kept' ? 'kept' : 'reverted',
      })),
    failed: sum((r) => r.where === 'failed'),
    signIn: sum((r) => r.where === 'signIn' && r.delivery !== 'claim'),
    nextSignIn: sum((r) => r.where === 'signIn' && r.delivery === 'claim'),
    unmapped: rows.reduce((n, row) => n + row.unmapped, 0),
  };
}
