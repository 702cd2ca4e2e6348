import { sql } from 'kysely';
import type { KnownPerson } from './people.ts';
import type { LinkedSystem } from './person-links.ts';
import type { Db } from './postgres/database.ts';

/** What the chat said is asked again after so many days: people move. */
const KEPT_DAYS = 30;

/**
 * Active people who own something, are admins or manage somebody, and of whom the directory has no time zone. Only
 * those of whom the chat was not asked lately.
 */
export async function zonelessReaders(
  db: Db,
  answering: readonly string[],
  system: LinkedSystem,
  limit: number,
): Promise<KnownPerson[]> {
  const { rows } = await sql<KnownPerson>`
    select m.id, m.name, m.email, (select l.external_id from person_links l where l.person_id = m.id and l.system = ${system}
      order by l.verified_at desc, l.external_id limit 1) as "accountId"
    from people m left join chat_time_zones z on z.person_id = m.id
    where m.status = 'active' and m.time_zone is null
      and (z.asked_at is null or z.asked_at < clock_timestamp() - ${KEPT_DAYS}::int * interval '1 day')
      and (m.id = any(${[...answering]}::uuid[])
        or exists (select from people p where lower(p.manager) = lower(m.login))
        or exists (select from people p where lower(p.manager) = lower(m.email)))
    order by z.asked_at nulls first, m.id limit ${limit}`.execute(db);
  return rows;
}

export async function noteChatZone(db: Db, personId: string, timeZone: string | null): Promise<void> {
  await sql`insert into chat_time_zones (person_id, time_zone, asked_at)
    values (${personId}, ${timeZone}, clock_timestamp())
    on conflict (person_id) do update set time_zone = excluded.time_zone, asked_at = excluded.asked_at`.execute(
    db,
  );
}

/** The time zone that the chat has of somebody; null: none is known. */
export async function chatZoneOf(db: Db, personId: string): Promise<string | null> {
  const { rows } = await sql<{ zone: string | null }>`
    select time_zone as zone from chat_time_zones where person_id = ${personId}`.execute(db);
  return rows[0]?.zone ?? null;
}
