import { sql } from 'kysely';
import type { PersonId } from '../core/ids.ts';
import {
  type CarriedOut,
  evolveMass,
  type MassChange,
  type MassChangeEvent,
  type MassItem,
  type MassKind,
  openMassStates,
} from '../core/mass-change/mass-change.ts';
import type { Person } from './people.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';
import { revive } from './revive.ts';
import { openMass, openOffboarding, pendingChange, underwayChange, unfinishedMass } from './states.ts';

export async function readMassChange(db: Db | Tx, id: string): Promise<MassChange | null> {
  const row = await db.selectFrom('mass_changes').select('doc').where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : massChangeOf(row.doc);
}

/** Reads it and holds its row until the transaction ends. */
export async function lockMassChange(tx: Tx, id: string): Promise<MassChange | null> {
  const row = await tx
    .selectFrom('mass_changes')
    .select('doc')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : massChangeOf(row.doc);
}

/** The one of this kind and scope that nobody decided yet. */
export async function openMassChange(db: Db | Tx, kind: MassKind, scope: string): Promise<MassChange | null> {
  const row = await db
    .selectFrom('mass_changes')
    .select('doc')
    .where('kind', '=', kind)
    .where('scope', '=', scope)
    .where('state', 'in', [...openMassStates])
    .executeTakeFirst();
  return row === undefined ? null : massChangeOf(row.doc);
}

/** Whether many of this group are asked about on one card now. */
export async function hasOpenCard(db: Db | Tx, groupId: string): Promise<boolean> {
  const row = await db
    .selectFrom('mass_changes')
    .select('id')
    .where('scope', '=', groupId)
    .where('kind', 'in', ['finding', 'lost'])
    .where('state', 'in', [...openMassStates])
    .executeTakeFirst();
  return row !== undefined;
}

