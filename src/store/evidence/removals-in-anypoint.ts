import { type RawBuilder, sql } from 'kysely';
import { AFTER, SKEW } from './changes-in-short.ts';
import type { Period } from './populations.ts';

/** A team that a leaver was taken out of, and for which there is neither a revoke nor an entry in Anypoint's log. */
export type LeftUnlogged = {
  removedAt: Date;
  person: string | null;
  email: string | null;
  team: string;
  case: string;
};

/** Teams that leavers' cases took them out of, which no change had given: Anypoint's log may not be read. */
export function leftUnlogged({ from, to }: Period): RawBuilder<LeftUnlogged> {
  const closedAt = sql`coalesce((o.doc->>'closedAt')::timestamptz, 'infinity')`;
  return sql`
    select coalesce((o.doc->'legs'->'teams'->>'at')::timestamptz, (o.doc->>'beganAt')::timestamptz) as "removedAt",
      p.name as person, p.email, t.team->>'name' as team, o.id as "case"
    from offboardings o join people p on p.id = o.person_id
    cross join lateral jsonb_array_elements(coalesce(o.doc->'teams', '[]')) as t (team)
    where coalesce((o.doc->'legs'->'teams'->>'at')::timestamptz, (o.doc->>'beganAt')::timestamptz) >= ${from}
      and coalesce((o.doc->'legs'->'teams'->>'at')::timestamptz, (o.doc->>'beganAt')::timestamptz) < ${to}
      and t.team->>'kept' is null and t.team->'isUnderway' is null
      and not exists (select from changes r where r.person_id = o.person_id and r.kind = 'revoke' and r.team_id = t.team->>'id'
        and o.doc->'revokes' ? r.id::text)
      and not exists (select from team_events e where e.direction = 'removed' and e.team_id = t.team->>'id'
        and t.team->'userIds' ? e.account and e.at >= o.opened_at - ${SKEW} and e.at <= ${closedAt} + ${AFTER})
    order by 1, o.id`;
}
