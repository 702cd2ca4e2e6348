import { type RawBuilder, sql } from 'kysely';
import type { Change } from '../../core/change/change.ts';
import type { ChangeState } from '../../core/change/life-cycle.ts';
import type { Sight } from '../../core/page/reader.ts';
import { changeOf } from '../changes.ts';
import type { Db } from '../postgres/database.ts';
import {
  allOf,
  type Cursor,
  changesInSight,
  type Listed,
  listed,
  older,
  type Portion,
  peopleLike,
  within,
} from './sight.ts';

/** A change with the revoke that ends it, and whose access it is. */
export type ListedChange = {
  change: Change;
  ending: Change | null;
  person: { name: string; email: string };
  cursor: Cursor;
};

export type ChangeFilter = {
  /** Letters of the person's name or address. */
  person?: string | undefined;
  entitlement?: string | undefined;
  states?: readonly ChangeState[] | undefined;
  cause?: string | undefined;
  /** Only what was found around Latchkey. */
  found?: boolean | undefined;
  kind?: string | undefined;
  /** Only those that were late once. */
  late?: boolean | undefined;
  from?: string | undefined;
  to?: string | undefined;
};

type Row = {
  doc: Change;
  ending: Change | null;
  name: string;
  email: string;
  at: string;
  id: string;
};

/** The newest changes first; the canary's are left out, unless they are asked for by their cause. */
export async function listChanges(
  db: Db,
  sight: Sight,
  filter: ChangeFilter,
  portion: Portion,
): Promise<Listed<ListedChange>> {
  const people = filter.person === undefined ? null : await peopleLike(db, filter.person);
  const { rows } = await sql<Row>`
    select c.doc, e.doc as ending, p.name, p.email, c.requested_at::text as at, c.id
    from (
      select * from changes c where ${allOf([
        changesInSight(sight),
        ...conditions(filter, people),
        older(sql`c.requested_at`, sql`c.id`, portion),
      ])}
      order by c.requested_at desc, c.id desc limit ${portion.limit + 1}
    ) c join people p on p.id = c.person_id left join changes e on e.id = c.revoke_id
    order by c.requested_at desc, c.id desc`.execute(db);
  return listed(rows.map(toListed), portion);
}

/** One change in sight; null: there is none, or it is not theirs to see. */
export async function changeInSight(db: Db, sight: Sight, id: string): Promise<ListedChange | null> {
  const { rows } = await sql<Row>`
    select c.doc, e.doc as ending, p.name, p.email, c.requested_at::text as at, c.id
    from changes c join people p on p.id = c.person_id left join changes e on e.id = c.revoke_id
    where c.id = ${id}::uuid and ${allOf([changesInSight(sight)])}`.execute(db);
  const [row] = rows;
  return row === undefined ? null : toListed(row);
}

/** These changes, the oldest first. */
export async function listChangesOf(db: Db, ids: readonly string[]): Promise<ListedChange[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<Row>`
    select c.doc, e.doc as ending, p.name, p.email, c.requested_at::text as at, c.id
    from changes c join people p on p.id = c.person_id left join changes e on e.id = c.revoke_id
    where c.id = any(${[...ids]}::uuid[]) order by c.requested_at, c.id`.execute(db);
  return rows.map(toListed);
}

function conditions(
  { entitlement, states, cause, found, kind, late, from, to }: ChangeFilter,
  people: readonly string[] | null,
): (RawBuilder<boolean> | null)[] {
  return [
    people === null ? null : sql<boolean>`c.person_id = any(${[...people]}::uuid[])`,
    entitlement === undefined ? null : sql<boolean>`c.entitlement_key = ${entitlement}`,
    states === undefined ? null : sql<boolean>`c.state = any(${[...states]}::text[])`,
    // Written out, as the indexes have it.
    found === true ? sql<boolean>`c.doc->>'cause' in ('finding', 'loss')` : null,
    cause === undefined
      ? sql<boolean>`c.doc->>'cause' <> 'canary'`
      : sql<boolean>`c.doc->>'cause' = ${cause}`,
    kind === undefined ? null : sql<boolean>`c.kind = ${kind}`,
    late === true ? sql<boolean>`c.doc->'late'->>'at' is not null` : null,
    within(sql`c.requested_at`, { from, to }),
  ];
}

function toListed({ doc, ending, name, email, at, id }: Row): ListedChange {
  return {
    change: changeOf(doc),
    ending: ending === null ? null : changeOf(ending),
    person: { name, email },
    cursor: { at, id },
  };
}
