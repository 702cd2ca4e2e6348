import { type RawBuilder, sql } from 'kysely';
import type { MassChange } from '../../core/mass-change/mass-change.ts';
import type { Sight } from '../../core/page/reader.ts';
import type { Db } from '../postgres/database.ts';
import { revive } from '../revive.ts';
import { unfinishedMass } from '../states.ts';
import { allOf, type Cursor, type Listed, listed, older, type Portion, peopleLike, within } from './sight.ts';

/** Many decided on one card, with how many of them became what. `mover`: whom it is about, where that is one person. */
export type ListedMass = {
  mass: MassChange;
  count: number;
  open: number;
  kept: number;
  reverted: number;
  mover: string | null;
  cursor: Cursor;
};

export type MassFilter = {
  kind?: string | undefined;
  isOpen?: boolean;
  from?: string | undefined;
  to?: string | undefined;
};

/** Of what somebody owns. Whoever sees not all finds none that is of no entitlement. */
const massInSight = (sight: Sight): RawBuilder<boolean> | null =>
  sight === 'all' ? null : sql<boolean>`m.doc->>'entitlementKey' = any(${[...sight.owns]}::text[])`;

type Row = Omit<ListedMass, 'mass' | 'cursor'> & { doc: MassChange; at: string; id: string };

/** The newest first. */
export async function listMassChanges(
  db: Db,
  sight: Sight,
  { kind, isOpen, from, to }: MassFilter,
  portion: Portion,
): Promise<Listed<ListedMass>> {
  const { rows } = await sql<Row>`
    select m.doc, n.*, p.name as mover, m.opened_at::text as at, m.id
    from (
      select * from mass_changes m where ${allOf([
        massInSight(sight),
        kind === undefined ? null : sql<boolean>`m.kind = ${kind}`,
        isOpen === true ? sql<boolean>`m.state in ${unfinishedMass}` : null,
        within(sql`m.opened_at`, { from, to }),
        older(sql`m.opened_at`, sql`m.id`, portion),
      ])}
      order by m.opened_at desc, m.id desc limit ${portion.limit + 1}
    ) m cross join lateral (
      select (count(*) filter (where i.outcome is distinct from 'dropped'))::int as count,
        (count(*) filter (where i.outcome is null))::int as open,
        (count(*) filter (where i.outcome = 'kept'))::int as kept,
        (count(*) filter (where i.outcome = 'reverted'))::int as reverted
      from mass_change_items i where i.mass_change_id = m.id
    ) n left join people p on p.id::text = m.doc->'moved'->>'personId'
    order by m.opened_at desc, m.id desc`.execute(db);
  return listed(
    rows.map(({ doc, at, id, ...row }) => ({ ...row, mass: revive<MassChange>(doc), cursor: { at, id } })),
    portion,
  );
}

/** How many cards with many on them are not worked off. */
export async function countOpenMass(db: Db, sight: Sight): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from mass_changes m where ${allOf([massInSight(sight), sql<boolean>`m.state in ${unfinishedMass}`])}`.execute(
    db,
  );
  return rows[0]?.n ?? 0;
}

export type ListedItem = {
  person: { name: string; email: string };
  note: string | null;
  outcome: string | null;
  changeId: string | null;
  kind: string;
  entitlementKey: string | null;
  cursor: Cursor;
};

/** What is on one card, by name. */
export async function listMassItems(
  db: Db,
  sight: Sight,
  filter: { card: string; outcome?: string | undefined; person?: string | undefined },
  portion: Portion,
): Promise<Listed<ListedItem>> {
  const people = filter.person === undefined ? null : await peopleLike(db, filter.person);
  type ItemRow = Omit<ListedItem, 'person' | 'cursor'> & {
    name: string;
    email: string;
    at: string;
    id: string;
  };
  const { rows } = await sql<ItemRow>`
    select p.name, p.email, i.note, i.outcome, i.change_id as "changeId", m.kind, m.doc->>'entitlementKey' as "entitlementKey",
      m.opened_at::text as at, n::text as id
    from (
      select *, row_number() over (order by item_key) as n from mass_change_items where mass_change_id = ${filter.card}::uuid
    ) i join mass_changes m on m.id = i.mass_change_id join people p on p.id = i.person_id
    where ${allOf([
      massInSight(sight),
      people === null ? null : sql<boolean>`i.person_id = any(${[...people]}::uuid[])`,
      filter.outcome === undefined
        ? null
        : filter.outcome === 'open'
          ? sql<boolean>`i.outcome is null`
          : sql<boolean>`i.outcome = ${filter.outcome}`,
      portion.after === null ? null : sql<boolean>`i.n > ${portion.after.id}::bigint`,
    ])}
    order by i.n limit ${portion.limit + 1}`.execute(db);
  return listed(
    rows.map(({ name, email, at, id, ...row }) => ({ ...row, person: { name, email }, cursor: { at, id } })),
    portion,
  );
}
