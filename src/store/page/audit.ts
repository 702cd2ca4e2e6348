import { type RawBuilder, sql } from 'kysely';
import type { AuditEntry } from '../audit.ts';
import type { Db } from '../postgres/database.ts';
import { allOf, type Cursor, type Listed, listed, type Portion, peopleLike, within } from './sight.ts';

/** `seq`: its number in the sealed order; null: it is not sealed yet. */
export type ListedEntry = AuditEntry & {
  id: string;
  seq: string | null;
  changeId: string | null;
  cursor: Cursor;
};

export type AuditFilter = {
  /** Letters of a name or address: what they did, and what was done about them. */
  person?: string | undefined;
  change?: string | undefined;
  type?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};

type Row = Omit<ListedEntry, 'cursor'> & { cursorAt: string };

/** The newest entries first. */
export async function listAudit(db: Db, filter: AuditFilter, portion: Portion): Promise<Listed<ListedEntry>> {
  const limit = portion.limit + 1;
  const rest = allOf([
    filter.change === undefined ? null : sql<boolean>`a.change_id = ${filter.change}::uuid`,
    filter.type === undefined ? null : sql<boolean>`a.type = ${filter.type}`,
    within(sql`a.at`, filter),
    portion.after === null
      ? null
      : sql<boolean>`(a.at, a.id) < (${portion.after.at}::timestamptz, ${portion.after.id}::bigint)`,
  ]);
  const found = await entriesFor(db, filter, { rest, limit });
  return listed(await sealed(db, sql`(${found})`, limit), portion);
}

/** Null: there is no such entry. */
export async function readEntry(db: Db, id: string): Promise<ListedEntry | null> {
  const [row] = await sealed(db, sql`(select * from audit where id = ${id}::bigint)`, 1);
  return row ?? null;
}

async function sealed(db: Db, entries: RawBuilder<unknown>, limit: number): Promise<ListedEntry[]> {
  const { rows } = await sql<Row>`
    select a.id::text as id, a.at, a.at::text as "cursorAt", a.type, a.change_id as "changeId", a.actor, a.data,
      s.seq::text as seq
    from ${entries} a left join audit_seals s on s.audit_id = a.id order by a.at desc, a.id desc limit ${limit}`.execute(
    db,
  );
  return rows.map(({ cursorAt, ...row }) => ({ ...row, cursor: { at: cursorAt, id: row.id } }));
}

/**
 * Entries about somebody are found by their changes and by their id, entries by somebody by who did them: for each of
 * those the newest are taken by an index, so that no search reads the whole audit.
 */
async function entriesFor(
  db: Db,
  { person }: AuditFilter,
  { rest, limit }: { rest: RawBuilder<boolean>; limit: number },
): Promise<RawBuilder<unknown>> {
  const newest = (which: RawBuilder<boolean>) =>
    sql`(select a.* from audit a where ${which} and ${rest} order by a.at desc, a.id desc limit ${limit})`;
  if (person === undefined) return newest(sql<boolean>`true`);
  const people = await peopleLike(db, person);
  const changes = sql`(select id from changes where person_id = any(${people}::uuid[])
    union select id from changes where requester_id = any(${people}::uuid[]))`;
  const ids = sql`unnest(${people}::text[])`;
  return sql`select distinct on (u.at, u.id) u.* from (
      select e.* from ${changes} c cross join lateral ${newest(sql<boolean>`a.change_id = c.id`)} e
      union all
      select e.* from ${ids} p (id) cross join lateral ${newest(sql<boolean>`a.actor->>'person' = p.id`)} e
      union all
      select e.* from ${ids} p (id)
      cross join lateral ${newest(sql<boolean>`a.change_id is null and a.data->>'personId' = p.id`)} e
    ) u order by u.at desc, u.id desc`;
}
