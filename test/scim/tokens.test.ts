import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken, createTokenCheck, RECHECK_MS, revokeToken } from '../../src/scim/tokens.ts';
import { type Secret, secretOf } from '../../src/secrets/secret.ts';
import type { ScimSource } from '../../src/store/schema/scim-tables.ts';
import { listTokens } from '../../src/store/scim/tokens.ts';
import { CORE_USER, ERROR, type StartedScim, startScim, TOKEN } from './start-scim.ts';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const make = async (source: ScimSource, name: string, days: number | null = null) => {
  const made = await createToken(scim.database.db, { source, name, days });
  if (made === null) throw new Error(`${name} is taken`);
  return made;
};

describe('bearer tokens', () => {
  it('each stands for its source, and the audit names it', async () => {
    const byToken: [string, string][] = [[TOKEN, 'okta']];
    for (const [source, part] of [
      ['okta', 'okta'],
      ['entra', 'entra'],
      ['other', 'scim'],
    ] as const)
      byToken.push([(await make(source, `for ${source}`)).token, part]);
    for (const [n, [token, part]] of byToken.entries()) {
      const { status } = await scim.call(
        'POST',
        '/Users',
        { schemas: [CORE_USER], userName: `token${n}@acme.example` },
        bearer(token),
      );
      expect(status).toBe(201);
      const noted = await scim.database.db
        .selectFrom('audit')
        .select('actor')
        .where('type', '=', 'scimUserChanged')
        .orderBy('id', 'desc')
        .executeTakeFirstOrThrow();
      expect(noted.actor).toEqual({ part });
    }
  });

  it('are kept as hashes only, with 256 random bits in them', async () => {
    const { token, id } = await make('okta', 'hashed');
    expect(Buffer.from(token.replace('lkscim_', ''), 'base64url')).toHaveLength(32);
    const { rows } = await sql<{ text: string }>`
      select t::text as text from scim_tokens t where id = ${id}
      union all select a::text from audit a where data ->> 'id' = ${id}`.execute(scim.database.db);
    expect(rows).toHaveLength(2);
    for (const { text } of rows) expect(text).not.toContain(token.slice(7));
    expect(Object.keys((await listTokens(scim.database.db))[0] ?? {})).not.toContain('hash');
  });

  it('rotate without a gap: old and new work until the old one is revoked', async () => {
    const { db } = scim.database;
    const old = await make('entra', 'entra 2026');
    const fresh = await make('entra', 'entra 2027');
    const tries = async () =>
      await Promise.all(
        [old, fresh].map(
          async ({ token }) => (await scim.call('GET', '/Users?count=0', undefined, bearer(token))).status,
        ),
      );
    expect(await tries()).toEqual([200, 200]);
    expect(await revokeToken(db, 'Entra 2026')).toEqual({ id: old.id, name: 'entra 2026' });
    expect(await revokeToken(db, 'Entra 2026')).toBeNull();
    await sleep(RECHECK_MS + 200);
    expect(await tries()).toEqual([401, 200]);
    expect(await revokeToken(db, fresh.id)).toEqual({ id: fresh.id, name: 'entra 2027' });
    expect(await createTokenCheck(db, TOKEN, 'okta')(fresh.token)).toBeNull();
  });

  it('have names that only one token in use may have', async () => {
    const { db } = scim.database;
    await make('okta', 'Twice');
    expect(await createToken(db, { source: 'entra', name: 'twice', days: null })).toBeNull();
    await revokeToken(db, 'twice');
    expect(await createToken(db, { source: 'entra', name: 'twice', days: null })).not.toBeNull();
  });

  it('the environment’s are the first identity provider’s, also when they have just been changed', async () => {
    let now = 'before';
    const stored: Secret = {
      ...secretOf('unused', 'SCIM_TOKEN'),
      fits: (isSent) => isSent(now),
      async renew() {
        now = 'after';
        return true;
      },
    };
    const check = createTokenCheck(scim.database.db, stored, 'entra');
    expect(await check('before')).toMatchObject({ source: 'entra' });
    expect(await check('after')).toMatchObject({ source: 'entra' });
    expect(await check('before')).toBeNull();
  });

  it('wrong, expired or revoked are 401 with a SCIM Error', async () => {
    const { db } = scim.database;
    const expired = await make('okta', 'expired', 1);
    await sql`update scim_tokens set expires_at = clock_timestamp() - interval '1 second'
      where id = ${expired.id}`.execute(db);
    const revoked = await make('okta', 'revoked');
    await revokeToken(db, revoked.id);
    for (const token of [expired.token, revoked.token, 'lkscim_wrong', 'x'.repeat(5_000)]) {
      const { status, body, headers } = await scim.call('GET', '/Users', undefined, bearer(token));
      expect(status).toBe(401);
      expect(body).toMatchObject({ schemas: [ERROR], status: '401' });
      expect(headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  it('note their last use at most once a minute', async () => {
    const { db } = scim.database;
    const { token, id } = await make('okta', 'used');
    const lastUse = async () => (await listTokens(db)).find((t) => t.id === id)?.last_used_at?.getTime();
    expect(await lastUse()).toBeUndefined();
    expect(await createTokenCheck(db, TOKEN, 'okta')(token)).toMatchObject({ source: 'okta' });
    const first = await lastUse();
    expect(first).toBeGreaterThan(0);
    expect(await createTokenCheck(db, TOKEN, 'okta')(token)).toMatchObject({ source: 'okta' });
    expect(await lastUse()).toBe(first);
    await sql`update scim_tokens set last_used_at = last_used_at - interval '61 seconds'`.execute(db);
    expect(await createTokenCheck(db, TOKEN, 'okta')(token)).toMatchObject({ source: 'okta' });
    expect(await lastUse()).toBeGreaterThanOrEqual(first as number);
  });
});
