import { sql } from 'kysely';
import type { SealableRow } from './audit-seals.ts';
import type { Db, Tx } from './postgres/database.ts';
import { type Bound, statement } from './postgres/statement.ts';

export type AuditEntry = { at: Date; type: string; actor: unknown; data: Record<string, unknown> };

/** The audit entries of one change, in the order they were written. */
export async function auditOf(db: Db, changeId: string): Promise<AuditEntry[]> {
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'type', 'actor', 'data'])
    .where('change_id', '=', changeId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ ...row, data: row.data as Record<string, unknown> }));
}

/** Whether it is on record that this click on a change was refused: a click may be looked at twice. */
export async function isRefusedClick(tx: Tx, changeId: string, clickId: string): Promise<boolean> {
  const row = await tx
    .selectFrom('audit')
    .select('id')
    .where('change_id', '=', changeId)
    .where('type', '=', 'clickRefused')
    .where(sql`data->>'clickId'`, '=', clickId)
    .executeTakeFirst();
  return row !== undefined;
}

/** `at` null: when its transaction began. */
export type AuditRow = Omit<AuditEntry, 'at' | 'data'> & {
  at: Date | null;
  changeId: string | null;
  data: unknown;
};

const insertEntries = statement(
  'audit_insert',
  `insert into audit (at, type, change_id, actor, data)
   select coalesce((e ->> 'at')::timestamptz, date_trunc('milliseconds', transaction_timestamp())), e ->> 'type', (e ->> 'changeId')::uuid, e -> 'actor', e -> 'data'
   from jsonb_array_elements($1::jsonb) with ordinality entries(e, place) order by place`,
);

/**
 * For a statement that is a commit of its own. The entries are those that `notes` selects as `type`, `actor` and
 * `data`. None of them is about a change.
 */
export function auditOfNotes(notes: string): string {
  return `insert into audit (at, type, actor, data)
    select date_trunc('milliseconds', transaction_timestamp()), type, actor, data from (${notes}) notes`;
}

/** Writes entries in their order; commit sends it out together with the end of its transaction. */
export function auditEntries(rows: readonly AuditRow[]): Bound {
  return insertEntries(JSON.stringify(rows));
}

/** Puts entries back under their ids, those that are not there; answers how many. */
export async function putBack(tx: Tx, entries: readonly SealableRow[]): Promise<number> {
  const done = await sql`
    insert into audit (id, at, type, change_id, actor, data) overriding system value
    select (e ->> 'id')::bigint, (e ->> 'at')::timestamptz, e ->> 'type', (e ->> 'changeId')::uuid, e -> 'actor', e -> 'data'
    from jsonb_array_elements(${`[${entries.map(asJson).join(',')}]`}::jsonb) e
    on conflict (id) do nothing`.execute(tx);
  return Number(done.numAffectedRows ?? 0);
}

function asJson({ id, at, type, changeId, actor, data }: SealableRow): string {
  const [head, rest] = [
    JSON.stringify({ id, at, type, changeId }).slice(0, -1),
    `"actor":${actor},"data":${data}`,
  ];
  return `${head},${rest}}`;
}
