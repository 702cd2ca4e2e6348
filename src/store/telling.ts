import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** The actors who put these people in or took them out, as event sources told, and those event sources. */
export type Telling = {
  actors: { id: string; name: string }[];
  eventSources: string[];
  firstAt: Date | null;
  lastAt: Date | null;
};

export async function tellingOf(
  db: Db | Tx,
  group: { groupId: string; direction: 'added' | 'removed'; since: Date; until?: Date },
  people: { massChangeId: string } | { personId: string },
): Promise<Telling> {
  const who =
    'personId' in people
      ? sql`o.person_id = ${people.personId}`
      : sql`o.person_id in (select i.person_id from mass_change_items i
          where i.mass_change_id = ${people.massChangeId} and i.outcome is distinct from 'dropped')`;
  const { rows } = await sql<{
    actors: ({ id: string; name: string } | null)[] | null;
    eventSources: string[] | null;
    firstAt: Date | null;
    lastAt: Date | null;
  }>`
    select jsonb_agg(distinct o.actor) as actors, array_agg(distinct o.event_source) as "eventSources",
      min(o.occurred_at) as "firstAt", max(o.occurred_at) as "lastAt"
    from observed o where o.group_id = ${group.groupId} and o.payload->>'direction' = ${group.direction}
      and o.occurred_at >= ${group.since} and o.occurred_at <= ${group.until ?? 'infinity'}::timestamptz and ${who}`.execute(
    db,
  );
  const [row] = rows;
  return {
    actors: (row?.actors ?? []).filter((actor) => actor !== null),
    eventSources: row?.eventSources ?? [],
    firstAt: row?.firstAt ?? null,
    lastAt: row?.lastAt ?? null,
  };
}

/** Whether of somebody on a card no event source has told who put them in. */
export async function isAnyUntold(
  db: Db | Tx,
  massChangeId: string,
  { groupId, since }: { groupId: string; since: Date },
): Promise<boolean> {
  const { rows } = await sql`
    select from mass_change_items i where i.mass_change_id = ${massChangeId} and i.outcome is null
      and not exists (select from observed o where o.group_id = ${groupId} and o.person_id = i.person_id
        and o.payload->>'direction' = 'added' and o.actor is not null and o.occurred_at >= ${since}) limit 1`.execute(
    db,
  );
  return rows.length > 0;
}
