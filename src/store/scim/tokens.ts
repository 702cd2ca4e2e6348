import { type Insertable, type Selectable, sql } from 'kysely';
import { digestOf } from '../bearer-token.ts';
import type { Db, Tx } from '../postgres/database.ts';
import type { ScimSource, ScimTables } from '../schema/scim-tables.ts';

export type ScimToken = Omit<Selectable<ScimTables['scim_tokens']>, 'hash'>;

/** False when a token in use has the name already. */
export async function insertToken(tx: Tx, token: Insertable<ScimTables['scim_tokens']>): Promise<boolean> {
  const made = await tx
    .insertInto('scim_tokens')
    .values(token)
    .onConflict((c) => c.doNothing())
    .returning('id')
    .executeTakeFirst();
  return made !== undefined;
}

/** Every token there was, newest first. */
export async function listTokens(db: Db): Promise<ScimToken[]> {
  return await db
    .selectFrom('scim_tokens')
    .select(['id', 'name', 'source', 'created_at', 'expires_at', 'last_used_at', 'revoked_at'])
    .orderBy('created_at', 'desc')
    .orderBy('name')
    .orderBy('id')
    .execute();
}

/** Ends a token in use, found by its id or by its name in any case; null when there is none. */
export async function endToken(
  tx: Tx,
  which: { id: string } | { name: string },
  now: Date,
): Promise<{ id: string; name: string; source: ScimSource } | null> {
  const ended = await tx
    .updateTable('scim_tokens')
    .set({ revoked_at: now })
    .where('revoked_at', 'is', null)
    .where((eb) =>
      'id' in which ? eb('id', '=', which.id) : eb(sql`lower(name)`, '=', sql`lower(${which.name}::text)`),
    )
    .returning(['id', 'name', 'source'])
    .executeTakeFirst();
  return ended ?? null;
}

/** Finds the token in use with this hash, and notes its use unless that was noted so many seconds ago or less. */
export async function takeHash(
  db: Db,
  hash: Buffer,
  noteAfterSeconds: number,
): Promise<{ source: ScimSource; hash: Buffer } | null> {
  const { rows } = await sql<{ source: ScimSource; hash: Buffer }>`
    with valid as (
      select id, source, hash from scim_tokens
      where hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
    ), used as (
      update scim_tokens t set last_used_at = clock_timestamp() from valid
      where t.id = valid.id and (t.last_used_at is null
        or t.last_used_at < clock_timestamp() - ${noteAfterSeconds} * interval '1 second')
    )
    select source, hash from valid`.execute(db);
  return rows[0] ?? null;
}

/** Notes that the token of the environment with this hash is used now. */
export async function noteEnvironmentUse(db: Db, hash: Buffer): Promise<void> {
  await sql`insert into scim_environment_tokens (hash, last_used_at) values (${hash}, clock_timestamp())
    on conflict (hash) do update set last_used_at = excluded.last_used_at`.execute(db);
}

/** When this token of the environment was last used, to the minute; null: never. */
export async function environmentTokenUsed(db: Db, token: string): Promise<Date | null> {
  const row = await db
    .selectFrom('scim_environment_tokens')
    .select('last_used_at')
    .where('hash', '=', digestOf(token))
    .executeTakeFirst();
  return row?.last_used_at ?? null;
}
