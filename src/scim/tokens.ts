import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../core/change/events.ts';
import { commit, noteByLatchkey } from '../flow/kernel/commit.ts';
import { fitsNow, type GivenSecret, secretOf } from '../secrets/secret.ts';
import { digestOf, newToken } from '../store/bearer-token.ts';
import type { Db } from '../store/postgres/database.ts';
import type { ScimSource } from '../store/schema/scim-tables.ts';
import { endToken, insertToken, noteEnvironmentUse, takeHash } from '../store/scim/tokens.ts';
import { isUuid } from './resource.ts';

/** What provisions and is no identity provider that Latchkey knows. */
export const OTHER_SOURCE = 'other';

/** Whom the audit names for what a source did. */
export function clientOf(source: ScimSource): Actor {
  return { part: source === OTHER_SOURCE ? 'scim' : source };
}

/** How long a token that was found valid is taken without asking again: a revoked one ends within this time. */
export const RECHECK_MS = 5_000;
/** `last_used_at` is written at most this often. */
const USE_NOTED_SECONDS = 60;
const PREFIX = 'lkscim_';

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
    const hash = digestOf(token);
    const isMade = await insertToken(unit.tx, {
      id,
      name,
      source,
      hash,
      created_at: unit.now,
      expires_at: expiresAt,
    });
    return isMade
      ? { result: { id, token }, notes: [noteByLatchkey(unit, 'scimTokenCreated', { id, name, source })] }
      : { result: null };
  });
}

/** Ends a token by its name or id; null when none in use is called so. */
export async function revokeToken(db: Db, nameOrId: string): Promise<{ id: string; name: string } | null> {
  return await commit(db, async (unit) => {
    const gone = await endToken(unit.tx, isUuid(nameOrId) ? { id: nameOrId } : { name: nameOrId }, unit.now);
    return gone === null
      ? { result: null }
      : { result: { id: gone.id, name: gone.name }, notes: [noteByLatchkey(unit, 'scimTokenRevoked', gone)] };
  });
}

/** Whose a token is. `digest`: what it is counted by, in place of the token itself. */
export type Bearer = { source: ScimSource; digest: string };

export type TokenCheck = (token: string) => Promise<Bearer | null>;

/**
 * Tells what a bearer token stands for; null: nothing. The token of the environment is the first identity provider's
 * (`source`), and needs no database.
 * Tokens are compared by hash and in constant time: no byte of one shows in how long an answer takes.
 */
export function createTokenCheck(db: Db, environmentToken: GivenSecret, source: ScimSource): TokenCheck {
  const bootstrap = secretOf(environmentToken);
  let notedAt = Number.NEGATIVE_INFINITY;
  const known = new Map<string, { source: ScimSource; until: number }>();
  return async (token) => {
    const hash = digestOf(token);
    const digest = hash.toString('base64');
    const isBootstrap = (value: string) => timingSafeEqual(hash, digestOf(value));
    if (bootstrap.fits(isBootstrap)) {
      if (performance.now() - notedAt >= USE_NOTED_SECONDS * 1_000) {
        notedAt = performance.now();
        // Beside the push, not before it: a note that can't be made must hold up no deactivation.
        void noteEnvironmentUse(db, hash).catch(() => {
          notedAt = Number.NEGATIVE_INFINITY;
        });
      }
      return { source, digest };
    }
    const now = performance.now();
    const seen = known.get(digest);
    if (seen !== undefined && seen.until > now) return { source: seen.source, digest };
    known.delete(digest);
    const found = await takeHash(db, hash, USE_NOTED_SECONDS);
    if (found === null || !timingSafeEqual(found.hash, hash))
      return (await fitsNow(bootstrap, isBootstrap)) ? { source, digest } : null;
    known.set(digest, { source: found.source, until: now + RECHECK_MS });
    return { source: found.source, digest };
  };
}
