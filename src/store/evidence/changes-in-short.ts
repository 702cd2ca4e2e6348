import { type RawBuilder, sql } from 'kysely';
import { underwayChange } from '../states.ts';
import type { Period } from './populations.ts';

/** The clock of whoever tells and ours may differ by so much. */
export const SKEW = sql`interval '2 minutes'`;
/** A log has it so long after it was seen in MuleSoft, at the latest: pushes come later, and are made again. */
export const AFTER = sql`interval '15 minutes'`;
/** So long after it happened it is found, at the latest. */
export const NOTICED = sql`interval '1 day'`;

/** How many seconds lie between two times. */
export function apart(one: RawBuilder<unknown>, other: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`abs(extract(epoch from ${one} - ${other}))`;
}

/**
 * The changes by which what somebody else tells of memberships is explained: those of a group, or of a team. Of a grant,
 * `gone_at` is when MuleSoft showed it gone. What was decided on long after is none of the period's.
 */
export function changesInShort({ to }: Period, place: 'group_id' | 'team_id'): RawBuilder<unknown> {
  return sql`
    select s.*, r.seen_at as gone_at from (${shortOf(place, sql`c.requested_at < ${to}::timestamptz + ${NOTICED}`)}) s
    left join (${shortOf(place, sql`c.kind = 'revoke'`)}) r on r.id = s.revoke_id`;
}

function shortOf(place: 'group_id' | 'team_id', which: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select c.id, c.person_id, c.group_id, c.team_id, c.state, c.revoke_id, c.entitlement_key, c.requested_at, c.state in ${underwayChange} as is_underway,
      case c.kind when 'grant' then 'added' else 'removed' end as direction, d.cause, d.target->>'groupName' as group_name,
      (d.legs->>'decidedAt')::timestamptz as decided_at,
      coalesce((d.legs->>'seenAt')::timestamptz, (d.legs->>'idpWrittenAt')::timestamptz) as seen_at
    from changes c cross join lateral jsonb_to_record(c.doc) as d (cause text, target jsonb, legs jsonb)
    where ${sql.ref(`c.${place}`)} is not null and ${which}`;
}
