import { type RawBuilder, sql } from 'kysely';
import { AFTER, apart, changesInShort, NOTICED, SKEW } from './changes-in-short.ts';
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

/**
 * Each event with what explains it.
 * - `change`: Latchkey wrote it: the event lies between the decision and the moment when it was seen in MuleSoft
 * - `found`: somebody made it around Latchkey, and it was put to an owner
 * - `wanted`: nothing of that moment, but the person was given it, or was there before Latchkey; or it had been taken
 *   away. Pushes are repeated
 *
 * What is looked at of a change is taken from its document once, and not for every event.
 */
export function matchedEvents(period: Period): RawBuilder<MembershipEvent> {
  return sql`
    with ours as materialized (${changesInShort(period, 'group_id')}),
    told as materialized (
      select o.id, o.person_id, o.group_id, o.occurred_at, o.payload->>'direction' as direction,
        -- A comparison reads what is so: while something is taken away it reads it as there, and as gone when that is looked at.
        o.outcome = 'expected' or o.event_source = 'reconcile' as is_as_wanted
      from observed o where ${isOfPeriod(period)}
    ),
    made as (
      select distinct on (t.id) t.id as told_id, 'change' as how, c.id, c.state, c.group_name, c.entitlement_key from told t
      join ours c on c.person_id = t.person_id and c.group_id = t.group_id and c.direction = t.direction
      where c.cause <> 'finding' and t.occurred_at >= c.decided_at - ${SKEW} and (c.is_underway or t.occurred_at <= c.seen_at + ${AFTER})
      order by t.id, c.requested_at desc
    ),
    found as (
      -- It may be found, kept and found again within a day: the nearest is the one that it was found by.
      select distinct on (told_id) told_id, how, id, state, group_name, entitlement_key from (
        select t.id as told_id, 'found' as how, c.id, c.state, c.group_name, c.entitlement_key, ${apart(sql`c.requested_at`, sql`t.occurred_at`)} as apart from told t
        join ours c on c.person_id = t.person_id and c.group_id = t.group_id
          and c.cause = case t.direction when 'added' then 'finding' else 'loss' end
          and c.requested_at between t.occurred_at - ${SKEW} and t.occurred_at + ${NOTICED}
        union all
        select t.id, 'found', m.id, m.state, m.doc->'target'->>'groupName', m.doc->>'entitlementKey', ${apart(sql`m.opened_at`, sql`t.occurred_at`)} from told t
        join mass_change_items i on i.person_id = t.person_id
        join mass_changes m on m.id = i.mass_change_id and m.scope = t.group_id
          and m.kind = case t.direction when 'added' then 'finding' else 'lost' end and m.opened_at <= t.occurred_at + ${NOTICED}
        left join changes k on k.id = i.change_id
        where i.change_id is null or k.requested_at >= t.occurred_at
      ) both_kinds order by told_id, apart, id
    ),
    wanted as (
      select distinct on (t.id) t.id as told_id, 'wanted' as how, c.id, c.state, c.group_name, c.entitlement_key from told t
      join ours c on c.person_id = t.person_id and c.group_id = t.group_id and c.direction = t.direction
      where t.is_as_wanted and t.id not in (select told_id from made) and t.id not in (select told_id from found)
        and t.occurred_at >= c.decided_at and (c.gone_at is null or c.gone_at >= t.occurred_at)
      order by t.id, c.requested_at desc
    ),
    explained as (
      select * from made union all select * from found where told_id not in (select told_id from made) union all select * from wanted
    ),
    names as (select distinct on (group_id) group_id, group_name from ours order by group_id, requested_at desc)
    select o.id, o.occurred_at as "occurredAt", o.event_source as source, o.payload->>'direction' as direction,
      o.actor->>'name' as actor, p.name as person, p.email, coalesce(m.group_name, b.group_name, n.group_name) as group, o.group_id as "groupId",
      coalesce(m.how, case when b.person_id is not null and o.payload->>'direction' = 'added' then 'wanted' end) as matched,
      m.id as "changeId", m.entitlement_key as entitlement, m.state
    from observed o
    left join people p on p.id = o.person_id
    left join baseline_members b on b.person_id = o.person_id and b.group_id = o.group_id
    left join explained m on m.told_id = o.id
    left join names n on n.group_id = o.group_id
    where ${isOfPeriod(period)} order by o.occurred_at, o.id`;
}
