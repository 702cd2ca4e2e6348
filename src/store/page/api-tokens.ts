import { type Insertable, sql } from 'kysely';
import type { Db, Tx } from '../postgres/database.ts';
import type { PageTables } from '../schema/page-tables.ts';

/** Use is noted at most this often, in seconds. */
const NOTED_SECONDS = 60;

export type ApiToken = {
  id: string;
  name: string;
  is_service: boolean;
  email: string;
  scopes: string[];
  created_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
};

export async function insertApiToken(tx: Tx, token: Insertable<PageTables['api_tokens']>): Promise<void> {
  await tx.insertInto('api_tokens').values(token).execute();
}

/** Every token there was, newest first. */
export async function listApiTokens(db: Db): Promise<ApiToken[]> {
  return await db
    .selectFrom('api_tokens as t')
    .innerJoin('people as p', 'p.id', 't.person_id')
    .select(['t.id', 't.name', 't.is_service', 'p.email', 't.scopes', 't.created_at', 't.expires_at'])
    .select(['t.last_used_at', 't.revoked_at'])
    .orderBy('t.created_at', 'desc')
    .orderBy('t.id')
    .execute();
}

export type UsedToken = {
  id: string;
  name: string;
  isService: boolean;
  personId: string;
  scopes: string[];
  hash: Buffer;
};

/** The token in use with this hash. */
export async function findApiToken(db: Db, hash: Buffer): Promise<UsedToken | null> {
  const { rows } = await sql<UsedToken>`
    select id, name, is_service as "isService", person_id as "personId", scopes, hash from api_tokens
    where hash = ${hash} and revoked_at is null and expires_at > clock_timestamp()`.execute(db);
  return rows[0] ?? null;
}

/** Notes that it is used now, though not at every request. */
export async function noteApiTokenUse(db: Db, id: string): Promise<void> {
  await sql`update api_tokens set last_used_at = clock_timestamp() where id = ${id} and (last_used_at is null
    or last_used_at < clock_timestamp() - ${NOTED_SECONDS}::int * interval '1 second')`.execute(db);
}
