import { sql } from 'kysely';
import type { DigestKind, LineKind, ZoneFrom } from '../core/digest/digest.ts';
import type { Tier } from '../core/policy/catalogue.ts';
import type { Db, Tx } from './postgres/database.ts';
import { pendingChange } from './states.ts';
import { usageByPerson } from './usage.ts';

/** Somebody whose digest is made. */
export type DigestReader = {
  personId: string;
  digestId: string;
  zone: string;
  zoneFrom: ZoneFrom;
  week: string;
  dueAt: Date;
  /** The entitlements that this reader answers for as an owner, or in an owner's stead. */
  owns: readonly string[];
};

/** What the statement has to know of the catalogue. */
export type DigestCatalogue = {
  entitlements: readonly { key: string; groupId: string; tier: Tier; conflicts: readonly string[] }[];
  unusedSeconds: number;
};

/** An access that was looked at and kept is not asked about again for this long. */
const KEPT_DAYS = 90;
const WEEK = sql`interval '7 days'`;

/** A time zone as the directory and the chat have it. `isAsked`: whether the chat was asked. */
export type ZonesOfSome = { directory: string | null; chat: string | null; isAsked: boolean };

/**
 * Zones of everybody who may get one. It is looked every half minute, so the index is asked for the next zone after each
 * one, and nobody is looked at. Some that are told here may be nobody's whom the chat was not asked for.
 */
export async function zonesOfPeople(db: Db): Promise<ZonesOfSome[]> {
  const { rows } = await sql<ZonesOfSome>`
    with recursive zones as (
      (select time_zone from people where status = 'active' and time_zone is not null order by time_zone limit 1)
      union all
      select (select time_zone from people where status = 'active' and time_zone > zones.time_zone order by time_zone limit 1)
      from zones where zones.time_zone is not null
    )
    select time_zone as directory, null as chat, false as "isAsked" from zones where time_zone is not null
    union select null, null, false where exists (select from people where status = 'active' and time_zone is null)
    union select p.time_zone, z.time_zone, true
    from chat_time_zones z join people p on p.id = z.person_id where p.status = 'active'
    order by 1, 2`.execute(db);
  return rows;
}

/** A digest that is due for whoever has these zones. */
export type DueSlot = Pick<DigestReader, 'zone' | 'zoneFrom' | 'week' | 'dueAt'> & { of: ZonesOfSome };

/**
 * The people who have no digest of this week yet. They are active, in a zone whose time has come, and own something or
 * manage somebody. The index is asked for the next manager after each one, so that it costs what managers there are, and
 * nobody else is looked at.
 */
export async function readersDue(
  db: Db,
  slots: readonly DueSlot[],
  owners: readonly string[],
  limit: number,
): Promise<Omit<DigestReader, 'digestId' | 'owns'>[]> {
  const { rows } = await sql<Omit<DigestReader, 'digestId' | 'owns'>>`
    with recursive managers as (
      (select lower(manager) as name from people where manager is not null order by lower(manager) limit 1)
      union all
      select (select lower(manager) from people where manager is not null and lower(manager) > managers.name
        order by lower(manager) limit 1)
      from managers where managers.name is not null
    ), readers as materialized (
      select id from unnest(${[...owners]}::uuid[]) as owners (id)
      union select p.id from managers, lateral (select id from people where lower(login) = managers.name offset 0) p
      union select p.id from managers, lateral (select id from people where lower(email) = managers.name offset 0) p
    )
    select m.id as "personId", s.known as zone, s.zone_from as "zoneFrom", s.week::text as week, s.due_at as "dueAt"
    from readers, lateral (select id, status, time_zone from people where id = readers.id offset 0) m left join chat_time_zones z on z.person_id = m.id
    join unnest(${slots.map((s) => s.of.directory)}::text[], ${slots.map((s) => s.of.chat)}::text[],
      ${slots.map((s) => s.of.isAsked)}::boolean[], ${slots.map((s) => s.zone)}::text[], ${slots.map((s) => s.zoneFrom)}::text[],
      ${slots.map((s) => s.week)}::date[], ${slots.map((s) => s.dueAt)}::timestamptz[])
      as s (directory, chat, is_asked, known, zone_from, week, due_at)
      on s.directory is not distinct from m.time_zone and s.chat is not distinct from z.time_zone
        and s.is_asked = (z.person_id is not null)
    where m.status = 'active' and s.due_at > (select min(since) from installation)
      and not exists (select from digests d where d.person_id = m.id and d.kind = 'personal' and d.week = s.week and d.asked_at is null)
    order by m.id limit ${limit}`.execute(db);
  return rows;
}

