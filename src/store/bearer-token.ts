import { hash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Tx } from './postgres/database.ts';

const TOKEN_BYTES = 32;

/** A new bearer token; its prefix lets secret scanners recognise one that got out. */
export function newToken(prefix: string): string {
  return `${prefix}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/**
 * The form in which a token is stored and looked for: SHA-256 of 256 random bits. There is nothing to guess, and so
 * nothing to slow down.
 */
export function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** `2026-11-29 10:04`, UTC. */
export function minuteOf(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ');
}

/** A token's dates in words, to the minute, UTC. */
export function datesOfToken(token: {
  created_at: Date;
  last_used_at: Date | null;
  expires_at: Date | null;
  revoked_at: Date | null;
}): string {
  const minute = (at: Date | null) => (at === null ? 'never' : minuteOf(at));
  const end =
    token.revoked_at === null ? `expires ${minute(token.expires_at)}` : `revoked ${minute(token.revoked_at)}`;
  return `created ${minute(token.created_at)}, last used ${minute(token.last_used_at)}, ${end}`;
}

/** Ends a token in use; null when none has this id. */
export async function endToken(
  tx: Tx,
  table: 'api_tokens' | 'mcp_tokens',
  id: string,
  now: Date,
): Promise<{ id: string; name: string; personId: string } | null> {
  const { rows } = await sql<{ id: string; name: string; personId: string }>`
    update ${sql.table(table)} set revoked_at = ${now} where revoked_at is null and id::text = ${id}
    returning id, name, person_id as "personId"`.execute(tx);
  return rows[0] ?? null;
}