/** Those about what this person holds that nobody decided yet, oldest first. */
export async function openMovesOf(db: Db | Tx, personId: string): Promise<MassChange[]> {
  const rows = await db
    .selectFrom('mass_changes')
    .select('doc')
    .where('kind', '=', 'moved')
    .where('state', 'in', [...openMassStates])
    .where('scope', 'like', `${personId}:%`)
    .orderBy('opened_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => massChangeOf(row.doc));
}

/** Those asked before a time whose approvers were not reminded yet, oldest first. */
export async function massChangesDueToRemind(db: Db, since: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('mass_changes')
    .select('id')
    .where('state', '=', 'asking')
    .where('opened_at', '<=', since)
    .where((eb) => eb(eb.ref('doc', '->>').key('remindedAt'), 'is', null))
    .orderBy('opened_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => row.id);
}

/** Applies an event to the stored mass change and its items. Only commit.ts calls this. */
export async function writeMassEvent(
  tx: Tx,
  before: MassChange | null,
  event: MassChangeEvent,
): Promise<MassChange> {
  const after = evolveMass(before, event);
  const columns = { state: after.state, version: after.version, doc: JSON.stringify(after) };
  if (before === null)
    await tx
      .insertInto('mass_changes')
      .values({ ...columns, id: after.id, kind: after.kind, scope: after.scope, opened_at: after.openedAt })
      .execute();
  else await later(tx, tx.updateTable('mass_changes').set(columns).where('id', '=', after.id).compile());
  if (event.type === 'massGrew')
    // What had dropped out and differs again is to be decided again.
    await sql`
      insert into mass_change_items (mass_change_id, item_key, person_id, note)
      select ${after.id}, i->>'key', (i->>'personId')::uuid, i->>'note'
      from jsonb_array_elements(${JSON.stringify(event.items)}::jsonb) i
      on conflict (mass_change_id, item_key) do update set outcome = null, note = excluded.note`.execute(tx);
  if (event.type === 'massItemsDecided')
    await sql`
      update mass_change_items i set outcome = case f->>'choice' when 'keep' then 'kept' else 'reverted' end
      from jsonb_array_elements(${JSON.stringify(event.decision.choices)}::jsonb) f
      where i.mass_change_id = ${after.id} and i.item_key = f->>'key' and i.outcome is null`.execute(tx);
  if (event.type === 'massShrank')
    await sql`
      update mass_change_items set outcome = 'dropped'
      where mass_change_id = ${after.id} and item_key = any(${event.keys}::text[]) and outcome is null`.execute(
      tx,
    );
  return after;
}

/** Records what became of items. */
export async function noteCarriedOut(tx: Tx, id: string, carriedOut: readonly CarriedOut[]): Promise<void> {
  await sql`
    update mass_change_items i set outcome = u->>'outcome', change_id = (u->>'changeId')::uuid
    from jsonb_array_elements(${JSON.stringify(carriedOut)}::jsonb) u
    where i.mass_change_id = ${id} and i.item_key = u->>'key'`.execute(tx);
}

/** Items still to be decided or worked off, in the order of their keys. */
export async function openItems(db: Db | Tx, id: string, limit: number | null = null): Promise<MassItem[]> {
  const { rows } = await sql<MassItem>`
    select item_key as key, person_id as "personId", note from mass_change_items
    where mass_change_id = ${id} and outcome is null order by item_key limit ${limit}`.execute(db);
  return rows;
}

/** An item still to be decided with what rules may ask about whom it is about. */
export type ItemPerson = Pick<MassItem, 'key' | 'personId'> &
  Pick<Person, 'email' | 'department' | 'title' | 'status' | 'timeZone'> & {
    /** Of a grant on the card: what it gives. */
    entitlementKey: string | null;
  };

export async function itemPeople(db: Db, id: string): Promise<ItemPerson[]> {
  const { rows } = await sql<ItemPerson>`
    select i.item_key as key, i.person_id as "personId", p.email, p.department, p.title, p.status,
      p.time_zone as "timeZone",
      case m.kind when 'moved' then (select entitlement_key from changes c where c.id = i.item_key::uuid) end
        as "entitlementKey"
    from mass_change_items i join mass_changes m on m.id = i.mass_change_id join people p on p.id = i.person_id
    where i.mass_change_id = ${id} and i.outcome is null order by i.item_key`.execute(db);
  return rows;
}

/** An item with whom it is about, to be shown. */
export type ShownItem = MassItem & { name: string; department: string | null; status: string };

export async function shownItems(
  db: Db,
  id: string,
  limit: number,
  which: 'undecided' | 'all' = 'all',
): Promise<{ items: ShownItem[]; count: number }> {
  const { rows } = await sql<ShownItem & { count: number }>`
    select i.item_key as key, i.person_id as "personId", i.note, p.name, p.department, p.status,
      count(*) over ()::int as count
    from mass_change_items i join people p on p.id = i.person_id
    where i.mass_change_id = ${id} and i.outcome is distinct from 'dropped'
      and (i.outcome is null or ${which}::text = 'all')
    order by p.name, i.note, i.item_key limit ${limit}`.execute(db);
  return { items: rows, count: rows[0]?.count ?? 0 };
}

/** How many of those shown have this note. */
export async function countNoted(db: Db, id: string, note: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from mass_change_items
    where mass_change_id = ${id} and note = ${note} and outcome is distinct from 'dropped'`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Whether the pair is on a card that nobody decided yet, or decided and still to be worked off; on which. */
export async function cardOfPair(
  db: Db | Tx,
  pair: { personId: string; groupId: string },
): Promise<Pick<MassChange, 'id' | 'kind' | 'state'> | null> {
  const { rows } = await sql<Pick<MassChange, 'id' | 'kind' | 'state'>>`
    select m.id, m.kind, m.state from mass_change_items i join mass_changes m on m.id = i.mass_change_id
    where i.person_id = ${pair.personId} and i.outcome is null and m.scope = ${pair.groupId}
      and m.kind in ('finding', 'lost') and m.state in ${unfinishedMass} limit 1`.execute(db);
  return rows[0] ?? null;
}

/**
 * Those of these people whose membership of the group, or of the team that it gives, nobody deals with yet. For each of
 * them all of this holds:
 * - no request of theirs waits, and no change is on its way
 * - they are on no card, and nobody offboards them
 * - of a group: they are neither on hold nor gone
 */
export async function unattended(
  db: Db | Tx,
  of: { groupId: string; entitlementKey: string; teamId?: string },
  personIds: readonly string[],
): Promise<string[]> {
  const scopes = [of.groupId, of.teamId ?? of.groupId];
  const { rows } = await sql<{ id: string }>`
    select p.id from people p
    where p.id = any(${[...personIds]}::uuid[]) and (${of.teamId !== undefined} or p.status not in ('suspended', 'deprovisioned'))
      and not exists (select from offboardings o where o.person_id = p.id
        and o.state in ${openOffboarding})
      and not exists (select from changes c where c.person_id = p.id and (
        (c.group_id = ${of.groupId} and c.state in ${underwayChange})
        or (c.entitlement_key = ${of.entitlementKey} and c.kind = 'grant' and c.state in ${pendingChange})))
      and not exists (select from mass_change_items i join mass_changes m on m.id = i.mass_change_id
        where i.person_id = p.id and i.outcome is null and m.scope = any(${scopes}::text[])
          and m.kind in ('finding', 'lost', 'excess') and m.state in ${unfinishedMass})
    order by p.id`.execute(db);
  return rows.map((row) => row.id);
}

/** Of these people those whom a live grant wants in the group. */
export async function holdingGrant(
  db: Db | Tx,
  groupId: string,
  personIds: readonly string[],
  now: Date,
): Promise<Set<string>> {
  const { rows } = await sql<{ person_id: string }>`
    select distinct person_id from grants where group_id = ${groupId} and person_id = any(${[...personIds]}::uuid[])
      and ended_at is null and starts_at <= ${now} and ends_at > ${now}`.execute(db);
  return new Set(rows.map((row) => row.person_id));
}

/** The counts from which the card's facts are made, in one pass over the items still open. */
export type MassTally = {
  count: number;
  departments: { department: string | null; people: number }[];
  inactive: number;
  /** Items whose person was found in or out of this group on a decided card before. */
  foundBefore: number;
};

export async function tallyOf(db: Db | Tx, mass: MassChange): Promise<MassTally> {
  const { rows } = await sql<{ department: string | null; people: number; inactive: number; before: number }>`
    select p.department, count(*)::int as people, count(*) filter (where p.status <> 'active')::int as inactive,
      count(*) filter (where exists (select from changes c where c.person_id = p.id
        and c.entitlement_key = ${mass.entitlementKey} and c.doc->>'cause' in ('finding', 'loss')))::int as before
    from mass_change_items i join people p on p.id = i.person_id
    where i.mass_change_id = ${mass.id} and i.outcome is null
    group by p.department order by people desc, p.department`.execute(db);
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((n, row) => n + of(row), 0);
  return {
    count: sum((row) => row.people),
    departments: rows.map(({ department, people }) => ({ department, people })),
    inactive: sum((row) => row.inactive),
    foundBefore: sum((row) => row.before),
  };
}

/** Everybody on the card, for whom it is excluded by policy to decide on it. */
export async function peopleOnCard(db: Db | Tx, id: string): Promise<Set<PersonId>> {
  const { rows } = await sql<{ person_id: PersonId }>`
    select distinct person_id from mass_change_items
    where mass_change_id = ${id} and outcome is distinct from 'dropped'`.execute(db);
  return new Set(rows.map((row) => row.person_id));
}

/** Grants on cards about a move that ended by themselves meanwhile. */
export async function endedOnMoveCards(db: Db, limit: number): Promise<{ id: string; key: string }[]> {
  const { rows } = await sql<{ id: string; key: string }>`
    select m.id, i.item_key as key from mass_changes m
    join mass_change_items i on i.mass_change_id = m.id and i.outcome is null
    join grants g on g.change_id = i.item_key::uuid
    where m.kind = 'moved' and m.state in ${openMass} and g.ended_at is not null
    order by m.id, i.item_key limit ${limit}`.execute(db);
  return rows;
}

/** The oldest were stored without what came later. */
export function massChangeOf(doc: MassChange): MassChange {
  const mass = revive<MassChange>(doc);
  return { ...mass, itemAnswers: mass.itemAnswers ?? [] };
}
