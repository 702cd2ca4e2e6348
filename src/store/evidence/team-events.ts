import { type RawBuilder, sql } from 'kysely';
import { AFTER, apart, changesInShort, NOTICED, SKEW } from './changes-in-short.ts';
import type { MembershipEvent } from './membership-events.ts';
import type { Period } from './populations.ts';

/**
 * What explains a change of a team's members that Anypoint's audit log tells of.
 * - `change`: Latchkey made it: it lies between the decision and the moment when it was seen
 * - `found`: somebody made it around Latchkey, and it was put to an owner
 * - `leaver`: it was taken away in a leaver's case
 * - `wanted`: nothing of that moment, but it is as it was to be: given, there before Latchkey, or taken away before
 * - `corrected`: somebody made it around Latchkey, and within a day it was put right
 * - `correcting`: it puts right what somebody had made
 */
export type TeamEventMatch = 'change' | 'found' | 'leaver' | 'wanted' | 'corrected' | 'correcting';

export type MatchedTeamEvent = Omit<MembershipEvent, 'group' | 'groupId' | 'matched'> & {
  team: string;
  account: string | null;
  matched: TeamEventMatch | null;
};

/** Teams that Latchkey gives, or gave: what happens in others is not its business. `known`: by name, as the catalogue has it. */
const ofOurs = (known: readonly string[]) =>
  sql`(t.team_id in (select team_id from changes where team_id is not null) or t.team_name = any(${[...known]}::text[]))`;

function isOfPeriod({ from, to }: Period): RawBuilder<unknown> {
  return sql`t.at >= ${from} and t.at < ${to}`;
}

export function teamEvents(period: Period, known: readonly string[]): RawBuilder<{ id: string }> {
  return sql`select t.id from team_events t where ${isOfPeriod(period)} and ${ofOurs(known)}`;
}

/** Those of teams that are not ours, which are counted and not listed. */
export function otherTeamEvents(period: Period, known: readonly string[]): RawBuilder<{ id: string }> {
  return sql`select t.id from team_events t where ${isOfPeriod(period)} and not ${ofOurs(known)}`;
}

/** Each event with what explains it. What is looked at of a change is taken from its document once. */
export function matchedTeamEvents(period: Period, known: readonly string[]): RawBuilder<MatchedTeamEvent> {
  return sql`
    with ours as materialized (${changesInShort(period, 'team_id')}),
    told as materialized (
      select t.id, t.team_id, t.team_name, t.account, t.direction, t.actor, t.at, l.person_id from team_events t
      left join person_links l on l.system = 'anypoint' and l.external_id = t.account
      where t.at >= ${period.from}::timestamptz - ${NOTICED} and t.at < ${period.to}::timestamptz + ${NOTICED} and ${ofOurs(known)}
    ),
    made as (
      select distinct on (t.id) t.id as told_id, 'change' as how, c.id, c.state, c.entitlement_key from told t
      join ours c on c.person_id = t.person_id and c.team_id = t.team_id and c.direction = t.direction
      where c.cause <> 'finding' and t.at >= c.decided_at - ${SKEW} and (c.is_underway or t.at <= c.seen_at + ${AFTER})
      order by t.id, c.requested_at desc
    ),
    found as (${foundOnes}),
    leavers as (
      select distinct on (t.id) t.id as told_id, 'leaver' as how, o.id, o.state, null as entitlement_key from told t
      join offboardings o on o.person_id = t.person_id and t.direction = 'removed' and t.at >= o.opened_at - ${SKEW}
        and t.at <= coalesce((o.doc->>'closedAt')::timestamptz, 'infinity') + ${AFTER}
      order by t.id, o.opened_at desc
    ),
    exact as (
      select distinct on (told_id) * from (
        select *, 1 as rank from made union all select *, 2 from found union all select *, 3 from leavers
      ) every_kind order by told_id, rank
    ),
    rest as materialized (select t.* from told t where t.id not in (select told_id from exact)),
    wanted as (${wantedOnes}),
    best as (select told_id, how, id, state, entitlement_key from exact union all select * from wanted),
    strange as (select t.* from told t where t.person_id is not null and t.id not in (select told_id from best where how <> 'wanted')),
    -- Of two that are each other's contrary the second puts the first right, where the first is not as it was to be.
    corrected as (
      select distinct on (a.id) a.id as told_id, b.id as by_id from strange a
      join strange b on b.person_id = a.person_id and b.team_id = a.team_id and b.direction <> a.direction
        and (b.at, b.id) > (a.at, a.id) and b.at <= a.at + ${NOTICED}
      where a.id not in (select told_id from best) order by a.id, b.at, b.id
    )
    select t.id, t.at as "occurredAt", 'anypointAudit' as source, t.direction, nullif(t.actor->>'name', '') as actor, t.account,
      p.name as person, p.email, t.team_name as team,
      coalesce(case when u.told_id is not null then 'corrected' end, case when t.id in (select by_id from corrected) and coalesce(m.how, 'wanted') = 'wanted' then 'correcting' end, m.how) as matched,
      m.id as "changeId", m.entitlement_key as entitlement, m.state
    from told t left join people p on p.id = t.person_id left join best m on m.told_id = t.id left join corrected u on u.told_id = t.id
    where ${isOfPeriod(period)} order by t.at, t.id`;
}

