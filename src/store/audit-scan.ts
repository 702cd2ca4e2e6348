import type pg from 'pg';
import type { SealableRow } from './audit-seals.ts';

/** A seal and its entry; null: the entry is gone. */
export type ScannedRow = { seq: number; hash: Buffer; format: number; entry: SealableRow | null };

type Raw = [
  seq: string,
  hash: string,
  format: string,
  id: string | null,
  ms: string,
  type: string,
  changeId: string | null,
  actor: string,
  data: string,
];

/** Everything comes as PostgreSQL writes it: reading a million entries is mostly this. */
const asText = { getTypeParser: () => (value: string) => value };

const TEXT = `select s.seq, encode(s.hash, 'hex'), s.format, a.id, floor(extract(epoch from a.at) * 1000)::bigint,
    a.type, a.change_id, a.actor, a.data
  from audit_seals s left join audit a on a.id = s.audit_id where s.seq between $1 and $2 order by s.seq`;

/** The seals from a number to a number, both included, with their entries; and the hash of the seal before. */
export async function sealedText(
  client: pg.ClientBase | pg.Pool,
  first: number,
  last: number,
): Promise<{ rows: ScannedRow[]; before: Buffer }> {
  const before = await client.query<{ hash: Buffer }>('select hash from audit_seals where seq = $1', [
    first - 1,
  ]);
  const { rows } = await client.query<Raw>({
    text: TEXT,
    values: [first, last],
    rowMode: 'array',
    types: asText as never,
  });
  return { rows: rows.map(rowOf), before: before.rows[0]?.hash ?? Buffer.alloc(32) };
}

function rowOf([seq, hash, format, id, ms, type, changeId, actor, data]: Raw): ScannedRow {
  return {
    seq: Number(seq),
    hash: Buffer.from(hash, 'hex'),
    format: Number(format),
    entry: id === null ? null : { id, at: new Date(Number(ms)), type, changeId, actor, data },
  };
}
