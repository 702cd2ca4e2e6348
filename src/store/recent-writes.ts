import { sql } from 'kysely';
import type { RecentWrites } from '../ports/identity-provider.ts';
import { askedTogether } from './postgres/asked-together.ts';
import type { Db } from './postgres/database.ts';

/** For so long after a write another answer may come from a copy that does not have it yet. */
const RECENT_SECONDS = 60;

type Pair = { groupId: string; personId: string };

const lastWrites = askedTogether(async (db, pairs: readonly Pair[]) => {
  const { rows } = await sql<{ n: number; isMember: boolean }>`
    select p.n::int as n, w.is_member as "isMember"
    from unnest(${pairs.map((p) => p.groupId)}::text[], ${pairs.map((p) => p.personId)}::text[])
      with ordinality as p (group_id, person_id, n)
    join recent_writes w on w.group_id = lower(p.group_id) and w.person_id = lower(p.person_id)
    where w.at > clock_timestamp() - ${RECENT_SECONDS} * interval '1 s'`.execute(db);
  const byPlace = new Map(rows.map(({ n, isMember }) => [n, isMember]));
  return pairs.map((_, at) => byPlace.get(at + 1) ?? null);
});

/**
 * What all processes of this installation wrote. A membership that one of them wrote a moment ago is not taken back by an
 * older copy that another is shown, and none waits for what another has changed since. Ids as the IdP has them.
 */
export function createRecentWrites(db: Db): RecentWrites {
  return {
    async note(groupId, personId, isMember) {
      await sql`
        insert into recent_writes (group_id, person_id, is_member)
        values (lower(${groupId}::text), lower(${personId}::text), ${isMember})
        on conflict (group_id, person_id) do update set is_member = excluded.is_member, at = excluded.at`.execute(
        db,
      );
    },
    async forget(groupId, personId, isMember) {
      await sql`
        delete from recent_writes where group_id = lower(${groupId}::text)
          and person_id = lower(${personId}::text) and is_member = ${isMember}`.execute(db);
    },
    of: (groupId, personId) => lastWrites(db, { groupId, personId }),
  };
}