/** Made around Latchkey, and put to an owner: as a finding of its own, or on a card on many. */
const foundOnes = sql`
  select distinct on (told_id) told_id, how, id, state, entitlement_key from (
    select t.id as told_id, 'found' as how, c.id, c.state, c.entitlement_key, ${apart(sql`c.requested_at`, sql`t.at`)} as apart from told t
    join ours c on c.person_id = t.person_id and c.team_id = t.team_id
      and c.cause = case t.direction when 'added' then 'finding' else 'loss' end
      and c.requested_at between t.at - ${SKEW} and t.at + ${NOTICED}
    union all
    select t.id, 'found', m.id, m.state, m.doc->>'entitlementKey', ${apart(sql`m.opened_at`, sql`t.at`)} from told t
    join mass_change_items i on i.person_id = t.person_id
    join mass_changes m on m.id = i.mass_change_id and m.opened_at between t.at - ${SKEW} and t.at + ${NOTICED}
    where (m.kind = 'excess' and m.scope = t.team_id and t.direction = 'added')
      or (m.kind = case t.direction when 'added' then 'finding' else 'lost' end and m.doc->'target'->>'teamId' = t.team_id)
  ) both_kinds order by told_id, apart, id`;

/** Of the rest: given at that moment, or there before Latchkey; or taken away before it, and given by nothing. */
const wantedOnes = sql`
  select distinct on (told_id) * from (
    select t.id as told_id, 'wanted' as how, c.id, c.state, c.entitlement_key from rest t
    join ours c on c.person_id = t.person_id and c.team_id = t.team_id and c.direction = 'added'
    where t.direction = 'added' and t.at >= c.decided_at and (c.gone_at is null or c.gone_at >= t.at)
    union all
    select t.id, 'wanted', c.id, c.state, c.entitlement_key from rest t
    join ours c on c.person_id = t.person_id and c.team_id = t.team_id and c.direction = 'removed' and t.at >= c.decided_at
    where t.direction = 'removed' and not exists (select from ours g where g.person_id = t.person_id and g.team_id = t.team_id
      and g.direction = 'added' and g.decided_at <= t.at and (g.gone_at is null or g.gone_at > t.at))
    union all
    select t.id, 'wanted', null, null, null from rest t
    join baseline_members b on b.person_id = t.person_id and b.recorded_at <= t.at and (b.ended_at is null or b.ended_at > t.at)
      and b.group_id in (select group_id from ours o where o.team_id = t.team_id)
    where t.direction = 'added'
  ) all_kinds order by told_id, id`;

/** How far Anypoint's log is known; null: it was never read to its end. */
export function teamLogKnown(): RawBuilder<{
  since: Date | null;
  checkedAt: Date | null;
  trouble: string | null;
}> {
  return sql`select since, checked_at as "checkedAt", trouble from usage_sources where source = 'anypointAudit'`;
}
