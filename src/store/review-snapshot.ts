import { sql } from 'kysely';
import type { Scope } from '../core/review/campaign.ts';
import type { InsightKind } from '../core/review/insight.ts';
import type { LineFacts, LineKind } from '../core/review/line.ts';
import { isOfIdp } from './idp-systems.ts';
import type { Db, Tx } from './postgres/database.ts';
import { pendingChange } from './states.ts';
import { usageByPerson } from './usage.ts';

/** A group that Latchkey manages, with the entitlement that it is for; where several are, the first speaks. */
export type ManagedGroup = { groupId: string; entitlementKey: string; hasRule: boolean };

/**
 * Fixes who holds what at this moment. There is a line for every membership in the managed groups that fits the scope.
 * There is one more for each rule that gives something to whole departments. One statement, so that it is one moment.
 * Answers how many lines.
 */
export async function takeSnapshot(
  tx: Tx,
  campaignId: string,
  { scope, managed }: { scope: Scope; managed: readonly ManagedGroup[] },
  now: Date,
): Promise<number> {
  const ruled = managed.filter(({ hasRule }) => hasRule).map(({ entitlementKey }) => entitlementKey);
  const unusedSince = new Date(now.getTime() - (scope.unusedDays ?? 0) * 86_400_000);
  const isOfPeople = scope.people !== null || scope.sinceAt !== null || scope.unusedDays !== null;
  const { numAffectedRows } = await sql`
    with managed as (
      select distinct on (group_id) group_id, entitlement_key, place from unnest(
        ${managed.map((m) => m.groupId)}::text[], ${managed.map((m) => m.entitlementKey)}::text[]
      ) with ordinality as m (group_id, entitlement_key, place) order by group_id, place
    ), keys as (
      select key, place from unnest(${managed.map((m) => m.entitlementKey)}::text[]) with ordinality as k (key, place)
    ), held as (
      select distinct on (g.person_id, g.group_id) g.person_id, g.group_id, g.entitlement_key, g.change_id, g.ends_at,
        min(g.starts_at) over (partition by g.person_id, g.group_id) as since,
        c.doc->>'cause' in ('birthright', 'renewal') and g.entitlement_key = any(${ruled}::text[]) as by_rule
      from grants g join changes c on c.id = g.change_id
      where g.entitlement_key = any(${managed.map((m) => m.entitlementKey)}::text[])
        and g.ended_at is null and g.starts_at <= ${now} and g.ends_at > ${now}
      order by g.person_id, g.group_id, by_rule, g.ends_at desc, g.change_id
    ), known as (
      -- A grant says more than that somebody was there before. A sort needs no figures for a good plan, a join does.
      select distinct on (person_id, group_id) * from (
        select 'grant' as kind, person_id, entitlement_key, group_id, change_id, since, ends_at, by_rule from held
        union all
        select 'baseline', b.person_id, m.entitlement_key, b.group_id, null, b.recorded_at, null, false
        from baseline_members b join managed m on m.group_id = b.group_id where b.ended_at is null
      ) k order by person_id, group_id, kind = 'grant' desc
    ), found as (
      select kind, person_id, entitlement_key, group_id, change_id, since, ends_at from known where not by_rule
    ), lines as (
      select f.*, p.name from found f join people p on p.id = f.person_id
      where (${scope.people === null} or lower(p.email) = any(${(scope.people ?? []).map((e) => e.toLowerCase())}::text[]))
        and (${scope.departments === null} or p.department = any(${scope.departments ?? []}::text[]))
        and (${scope.sinceAt === null} or f.since >= ${scope.sinceAt}::timestamptz)
        and (${scope.ends === null} or (f.kind = 'grant') = (${scope.ends}::text = 'temporary'))
        and (${scope.unusedDays === null} or (f.since < ${unusedSince}::timestamptz and exists (
          select from (${usageByPerson(sql`(select f.person_id as id)`)}) u
          where u.known_since is not null and coalesce(u.last_at < ${unusedSince}::timestamptz, u.known_since <= ${unusedSince}::timestamptz))))
      union all
      select 'rule', null, m.entitlement_key, m.group_id, null, null, null, ''
      from managed m where m.entitlement_key = any(${ruled}::text[]) and not ${isOfPeople}
        and ${scope.ends}::text is distinct from 'temporary'
    )
    insert into campaign_lines (campaign_id, n, kind, person_id, entitlement_key, group_id, change_id, since, ends_at)
    select ${campaignId}, row_number() over (order by k.place, l.kind = 'rule' desc, l.name, l.person_id, l.group_id),
      l.kind, l.person_id, l.entitlement_key, l.group_id, l.change_id, l.since, l.ends_at
    from lines l join keys k on k.key = l.entitlement_key`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

/** A line whose facts are to be gathered, with what the database knows of it. */
export type RawLine = {
  n: number;
  kind: LineKind;
  personId: string | null;
  entitlementKey: string;
  groupId: string;
  since: Date | null;
  endsAt: Date | null;
  name: string | null;
  email: string | null;
  department: string | null;
  title: string | null;
  status: string | null;
  manager: string | null;
  cause: string | null;
  reason: string | null;
  approvedBy: string | null;
  approvedAt: Date | null;
  conflicts: string[] | null;
  movedBy: string | null;
  movedAt: Date | null;
  heldByRule: number | null;
  lastUsedAt: Date | null;
  silentSinceAt: Date | null;
  answeredBy: string | null;
  answeredAt: Date | null;
};

/** Two entitlements to be kept apart: who holds the first must not be in this group. */
export type Apart = { entitlementKey: string; groupId: string; title: string };

/**
 * Lines still without facts, in their order. Whatever else is known is looked up line by line in indexes. PostgreSQL
 * has no figures of a new campaign and takes the page for one line: a join of sets grew with the square of the page.
 */
export async function rawLines(
  db: Db | Tx,
  campaignId: string,
  apart: readonly Apart[],
  limit: number,
): Promise<RawLine[]> {
  const { rows } = await sql<RawLine>`
    with page as materialized (
      select * from campaign_lines where campaign_id = ${campaignId} and facts is null order by n limit ${limit}
    )
    select l.n, l.kind, l.person_id as "personId", l.entitlement_key as "entitlementKey", l.group_id as "groupId",
      l.since, l.ends_at as "endsAt", p.name, p.email, p.department, p.title, p.status, p.manager,
      c.doc->>'cause' as cause, c.doc->>'reason' as reason,
      case when c.doc->'decision'->>'by' is not null then c.doc->'decision'->>'byName' end as "approvedBy",
      (c.doc->'decision'->>'at')::timestamptz as "approvedAt",
      (select array_agg(distinct k.title) from unnest(
        ${apart.map((k) => k.entitlementKey)}::text[], ${apart.map((k) => k.groupId)}::text[], ${apart.map((k) => k.title)}::text[]
      ) as k (key, group_id, title) where k.key = l.entitlement_key and (
        k.group_id = any(array(select g.group_id from grants g where g.person_id = l.person_id and g.ended_at is null
          and g.ends_at > clock_timestamp()))
        or (select b.ended_at is null from baseline_members b where b.person_id = l.person_id and b.group_id = k.group_id)
      )) as conflicts,
      moved.by as "movedBy", moved.at as "movedAt", u.last_at as "lastUsedAt", u.known_since as "silentSinceAt",
      answered.by as "answeredBy", answered.at as "answeredAt",
      case when l.kind = 'rule' then (select count(distinct g.person_id)::int from grants g
        where g.entitlement_key = l.entitlement_key and g.ended_at is null and g.ends_at > clock_timestamp()
          and (select r.doc->>'cause' from changes r where r.id = g.change_id) in ('birthright', 'renewal')) end as "heldByRule"
    from page l left join people p on p.id = l.person_id left join changes c on c.id = l.change_id
    left join lateral (
      select m.doc->'decision'->>'byName' as by, (m.doc->'decision'->>'at')::timestamptz as at
      from mass_change_items i join mass_changes m on m.id = i.mass_change_id and m.kind = 'moved'
      where l.person_id is not null and i.person_id = l.person_id and i.item_key = l.change_id::text and i.outcome = 'kept'
      order by at desc limit 1
    ) moved on true
    left join lateral (${usageByPerson(sql`(select l.person_id as id)`)}) u on true
    left join lateral (
      select d.answer->>'byName' as by, (d.answer->>'at')::timestamptz as at from digest_lines d
      where l.person_id is not null and d.person_id = l.person_id and d.entitlement_key = l.entitlement_key
        and 'unused' = any(d.kinds) and d.answer->>'verb' = 'keep'
      order by at desc limit 1
    ) answered on true
    order by l.n`.execute(db);
  return rows;
}

export type GatheredLine = {
  n: number;
  facts: LineFacts;
  insight: InsightKind;
  inBulkAllowed: boolean;
  reviewerId: string | null;
  /** A card asked about it since the last campaign; nobody is asked again. */
  isCounted: boolean;
};

/** Keeps what was gathered of lines; a line that has its facts already keeps those. */
export async function writeGathered(
  tx: Tx,
  campaignId: string,
  lines: readonly GatheredLine[],
): Promise<void> {
  const rows = lines.map(({ n, facts, insight, inBulkAllowed, reviewerId, isCounted }) => ({
    n,
    facts,
    insight,
    bulk: inBulkAllowed,
    reviewer: reviewerId,
    counted: isCounted,
  }));
  await sql`
    update campaign_lines l set facts = g.facts, insight = g.insight, in_bulk_allowed = g.bulk, reviewer_id = g.reviewer,
      decision = case when g.counted then 'counted' end,
      decided_by_name = case when g.counted then g.facts->'counted'->>'by' end,
      decided_at = case when g.counted then (g.facts->'counted'->>'at')::timestamptz end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as g (n int, facts jsonb, insight text, bulk boolean, reviewer uuid, counted boolean)
    where l.campaign_id = ${campaignId} and l.n = g.n and l.facts is null`.execute(tx);
}

/** How many hold what each group gives, by department, and how many people each department has. */
export async function peersByDepartment(
  db: Db,
  groupIds: readonly string[],
): Promise<{ holders: Map<string, Map<string, number>>; departments: Map<string, number> }> {
  const { rows } = await sql<{ group_id: string; department: string; n: number }>`
    select group_id, coalesce(p.department, '') as department, count(*)::int as n from (
      select person_id, group_id from grants
      where group_id = any(${[...groupIds]}::text[]) and ended_at is null and ends_at > clock_timestamp()
      union
      select person_id, group_id from baseline_members where group_id = any(${[...groupIds]}::text[]) and ended_at is null
    ) h join people p on p.id = h.person_id group by 1, 2`.execute(db);
  const { rows: sizes } = await sql<{ department: string; n: number }>`
    select department, count(*)::int as n from people where department is not null and status = 'active'
    group by department`.execute(db);
  const holders = new Map<string, Map<string, number>>();
  for (const { group_id, department, n } of rows) {
    const of = holders.get(group_id) ?? new Map<string, number>();
    holders.set(group_id, of.set(department, n));
  }
  return { holders, departments: new Map(sizes.map(({ department, n }) => [department, n])) };
}

/** Somebody named as a manager: by the login or the e-mail of one active person whom the IdP has confirmed. */
export async function managersNamed(
  db: Db,
  names: readonly string[],
): Promise<Map<string, { id: string; name: string }>> {
  const { rows } = await sql<{ named: string; id: string; name: string; n: number }>`
    select w.named, min(p.id::text) as id, min(p.name) as name, count(distinct p.id)::int as n
    from unnest(${names.map((name) => name.toLowerCase())}::text[]) as w (named)
    join people p on (lower(p.login) = w.named or lower(p.email) = w.named) and p.status = 'active'
    where exists (select from person_links l where l.person_id = p.id and ${isOfIdp('l.system')} and not l.is_unconfirmed)
    group by w.named`.execute(db);
  return new Map(rows.filter(({ n }) => n === 1).map(({ named, id, name }) => [named, { id, name }]));
}

/** Memberships of these groups that are asked about on a card of their own now: nobody has decided on them yet. */
export async function askedOnCards(db: Db | Tx, keys: readonly string[]): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from changes where entitlement_key = any(${[...keys]}::text[]) and kind = 'grant'
      and state in ${pendingChange} and doc->>'cause' = 'finding'`.execute(db);
  return rows[0]?.n ?? 0;
}

/** When this entitlement was last reviewed by a campaign that has closed, by key; before, nothing counts. */
export async function lastClosed(db: Db, keys: readonly string[]): Promise<Map<string, Date>> {
  const { rows } = await sql<{ key: string; at: Date }>`
    select k.key, max((c.doc->>'closedAt')::timestamptz) as at from unnest(${[...keys]}::text[]) as k (key)
    join campaigns c on k.key = any(c.entitlement_keys) and c.state = 'closed' group by k.key`.execute(db);
  return new Map(rows.map(({ key, at }) => [key, at]));
}
