import { sql } from 'kysely';
import type { SecurityFigures } from '../core/digest/digest.ts';
import { openOffboardingStates } from '../core/offboarding/offboarding.ts';
import type { DigestCatalogue } from './digest-making.ts';
import type { Db } from './postgres/database.ts';
import { pendingChange } from './states.ts';
import { usageByPerson } from './usage.ts';

/** What was said last of each rule, and the answer to an objection. A campaign that was cancelled says nothing. */
const lastReviewOfRules = sql`
  select distinct on (l.entitlement_key) l.entitlement_key, l.decision, l.comment, l.facts->>'title' as title,
    l.decided_by_name as by, l.answer, c.doc->>'name' as campaign
  from campaign_lines l join campaigns c on c.id = l.campaign_id and c.state <> 'cancelled'
  where l.kind = 'rule' and l.decision in ('keep', 'object')
  order by l.entitlement_key, l.decided_at desc`;

/** The whole picture of a week, in one query: of everybody and everything that is held. */
export async function securityFigures(
  db: Db,
  { entitlements, unusedSeconds }: DigestCatalogue,
  now: Date,
): Promise<SecurityFigures> {
  const privileged = entitlements.filter((e) => e.tier === 'high' || e.tier === 'critical').map((e) => e.key);
  const pairs = entitlements.flatMap((e) => e.conflicts.map((other) => [e.key, other] as const));
  const from = sql`${now}::timestamptz - interval '7 days'`;
  const silent = sql`${now}::timestamptz - ${unusedSeconds}::float8 * interval '1 second'`;
  const { rows } = await sql<SecurityFigures>`
    with held as materialized (
      select g.person_id, g.entitlement_key from grants g where g.ended_at is null and g.ends_at > ${now}
        and g.entitlement_key = any(${entitlements.map((e) => e.key)}::text[])
      union
      select b.person_id, e.key from baseline_members b
      join unnest(${entitlements.map((e) => e.groupId)}::text[], ${entitlements.map((e) => e.key)}::text[]) as e (group_id, key)
        on e.group_id = b.group_id where b.ended_at is null
    ), holder as materialized (select distinct person_id as id from held),
    usage as materialized (${usageByPerson(sql`holder`)})
    select
      (select count(*) from held)::int as held,
      (select count(distinct person_id) from held)::int as people,
      (select count(*) from held where entitlement_key = any(${privileged}::text[]))::int as privileged,
      (select count(*) from baseline_members where ended_at is null)::int as before,
      (select count(*) from grants where starts_at >= ${from} and entitlement_key = any(${entitlements.map((e) => e.key)}::text[]))::int as given,
      (select count(*) from grants where ended_at >= ${from} and entitlement_key = any(${entitlements.map((e) => e.key)}::text[]))::int as ended,
      (select count(*) from changes where kind = 'grant' and state in ${pendingChange} and doc->>'cause' = 'finding')::int as findings,
      (select count(*) from changes where (doc->'late'->>'at')::timestamptz >= ${from})::int as late,
      (select count(*) from changes where state = 'late')::int as "stillLate",
      (select count(*) from offboardings where state = any(${[...openOffboardingStates]}::text[]))::int as "openCases",
      (select count(*) from usage where known_since is not null and coalesce(last_at < ${silent}, known_since <= ${silent}))::int as unused,
      (select count(*) from usage where known_since is null)::int as "unknownUse",
      (select count(*) from held a join unnest(${pairs.map(([key]) => key)}::text[], ${pairs.map(([, other]) => other)}::text[]) as k (key, other)
        on k.key = a.entitlement_key join held b on b.person_id = a.person_id and b.entitlement_key = k.other
        where a.entitlement_key < b.entitlement_key)::int as conflicts,
      (select jsonb_build_object('hits', count(*) filter (where result = 'hit'), 'misses', count(*) filter (where result = 'miss'),
        'slowestMs', max(greatest((grant_legs->>'total')::float8, (revoke_legs->>'total')::float8)))
        from canary_runs where started_at >= ${from}) as canary,
      (select count(*) from digest_lines l join digests d on d.id = l.digest_id where d.made_at >= ${from})::int as lines,
      (select count(l.answer) from digest_lines l join digests d on d.id = l.digest_id where d.made_at >= ${from})::int as answered,
      (select coalesce(jsonb_agg(jsonb_build_object('entitlementKey', r.entitlement_key, 'title', r.title, 'by', r.by,
        'campaign', r.campaign, 'comment', r.comment) order by r.entitlement_key), '[]') from (${lastReviewOfRules}) r
        where r.decision = 'object' and r.answer is null) as objections,
      (select coalesce(jsonb_agg(trouble order by source), '[]') from usage_sources where trouble is not null) as troubles`.execute(
    db,
  );
  return rows[0] as SecurityFigures;
}
