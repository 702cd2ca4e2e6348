import { sql } from 'kysely';
import { FRESH_MS, type Usage, type UsageFacts, type UsageSource, usageOf } from '../core/usage/usage.ts';
import type { Use } from '../ports/usage.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';

/** Where a record of uses has been read to; null: it was never read. */
export async function readUsePosition(
  db: Db | Tx,
  source: UsageSource,
): Promise<{ position: string | null; checkedAt: Date | null } | null> {
  const row = await db
    .selectFrom('usage_sources')
    .select(['position', 'checked_at as checkedAt'])
    .where('source', '=', source)
    .executeTakeFirst();
  return row === undefined ? null : { position: row.position, checkedAt: row.checkedAt };
}

/**
 * Stores a page of uses: of each account the newest counts. Somebody who was silent for longer than `silentSeconds`
 * before such a use has come back, which is kept too.
 */
export async function recordUses(
  tx: Tx,
  record: { source: UsageSource; system: string },
  uses: readonly Use[],
  silentSeconds: number,
): Promise<void> {
  if (uses.length === 0) return;
  const newest = new Map<string, Use>();
  for (const use of uses) {
    const known = newest.get(use.account);
    if (known === undefined || known.at <= use.at) newest.set(use.account, use);
  }
  // Sorted, so that two replicas take the rows' locks in the same order.
  const rows = [...newest.values()].sort((a, b) => (a.account < b.account ? -1 : 1));
  const told = sql`unnest(${rows.map((u) => u.account)}::text[], ${rows.map((u) => u.at)}::timestamptz[],
    ${rows.map((u) => u.what)}::text[]) as u (account, at, what)`;
  await sql`
    insert into usage_returns (person_id, returned_at, silent_since, source)
    select l.person_id, max(u.at), before.at, ${record.source}
    from ${told} join person_links l on l.system = ${record.system} and l.external_id = u.account
    cross join lateral (
      select max(r.last_at) as at from person_links o join usage_records r on r.system = o.system and r.external_id = o.external_id
      where o.person_id = l.person_id
    ) before
    where before.at < u.at - ${silentSeconds}::float8 * interval '1 second'
    group by l.person_id, before.at
    on conflict do nothing`.execute(tx);
  await sql`
    insert into usage_records (source, system, external_id, last_at, what)
    select ${record.source}, ${record.system}, u.account, u.at, u.what from ${told}
    on conflict (source, external_id) do update set last_at = excluded.last_at, what = excluded.what
    where excluded.last_at > usage_records.last_at`.execute(tx);
}

/**
 * Commits together with the uses up to this position. `since`: where the first look began; null: from the beginning.
 */
export async function writeUsePosition(
  tx: Tx,
  { source, system }: { source: UsageSource; system: string },
  { position, since }: { position: string; since: Date | null },
  isAnew: boolean,
): Promise<void> {
  await sql`
    insert into usage_sources (source, system, position, since)
    values (${source}, ${system}, ${JSON.stringify(position)}, coalesce(${since}::timestamptz, 'epoch'))
    on conflict (source) do update set position = excluded.position,
      since = case when ${isAnew}::boolean then excluded.since else usage_sources.since end`.execute(tx);
}

/** A look that began then has read it to the end. */
export async function noteUsesRead(tx: Tx, source: UsageSource, beganAt: Date): Promise<void> {
  await sql`update usage_sources set checked_at = ${beganAt}, trouble = null where source = ${source}`.execute(
    tx,
  );
}

/** It could not be read: why is shown wherever somebody asks when an access was last used. */
export async function noteUsesUnread(
  tx: Tx,
  { source, system }: { source: UsageSource; system: string },
  why: string,
): Promise<void> {
  await sql`insert into usage_sources (source, system, trouble) values (${source}, ${system}, ${why})
    on conflict (source) do update set trouble = excluded.trouble`.execute(tx);
}

/** When each of these people last used Anypoint, and why that can't be said of the others; in one query. */
export async function readUsage(
  db: Db | Tx,
  personIds: readonly string[],
  now: Date,
): Promise<Map<string, Usage>> {
  const { rows } = await sql<{ personId: string; facts: UsageFacts }>`
    select p.id as "personId", jsonb_build_object(
      'last', (
        select jsonb_build_object('at', r.last_at, 'source', r.source, 'what', r.what)
        from person_links l join usage_records r on r.system = l.system and r.external_id = l.external_id
        where l.person_id = p.id order by r.last_at desc, r.source limit 1
      ),
      'signIns', coalesce((
        select jsonb_agg(jsonb_build_object('source', s.source, 'sinceAt', s.since, 'checkedAt', s.checked_at) order by s.source)
        from usage_sources s where s.source in ${signInSources} and s.checked_at is not null
          and exists (select from person_links l where l.person_id = p.id and l.system = s.system)
      ), '[]'),
      'troubles', coalesce((select jsonb_agg(s.trouble order by s.source) from usage_sources s where s.trouble is not null), '[]')
    ) as facts
    from unnest(${[...new Set(personIds)]}::uuid[]) as p (id)`.execute(db);
  return new Map(rows.map(({ personId, facts }) => [personId, usageOf(revive<UsageFacts>(facts), now)]));
}

/** Records from which a use can't be missing. Who only looks leaves nothing in the audit log. */
const signInSources = sql`('anypointUsers', 'idpSignIns')`;

/**
 * SQL for set-wise reads, for each person in `people` (with an `id`). It gives when they last used Anypoint, and since
 * when a silence is certain. Both null: not known. Columns `id`, `last_at`, `source`, `what`, `known_since`.
 * Each person is looked up by indexes. A join of sets grew with the square wherever PostgreSQL took many for one.
 */
export const usageByPerson = (people: ReturnType<typeof sql>) => sql`
  select p.id, u.last_at, u.source, u.what, s.known_since from ${people} p
  left join lateral (
    select r.* from person_links l cross join lateral (
      select n.last_at, n.source, n.what from usage_records n where n.system = l.system and n.external_id = l.external_id
      order by n.last_at desc, n.source limit 1
    ) r
    where l.person_id = p.id order by r.last_at desc, r.source limit 1
  ) u on true
  left join lateral (
    select min(s.since) as known_since from usage_sources s
    where s.source in ${signInSources} and s.checked_at >= clock_timestamp() - ${FRESH_MS} * interval '1 ms'
      and exists (select from person_links l where l.person_id = p.id and l.system = s.system)
  ) s on true`;
