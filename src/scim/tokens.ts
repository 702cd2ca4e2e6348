import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Actor } from '../core/change/change.ts';
import { commit, type Unit } from '../flow/kernel/commit.ts';
import { digestOf, newToken } from '../store/bearer-token.ts';
import type { Db } from '../store/postgres/database.ts';
import type { ScimSource, ScimTables } from '../store/scim-tables.ts';
import { isUuid } from './resource.ts';

/** What a token's holder provisions from. */
export const sources = ['okta', 'entra', 'other'] as const satisfies readonly ScimSource[];

/** Whom the audit names for what a source did. */
export const clients = {
  okta: { part: 'okta' },
  entra: { part: 'entra' },
  other: { part: 'scim' },
} as const satisfies Record<ScimSource, Actor>;

/** How long a token that was found valid is taken without asking again: a revoked one ends within this time. */
export const RECHECK_MS = 5_000;
/** `last_used_at` is written at most this often. */
const USE_NOTED_SECONDS = 60;
const PREFIX = 'lkscim_';

export type ScimToken = Omit<Selectable<ScimTables['scim_tokens']>, 'hash'>;

/**
 * Makes a token and answers it, the only time it can be seen; null when a token in use has the name already.
 * `days` null: it never expires.
 */
export async function createToken(
  db: Db,
  given: { source: ScimSource; name: string; days: number | null },
): Promise<{ id: string; token: string } | null> {
  const { source, name, days } = given;
  const token = newToken(PREFIX);
  const id = randomUUID();
  return await commit(db, async (unit) => {
    const expiresAt = days === null ? null : new Date(unit.now.getTime() + days * 86_400_000);
    const made = await unit.tx
      .insertInto('scim_tokens')
      .values({ id, name, source, hash: digestOf(token), created_at: unit.now, expires_at: expiresAt })
      .onConflict((c) => c.doNothing())
      .returning('id')
      .executeTakeFirst();
    return made === undefined
      ? { result: null }
      : { result: { id, token }, notes: [note(unit, 'scimTokenCreated', { id, name, source })] };
  });
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

/** Ends a token by its name or id; null when none in use is called so. */
export async function revokeToken(db: Db, nameOrId: string): Promise<{ id: string; name: string } | null> {
  return await commit(db, async (unit) => {
    const gone = await unit.tx
      .updateTable('scim_tokens')
      .set({ revoked_at: unit.now })
      .where('revoked_at', 'is', null)
      .where((eb) =>
        isUuid(nameOrId) ? eb('id', '=', nameOrId) : eb(sql`lower(name)`, '=', sql`lower(${nameOrId}::text)`),
      )
      .returning(['id', 'name', 'source'])
      .executeTakeFirst();
    return gone === undefined
      ? { result: null }
      : { result: { id: gone.id, name: gone.name }, notes: [note(unit, 'scimTokenRevoked', gone)] };
  });
}

function note(unit: Unit, type: 'scimTokenCreated' | 'scimTokenRevoked', token: Record<string, unknown>) {
  return { type, at: unit.now, actor: { part: 'latchkey' }, changeId: null, data: token } as const;
}

export type TokenCheck = (token: string) => Promise<ScimSource | null>;

/**
 * Tells what a bearer token stands for; null: nothing. The token of the environment is Okta's and needs no database.
 * Tokens are compared by hash and in constant time: no byte of one shows in how long an answer takes.
 */
export function createTokenCheck(db: Db, environmentToken: string): TokenCheck {
  const bootstrap = digestOf(environmentToken);
  let notedAt = Number.NEGATIVE_INFINITY;
  const known = new Map<string, { source: ScimSource; until: number }>();
  return async (token) => {
    const hash = digestOf(token);
    if (timingSafeEqual(hash, bootstrap)) {
      if (performance.now() - notedAt >= USE_NOTED_SECONDS * 1_000) {
        notedAt = performance.now();
        // Beside the push, not before it: a note that can't be made must hold up no deactivation.
        void noteEnvironmentUse(db, bootstrap).catch(() => {
          notedAt = Number.NEGATIVE_INFINITY;
        });
      }
      return 'okta';
    }
    const key = hash.toString('base64');
    const now = performance.now();
    const seen = known.get(key);
    if (seen !== undefined && seen.until > now) return seen.source;
    known.delete(key);
    const found = await acceptHash(db, hash);
    if (found === null || !timingSafeEqual(found.hash, hash)) return null;
    known.set(key, { source: found.source, until: now + RECHECK_MS });
    return found.source;
  };
}

async function noteEnvironmentUse(db: Db, hash: Buffer): Promise<void> {
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

async function acceptHash(db: Db, hash: Buffer): Promise<{ source: ScimSource; hash: Buffer } | null> {
  const { rows } = await sql<{ source: ScimSource; hash: Buffer }>`
    with valid as (
      select id, source, hash from scim_tokens
      where hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
    ), used as (
      update scim_tokens t set last_used_at = clock_timestamp() from valid
      where t.id = valid.id and (t.last_used_at is null
        or t.last_used_at < clock_timestamp() - ${USE_NOTED_SECONDS} * interval '1 second')
    )
    select source, hash from valid`.execute(db);
  return rows[0] ?? null;
}
