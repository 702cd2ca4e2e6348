import { type Insertable, sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';
import type { Tables } from './schema/tables.ts';

export type McpToken = {
  id: string;
  name: string;
  email: string;
  created_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
};

export async function insertMcpToken(tx: Tx, token: Insertable<Tables['mcp_tokens']>): Promise<void> {
  await tx.insertInto('mcp_tokens').values(token).execute();
}

/** Every token there was, newest first. */
export async function listMcpTokens(db: Db): Promise<McpToken[]> {
  return await db
    .selectFrom('mcp_tokens as t')
    .innerJoin('people as p', 'p.id', 't.person_id')
    .select(['t.id', 't.name', 'p.email', 't.created_at', 't.expires_at', 't.last_used_at', 't.revoked_at'])
    .orderBy('t.created_at', 'desc')
    .orderBy('t.name')
    .orderBy('t.id')
    .execute();
}

/** Finds the token in use with this hash and notes that it is used now. */
export async function markMcpTokenUsed(
  db: Db,
  hash: Buffer,
): Promise<{ id: string; person_id: string; hash: Buffer } | null> {
  const { rows } = await sql<{ id: string; person_id: string; hash: Buffer }>`
    update mcp_tokens set last_used_at = clock_timestamp()
    where hash = ${hash} and revoked_at is null and expires_at > clock_timestamp()
    returning id, person_id, hash`.execute(db);
  return rows[0] ?? null;
}
