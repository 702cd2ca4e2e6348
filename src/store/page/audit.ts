import { type RawBuilder, sql } from 'kysely';
import type { AuditEntry } from '../audit.ts';
import type { Db } from '../postgres/database.ts';
import { allOf, type Cursor, type Listed, listed, type Portion, peopleLike, within } from './sight.ts';

/** `seq`: its number in the sealed order; null: it is not sealed yet. */
export type ListedEntry = AuditEntry & { seq: string | null; changeId: string | null; cursor: Cursor };

export type AuditFilter = {
  /** Letters of a name or address: what they did, and what was done about them. */
  person?: string | undefined;
  change?: string | undefined;
  type?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};

/** The newest entries first. */
export async function listAudit(db: Db, filter: AuditFilter, portion: Portion): Promise<Listed<ListedEntry>> {
  const limit = portion.limit + 1;
  const rest = allOf([
    filter.change === undefined ? null : sql<boolean>`a.change_id = ${filter.change}::uuid`,
    filter.type === undefined ? null : sql<boolean>`a.type = ${filter.type}`,
    within(sql`a.at`, filter),
    portion.after === null ? null : sql<boolean>`a.id < ${portion.after.id}::bigint`,
  ]);
  const found = await entriesFor(db, filter, { rest, limit });
  const { rows } = await sql<Omit<ListedEntry, 'cursor'> & { id: string; cursorAt: string }>`
    select a.id::text as id, a.at, a.at::text as "cursorAt", a.type, a.change_id as "changeId", a.actor, a.data,
      s.seq::text as seq
    from (${found}) a left join audit_seals s on s.audit_id = a.id order by a.id desc limit ${limit}`.execute(
    db,
  );
  return listed(
    rows.map(({ id, cursorAt, ...row }) => ({ ...row, cursor: { at: cursorAt, id } })),
    portion,
  );
}

/** Entries about somebody are found by their changes, entries by somebody by who is named in them. */
async function entriesFor(
  db: Db,
  { person }: AuditFilter,
  { rest, limit }: { rest: RawBuilder<boolean>; limit: number },
): Promise<RawBuilder<unknown>> {
  const some = (which: RawBuilder<boolean>) =>
    sql`(select a.* from audit a where ${which} and ${rest} order by a.id desc limit ${limit})`;
  if (person === undefined) return some(sql<boolean>`true`);
  const people = await peopleLike(db, person);
  const about = some(
    sql<boolean>`a.change_id in (select id from changes where person_id = any(${people}::uuid[]) or requester_id = any(${people}::uuid[]))`,
  );
  const by = some(sql<boolean>`a.actor->>'person' = any(${people}::text[])`);
  return sql`select distinct on (u.id) u.* from (${about} union all ${by}) u order by u.id desc`;
}
