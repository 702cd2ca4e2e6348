import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/** The key that this installation signs with: the first that was made; null: none was made yet. */
export async function signingKey(
  db: Db,
): Promise<{ kid: string; privateJwk: Record<string, unknown> } | null> {
  const row = await db
    .selectFrom('signing_keys')
    .select(['kid', 'private_jwk'])
    .orderBy('created_at')
    .orderBy('kid')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { kid: row.kid, privateJwk: row.private_jwk };
}

export async function publicKey(db: Db, kid: string): Promise<Record<string, unknown> | null> {
  const row = await db
    .selectFrom('signing_keys')
    .select('public_jwk')
    .where('kid', '=', kid)
    .executeTakeFirst();
  return row?.public_jwk ?? null;
}

/** Keeps a key that was just made, unless there is one already. */
export async function keepSigningKey(
  db: Db,
  key: { kid: string; publicJwk: Record<string, unknown>; privateJwk: Record<string, unknown> },
): Promise<void> {
  await sql`insert into signing_keys (kid, public_jwk, private_jwk)
    select ${key.kid}, ${JSON.stringify(key.publicJwk)}::jsonb, ${JSON.stringify(key.privateJwk)}::jsonb
    where not exists (select from signing_keys) on conflict do nothing`.execute(db);
}