/** Admins who have not had the picture of this week. */
export async function withoutDigest(
  db: Db,
  kind: DigestKind,
  people: readonly { personId: string; week: string }[],
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select p.id from unnest(${people.map((p) => p.personId)}::uuid[], ${people.map((p) => p.week)}::date[]) as p (id, week)
    where not exists (select from digests d where d.person_id = p.id and d.kind = ${kind} and d.week = p.week
      and d.asked_at is null)`.execute(db);
  return rows.map(({ id }) => id);
}

/** What a made digest has to say. None: there is nothing, and nothing is sent. */
export type Made = { digestId: string; personId: string; counts: Partial<Record<LineKind, number>> };

/**
 * Makes the digests of many readers in three statements, whatever they hold: no line passes through this process.
 * Readers who got one already, by another replica or before a crash, are left out. Answers those that are new.
 */
export async function makeDigests(
  tx: Tx,
  readers: readonly DigestReader[],
  catalogue: DigestCatalogue,
  { now, askedAt }: { now: Date; askedAt: Date | null },
): Promise<Made[]> {
  const { rows: made } = await sql<{ id: string }>`
    insert into digests (id, kind, person_id, week, time_zone, zone_from, due_at, made_at, asked_at, counts, doc)
    select r.id, 'personal', r.person_id, r.week, r.zone, r.zone_from, r.due_at, ${now}, ${askedAt}::timestamptz, '{}', 'null'
    from unnest(${readers.map((r) => r.digestId)}::uuid[], ${readers.map((r) => r.personId)}::uuid[],
      ${readers.map((r) => r.week)}::date[], ${readers.map((r) => r.zone)}::text[],
      ${readers.map((r) => r.zoneFrom)}::text[], ${readers.map((r) => r.dueAt)}::timestamptz[])
      as r (id, person_id, week, zone, zone_from, due_at)
    on conflict (person_id, kind, week) where asked_at is null do nothing
    returning id`.execute(tx);
  const isNew = new Set(made.map(({ id }) => id));
  const theirs = readers.filter(({ digestId }) => isNew.has(digestId));
  if (theirs.length === 0) return [];
  await writeLines(tx, theirs, catalogue, now);
  const { rows } = await sql<Made>`
    with counted as (
      select digest_id, jsonb_object_agg(kind, n) as counts from (
        select l.digest_id, k.kind, count(*) as n from digest_lines l, unnest(l.kinds) as k (kind)
        where l.digest_id = any(${[...isNew]}::uuid[]) group by 1, 2
      ) c group by 1
    )
    update digests d set counts = c.counts from counted c where d.id = c.digest_id
    returning d.id as "digestId", d.person_id as "personId", d.counts`.execute(tx);
  return rows;
}

// Long: one statement, so that 200,000 grants are looked at where they are.
async function writeLines(
  tx: Tx,
  readers: readonly DigestReader[],
  { entitlements, unusedSeconds }: DigestCatalogue,
  now: Date,
): Promise<void> {
  const owned = readers.flatMap(({ personId, owns }) => owns.map((key) => ({ personId, key })));
  const conflicts = entitlements.flatMap(({ key, conflicts: others }) =>
    others.map((other) => ({ key, other })),
  );
  const silent = sql`${now}::timestamptz - ${unusedSeconds}::float8 * interval '1 second'`;
  const live = (grant: string) =>
    sql`${sql.ref(`${grant}.ended_at`)} is null and ${sql.ref(`${grant}.ends_at`)} > ${now}`;
  await sql`
    with reader (digest_id, id) as materialized (
      select * from unnest(${readers.map((r) => r.digestId)}::uuid[], ${readers.map((r) => r.personId)}::uuid[])
    ), entitlement (key, group_id, is_privileged) as materialized (
      select * from unnest(${entitlements.map((e) => e.key)}::text[], ${entitlements.map((e) => e.groupId)}::text[],
        ${entitlements.map((e) => e.tier === 'high' || e.tier === 'critical')}::boolean[])
    ), conflict (key, other) as materialized (
      select * from unnest(${conflicts.map((c) => c.key)}::text[], ${conflicts.map((c) => c.other)}::text[])
    ), owned (reader_id, key) as materialized (
      select * from unnest(${owned.map((o) => o.personId)}::uuid[], ${owned.map((o) => o.key)}::text[])
    ), report (reader_id, person_id) as materialized (
      select m.id, p.id from reader r join people m on m.id = r.id
      join people p on lower(p.manager) in (lower(m.login), lower(m.email)) and p.id <> m.id
    ), found as (
      select o.reader_id, g.person_id, g.entitlement_key, g.change_id, g.starts_at, g.ends_at, false as is_before
      from owned o join grants g on g.entitlement_key = o.key and ${live('g')} where g.person_id <> o.reader_id
      union all
      select r.reader_id, g.person_id, g.entitlement_key, g.change_id, g.starts_at, g.ends_at, false
      from report r join grants g on g.person_id = r.person_id and ${live('g')}
      union all
      select o.reader_id, b.person_id, e.key, null, null, null, true
      from owned o join entitlement e on e.key = o.key
      join baseline_members b on b.group_id = e.group_id and b.ended_at is null where b.person_id <> o.reader_id
      union all
      select r.reader_id, b.person_id, e.key, null, null, null, true
      from report r join baseline_members b on b.person_id = r.person_id and b.ended_at is null
      join entitlement e on e.group_id = b.group_id
    ), held as materialized (
      select f.reader_id, f.person_id, f.entitlement_key, e.is_privileged, bool_or(f.is_before) as is_before,
        (array_agg(f.change_id order by f.ends_at desc nulls last))[1] as change_id,
        min(f.starts_at) as starts_at, max(f.ends_at) as ends_at,
        coalesce(bool_or(c.doc ? 'renewalDeclined'), false) as is_declined
      from found f join entitlement e on e.key = f.entitlement_key left join changes c on c.id = f.change_id
      where c.id is null or c.doc->>'cause' not in ('birthright', 'renewal', 'canary')
      group by 1, 2, 3, 4
    ), holder as materialized (select distinct person_id as id from held),
    usage as materialized (
      ${usageByPerson(sql`holder`)}
    ), line as materialized (
      select h.*, u.last_at, u.source, u.what, back.returned_at, back.silent_since, (
        select min(k.other) from conflict k where k.key = h.entitlement_key and (
          k.other = any(array(select o.entitlement_key from grants o where o.person_id = h.person_id and ${live('o')}))
          or exists (select from entitlement e where e.key = k.other and (
            select b.ended_at is null from baseline_members b where b.person_id = h.person_id and b.group_id = e.group_id)))
      ) as conflicts_with, exists (
        select from digest_lines l where l.person_id = h.person_id and l.entitlement_key = h.entitlement_key
          and l.answer is not null and l.answer->>'verb' = 'keep' and (l.answer->>'at')::timestamptz > ${now}::timestamptz - ${KEPT_DAYS}::int * interval '1 day'
      ) as is_kept, u.known_since is not null and coalesce(u.last_at < ${silent}, u.known_since <= ${silent})
        and coalesce(h.starts_at <= ${silent}, true) as is_unused
      from held h left join usage u on u.id = h.person_id
      left join lateral (
        select r.returned_at, r.silent_since from usage_returns r
        where r.person_id = h.person_id and r.returned_at > ${now}::timestamptz - ${WEEK} and h.starts_at < r.silent_since
        order by r.returned_at desc limit 1
      ) back on true
    ), said as (
      select reader_id, person_id, entitlement_key, change_id, array_remove(array[
          case when conflicts_with is not null then 'conflict' end,
          case when returned_at is not null then 'returned' end,
          case when is_unused and not is_kept then 'unused' end,
          case when is_privileged and not is_kept then 'privileged' end,
          case when is_before and not is_kept then 'before' end,
          case when ends_at < ${now}::timestamptz + ${WEEK} and starts_at < ${now}::timestamptz - ${WEEK} and not is_declined then 'ending' end,
          case when starts_at >= ${now}::timestamptz - ${WEEK} then 'new' end
        ], null) as kinds, jsonb_build_object('startsAt', starts_at, 'endsAt', ends_at,
          'usage', case when last_at is not null then jsonb_build_object('at', last_at, 'source', source, 'what', what) end,
          'silence', case when returned_at is not null
            then jsonb_build_object('at', returned_at, 'lastAt', silent_since) end,
          'conflictsWith', conflicts_with) as doc
      from line
      union all
      select a.reader_id, c.person_id, c.entitlement_key, c.id, array['found'],
        '{"startsAt": null, "endsAt": null, "usage": null, "silence": null, "conflictsWith": null}'::jsonb
      from changes c cross join lateral (
        select o.reader_id from owned o where o.key = c.entitlement_key and o.reader_id <> c.person_id
        union select r.reader_id from report r where r.person_id = c.person_id
      ) a
      where c.kind = 'grant' and c.state in ${pendingChange} and c.doc->>'cause' = 'finding'
    )
    insert into digest_lines (digest_id, place, kinds, person_id, entitlement_key, change_id, doc)
    select r.digest_id, row_number() over (partition by r.digest_id order by
        array_position(array['conflict', 'found', 'returned', 'unused', 'privileged', 'before', 'ending', 'new'], s.kinds[1]),
        p.name, s.entitlement_key, s.person_id, s.change_id),
      s.kinds, s.person_id, s.entitlement_key, s.change_id, s.doc
    from said s join reader r on r.id = s.reader_id join people p on p.id = s.person_id
    where cardinality(s.kinds) > 0`.execute(tx);
}
