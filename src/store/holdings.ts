import { sql } from 'kysely';
import { gaveAnew } from './grants.ts';
import { askedTogether } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';
import { pendingChange } from './states.ts';

/** The entitlements that a person has, is to get and has asked for, and the groups in which they were before Latchkey. */
export type Held = { granted: string[]; scheduled: string[]; pending: string[]; groupNames: string[] };

/**
 * What a person holds now, beside one change. Of two requests that come in at once, the later one has to know of the
 * earlier, not the other way about. Otherwise a rule would refuse both. Once it is put to approvers (`isPut`) each
 * knows of all others. What is approved for later counts too; once its own start has come (`isBeginning`), only what
 * was asked for before it. Somebody who was found in a group has what it gives.
 */
export async function heldBeside(db: Db | Tx, personId: string, beside: Beside | null): Promise<Held> {
  return await held(db, { personId, beside });
}

type Beside = { id: string; requestedAt: Date; isPut?: boolean; isBeginning?: boolean };

const held = askedTogether(async (db, keys: readonly { personId: string; beside: Beside | null }[]) => {
  const asked = keys.map(({ personId, beside }, n) => ({
    n,
    person_id: personId,
    id: beside?.id ?? null,
    requested_at: beside?.requestedAt ?? null,
    // Beside nothing, all count.
    has_all_pending: beside === null || beside.isPut === true,
    has_all_scheduled: beside?.isBeginning !== true,
  }));
  const { rows } = await sql<{ n: number; kind: keyof Held; name: string }>`
    with k as materialized (select * from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as k
      (n int, person_id uuid, id uuid, requested_at timestamptz, has_all_pending bool, has_all_scheduled bool)),
    beside as materialized (
      select k.n, c.entitlement_key, c.state, c.doc->>'cause' = 'finding' as is_found,
        (c.requested_at, c.id) < (k.requested_at, k.id) as is_earlier, k.has_all_pending, k.has_all_scheduled
      from k join changes c on c.person_id = k.person_id and c.kind = 'grant'
        and (c.state in ${pendingChange} or c.state = 'scheduled') and c.id is distinct from k.id)
    select k.n, 'granted' as kind, g.entitlement_key as name from k
      join grants g on g.person_id = k.person_id and g.ended_at is null and g.ends_at > clock_timestamp()
    union
    select n, case when state = 'scheduled' then 'scheduled' when is_found then 'granted' else 'pending' end, entitlement_key
      from beside where case when state = 'scheduled' then has_all_scheduled or is_earlier
        else is_found or has_all_pending or is_earlier end
    union
    select k.n, 'groupNames', b.group_name from k
      join baseline_members b on b.person_id = k.person_id and b.ended_at is null
    order by n, kind, name`.execute(db);
  const byKey = Map.groupBy(rows, ({ n }) => n);
  return keys.map((_, n): Held => {
    const named = (kind: keyof Held) =>
      (byKey.get(n) ?? []).filter((row) => row.kind === kind).map((row) => row.name);
    return {
      granted: named('granted'),
      scheduled: named('scheduled'),
      pending: named('pending'),
      groupNames: named('groupNames'),
    };
  });
});

/** Holds a person's row from the next read on, until the transaction ends: of two decisions about them one waits there. */
export async function lockPerson(tx: Tx, id: string): Promise<void> {
  await later(tx, sql`select from people where id = ${id} for no key update`.compile(tx));
}

/** Ids of this person's requests that wait for a decision, beside one; `id` null: all. */
export async function otherPendingIds(
  db: Db | Tx,
  { personId, id }: { personId: string; id: string | null },
): Promise<string[]> {
  const rows = await db
    .selectFrom('changes')
    .select('id')
    .where('person_id', '=', personId)
    .where('id', 'is distinct from', id)
    .where('kind', '=', 'grant')
    .where('state', '=', 'asking')
    .orderBy('requested_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => row.id);
}

/** Reads what many people hold, and how often each was granted an entitlement before. */
export async function heldByAll(
  db: Db | Tx,
  personIds: readonly string[],
  entitlementKeys: readonly string[],
): Promise<Map<string, Held & { earlierGrants: Map<string, number> }>> {
  const ids = sql`any(${[...personIds]}::uuid[])`;
  const { rows } = await sql<{ personId: string; kind: keyof Held | 'earlier'; name: string; n: number }>`
    select person_id as "personId", 'granted' as kind, entitlement_key as name, 1 as n from grants
    where person_id = ${ids} and ended_at is null and ends_at > clock_timestamp()
    union
    select person_id, case when doc->>'cause' = 'finding' then 'granted' else 'pending' end, entitlement_key, 1
    from changes where person_id = ${ids} and kind = 'grant' and state in ${pendingChange}
    union
    select person_id, 'scheduled', entitlement_key, 1
    from changes where person_id = ${ids} and kind = 'grant' and state = 'scheduled'
    union
    select person_id, 'groupNames', group_name, 1 from baseline_members where person_id = ${ids} and ended_at is null
    union
    select person_id, 'earlier', entitlement_key, greatest(0, count(*) - (exists (
      select from grants g where g.person_id = changes.person_id and g.entitlement_key = changes.entitlement_key
        and g.ended_at is null and g.ends_at > clock_timestamp()))::int)::int from changes
    where person_id = ${ids} and entitlement_key = any(${[...entitlementKeys]}::text[]) and ${gaveAnew}
    group by person_id, entitlement_key
    order by 1, 2, 3`.execute(db);
  const byPerson = Map.groupBy(rows, (row) => row.personId);
  return new Map(
    personIds.map((id) => {
      const of = (kind: (typeof rows)[number]['kind']) =>
        (byPerson.get(id) ?? []).filter((row) => row.kind === kind);
      const names = (kind: keyof Held) => of(kind).map(({ name }) => name);
      const earlierGrants = new Map(of('earlier').map(({ name, n }) => [name, n]));
      return [
        id,
        {
          granted: names('granted'),
          scheduled: names('scheduled'),
          pending: names('pending'),
          groupNames: names('groupNames'),
          earlierGrants,
        },
      ];
    }),
  );
}
