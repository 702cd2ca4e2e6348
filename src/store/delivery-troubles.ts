import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { MissedBefore } from '../core/delivery/missing.ts';
import type { Target } from '../core/policy/catalogue.ts';
import type { CarriedElsewhere } from '../core/policy/delivery.ts';
import { keptOut } from './offboardings.ts';
import type { Db, Tx } from './postgres/database.ts';
import type { Tables } from './schema/tables.ts';
import { openChange } from './states.ts';

type Row = Selectable<Tables['delivery_troubles']>;

/** See migrations/0071_delivery_troubles.ts. */
export type DeliveryTrouble = MissedBefore & {
  id: string;
  kind: Row['kind'];
  target: Target & { delivery: CarriedElsewhere };
  since: Date;
  /** Of `unmapped` alone: what is wrong, and what to do. */
  why: string | null;
  mendedAt: Date | null;
};

type Of = Pick<Target, 'groupId' | 'teamId'>;

/** The one of this kind that is not over, whether anybody was told of it or not. */
export async function openDeliveryTrouble(
  db: Db | Tx,
  kind: Row['kind'],
  { groupId, teamId }: Of,
): Promise<DeliveryTrouble | null> {
  const row = await db
    .selectFrom('delivery_troubles')
    .selectAll()
    .where('kind', '=', kind)
    .where('group_id', '=', groupId)
    .where('team_id', '=', teamId)
    .where('mended_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

export async function readDeliveryTrouble(db: Db, id: string): Promise<DeliveryTrouble | null> {
  const row = await db.selectFrom('delivery_troubles').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

/** Null: another process was first. */
export async function beginDeliveryTrouble(
  tx: Tx,
  {
    target,
    now,
    isTold,
    ...given
  }: Pick<Row, 'kind' | 'why'> & {
    target: Target;
    now: Date;
    isTold: boolean;
    seenIds?: readonly string[];
  },
): Promise<string | null> {
  const begun = await tx
    .insertInto('delivery_troubles')
    .values({
      id: randomUUID(),
      kind: given.kind,
      why: given.why,
      target: JSON.stringify(target),
      group_id: target.groupId,
      team_id: target.teamId,
      since: now,
      seen_ids: [...(given.seenIds ?? [])],
      person_ids: [],
      told_at: isTold ? now : null,
      mended_at: null,
    })
    .onConflict((c) => c.doNothing())
    .returning('id')
    .executeTakeFirst();
  return begun?.id ?? null;
}

/** `tellNow`: it is told of from now on, unless it was before. */
export async function keepDeliveryTrouble(
  tx: Tx,
  id: string,
  now: { seenIds: readonly string[]; personIds: readonly string[]; tellNow: Date | null },
): Promise<void> {
  await tx
    .updateTable('delivery_troubles')
    .set((eb) => ({
      seen_ids: [...now.seenIds],
      person_ids: [...now.personIds],
      told_at: eb.fn.coalesce('told_at', eb.val(now.tellNow)),
    }))
    .where('id', '=', id)
    .execute();
}

export async function changeDeliveryTrouble(tx: Tx, id: string, why: string): Promise<void> {
  await tx.updateTable('delivery_troubles').set({ why }).where('id', '=', id).execute();
}

/** Answers whether it was open. */
export async function mendDeliveryTrouble(tx: Tx, id: string, at: Date): Promise<boolean> {
  const mended = await tx
    .updateTable('delivery_troubles')
    .set({ mended_at: at })
    .where('id', '=', id)
    .where('mended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return mended !== undefined;
}

export async function forgetDeliveryTrouble(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('delivery_troubles').where('id', '=', id).execute();
}

/** How many hold what this group gives by a live grant, and how many of them wait for their next sign-in. */
export async function holdersOf(
  db: Db | Tx,
  { groupId, teamId }: Of,
): Promise<{ holders: number; waiting: number }> {
  const { rows } = await sql<{ holders: number; waiting: number }>`
    select count(distinct g.person_id)::int as holders,
      (count(distinct g.person_id) filter (where c.state = 'awaitingSignIn'))::int as waiting
    from grants g join changes c on c.id = g.change_id
    where g.group_id = ${groupId} and g.team_id = ${teamId} and g.ended_at is null
      and g.starts_at <= clock_timestamp() and g.ends_at > clock_timestamp()`.execute(db);
  return rows[0] ?? { holders: 0, waiting: 0 };
}

/**
 * Who should be in a team by a group that something else carries, and is not among those staged of it; the first `limit`
 * of them. By a connector: whoever the IdP has in the group. By the sign-in: whoever was seen in the team by a live grant.
 * Without those about whom a change is on its way, those who are off, and those who have no user in Anypoint.
 */
export async function missingInTeam(
  tx: Tx,
  target: Pick<Target, 'groupId' | 'teamId' | 'idp'> & { delivery: CarriedElsewhere },
  { team, group, limit }: { team: { id: string }; group: { id: string }; limit: number },
): Promise<string[]> {
  const wanted =
    target.delivery === 'native'
      ? sql`select distinct person_id from reconcile_members where place_id = ${group.id}`
      : sql`select g.person_id from grants g join changes c on c.id = g.change_id and c.state = 'inEffect'
          where g.group_id = ${target.groupId} and g.team_id = ${target.teamId} and g.ended_at is null
            and g.starts_at <= clock_timestamp() and g.ends_at > clock_timestamp()`;
  const { rows } = await sql<{ person_id: string }>`
    select w.person_id from (${wanted} except
      select l.person_id from reconcile_team_members t
      join person_links l on l.system = 'anypoint' and l.external_id = t.user_id where t.place_id = ${team.id}) w
    join people p on p.id = w.person_id
    where exists (select from person_links l where l.person_id = w.person_id and l.system = 'anypoint')
      and not exists (select from person_links l where l.person_id = w.person_id and l.system = ${target.idp}
        and coalesce(l.status, p.status) <> 'active')
      and not exists (select from changes c where c.person_id = w.person_id and c.group_id = ${target.groupId}
        and c.state in ${openChange})
      and w.person_id not in (${keptOut})
    order by p.name, p.id limit ${limit}`.execute(tx);
  return rows.map((row) => row.person_id);
}

function toTrouble(row: Row): DeliveryTrouble {
  return {
    id: row.id,
    kind: row.kind,
    target: row.target as DeliveryTrouble['target'],
    since: row.since,
    why: row.why,
    seenIds: row.seen_ids,
    personIds: row.person_ids,
    isTold: row.told_at !== null,
    mendedAt: row.mended_at,
  };
}
