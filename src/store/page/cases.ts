import { sql } from 'kysely';
import type { Offboarding } from '../../core/offboarding/offboarding.ts';
import type { Db } from '../postgres/database.ts';
import { revive } from '../revive.ts';
import { openOffboarding } from '../states.ts';
import { allOf, type Cursor, type Listed, listed, older, type Portion, peopleLike, within } from './sight.ts';

export type ListedCase = { case: Offboarding; person: { name: string; email: string }; cursor: Cursor };

/** Leavers' cases, the newest first; for who sees all. */
export async function listCases(
  db: Db,
  filter: {
    person?: string | undefined;
    isOpen: boolean;
    from?: string | undefined;
    to?: string | undefined;
  },
  portion: Portion,
): Promise<Listed<ListedCase>> {
  const people = filter.person === undefined ? null : await peopleLike(db, filter.person);
  const { rows } = await sql<Row>`
    select o.doc, p.name, p.email, o.opened_at::text as at, o.id
    from offboardings o join people p on p.id = o.person_id
    where ${allOf([
      people === null ? null : sql<boolean>`o.person_id = any(${[...people]}::uuid[])`,
      filter.isOpen ? sql<boolean>`o.state in ${openOffboarding}` : null,
      within(sql`o.opened_at`, filter),
      older(sql`o.opened_at`, sql`o.id`, portion),
    ])}
    order by o.opened_at desc, o.id desc limit ${portion.limit + 1}`.execute(db);
  return listed(rows.map(toCase), portion);
}

/** Null: there is no such case. */
export async function readCase(db: Db, id: string): Promise<ListedCase | null> {
  const { rows } = await sql<Row>`
    select o.doc, p.name, p.email, o.opened_at::text as at, o.id
    from offboardings o join people p on p.id = o.person_id where o.id = ${id}::uuid`.execute(db);
  const [row] = rows;
  return row === undefined ? null : toCase(row);
}

type Row = { doc: Offboarding; name: string; email: string; at: string; id: string };

function toCase({ doc, name, email, at, id }: Row): ListedCase {
  return { case: revive<Offboarding>(doc), person: { name, email }, cursor: { at, id } };
}
