import type { Db, Tx } from './postgres/database.ts';

/** A checkpoint that was put somewhere else. */
export type Anchor = { id: string; size: number; note: string; madeAt: Date };

const columns = ['id', 'size', 'note', 'made_at as madeAt'] as const;

export async function lastAnchor(db: Db): Promise<Anchor | null> {
  const row = await db
    .selectFrom('audit_anchors')
    .select(columns)
    .orderBy('made_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { ...row, size: Number(row.size) };
}

export async function readAnchor(db: Db, id: string): Promise<Anchor | null> {
  const row = await db.selectFrom('audit_anchors').select(columns).where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : { ...row, size: Number(row.size) };
}

export async function keepAnchor(tx: Tx, { id, size, note, madeAt }: Anchor): Promise<void> {
  await tx
    .insertInto('audit_anchors')
    .values({ id, size: String(size), note, made_at: madeAt })
    .execute();
}
