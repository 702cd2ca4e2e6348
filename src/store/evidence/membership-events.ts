import { type RawBuilder, sql } from 'kysely';
import { underwayChange } from '../states.ts';
import type { Period } from './populations.ts';

/** A membership change that an event source told of, with the change of ours that it belongs to. */
export type MembershipEvent = {
  id: string;
  occurredAt: Date;
  source: string;
  direction: 'added' | 'removed';
  /** Who did it, as the source says; null: it does not. */
  actor: string | null;
  person: string | null;
  email: string | null;
  group: string | null;
  groupId: string | null;
  /** Null: nothing of ours explains it. */
  matched: 'change' | 'found' | 'wanted' | null;
  changeId: string | null;
  entitlement: string | null;
  /** Of what was found: how that was decided. */
  state: string | null;
};

/** Membership changes of groups that give something, as event sources told them. */
export function membershipEvents({ from, to }: Period): RawBuilder<{ id: string }> {
  return sql`select o.id from observed o where ${isOfPeriod({ from, to })}`;
}

function isOfPeriod({ from, to }: Period): RawBuilder<unknown> {
  return sql`o.payload->>'kind' = 'membership' and o.occurred_at >= ${from} and o.occurred_at < ${to}
    and o.outcome is distinct from 'not ours'`;
}

/** The identity provider's clock and ours may differ by so much. */
const SKEW = sql`interval '2 minutes'`;
/** An event source tells so long after it was seen in MuleSoft, at the latest. */
const AFTER = sql`interval '15 minutes'`;
/** So long after it happened it is found, at the latest. */
const NOTICED = sql`interval '1 day'`;

/**
 * Each event with what explains it.
 * - `change`: Latchkey wrote it: the event lies between the decision and the moment when it was seen in MuleSoft
 * - `found`: somebody made it around Latchkey, and it was put to an owner
 * - `wanted`: nothing of that moment, but the person was given it, or was there before Latchkey; or it had been taken
 *   away. Pushes are repeated
 */
export function matchedEvents(period: Period): RawBuilder<MembershipEvent> {
  return sql`
    select o.id, o.occurred_at as "occurredAt", o.event_source as source, o.payload->>'direction' as direction,
      o.actor->>'name' as actor, p.name as person, p.email, coalesce(m.group_name, b.group_name) as group, o.group_id as "groupId",
      coalesce(m.how, case when b.person_id is not null and o.payload->>'direction' = 'added' then 'wanted' end) as matched,
      m.id as "changeId", m.entitlement, m.state
    from observed o
    left join people p on p.id = o.person_id
    left join baseline_members b on b.person_id = o.person_id and b.group_id = o.group_id
    left join lateral (${candidates}) m on true
    where ${isOfPeriod(period)} order by o.occurred_at, o.id`;
}

const direction = sql`o.payload->>'direction'`;
const decided = sql`(c.doc->'legs'->>'decidedAt')::timestamptz`;
const seen = sql`coalesce((c.doc->'legs'->>'seenAt')::timestamptz, (c.doc->'legs'->>'idpWrittenAt')::timestamptz)`;
const isOfDirection = sql`c.kind = case ${direction} when 'added' then 'grant' else 'revoke' end`;

const candidates = sql`
  select how, id, state, group_name, entitlement from (
    select case
        when ${isOfDirection} and c.doc->>'cause' <> 'finding' and o.occurred_at >= ${decided} - ${SKEW}
          and (c.state in ${underwayChange} or o.occurred_at <= ${seen} + ${AFTER}) then 'change'
        when c.doc->>'cause' = case ${direction} when 'added' then 'finding' else 'loss' end
          and c.requested_at between o.occurred_at - ${SKEW} and o.occurred_at + ${NOTICED} then 'found'
        when ${isOfDirection} and o.occurred_at >= ${decided}
          and (c.kind = 'revoke' or not exists (select from changes r where r.id = c.revoke_id
            and (r.doc->'legs'->>'seenAt')::timestamptz < o.occurred_at)) and o.outcome = 'expected' then 'wanted'
      end as how, c.id, c.state, c.doc->'target'->>'groupName' as group_name, c.entitlement_key as entitlement, c.requested_at
    from changes c where c.person_id = o.person_id and c.group_id = o.group_id
    union all
    select 'found', m.id, m.state, m.doc->'target'->>'groupName', m.doc->>'entitlementKey', m.opened_at
    from mass_change_items i join mass_changes m on m.id = i.mass_change_id
    where i.person_id = o.person_id and m.scope = o.group_id and m.kind = case ${direction} when 'added' then 'finding' else 'lost' end
      and m.opened_at <= o.occurred_at + ${NOTICED}
      and (i.change_id is null or exists (select from changes k where k.id = i.change_id and k.requested_at >= o.occurred_at))
  ) explaining where how is not null
  order by case how when 'change' then 1 when 'found' then 2 else 3 end, requested_at desc limit 1`;
