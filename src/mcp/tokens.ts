import { randomUUID, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { commit, type Unit } from '../flow/kernel/commit.ts';
import { digestOf, newToken } from '../store/bearer-token.ts';
import type { Db } from '../store/postgres/database.ts';

const PREFIX = 'lkmcp_';

export type McpToken = {
  id: string;
  name: string;
  email: string;
  created_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
};

/** Makes a token for a person by e-mail and answers it, the only time it can be seen; null: not exactly one such person. */
export async function createMcpToken(
  db: Db,
  given: { email: string; name: string; days: number },
): Promise<{ id: string; token: string } | null> {
  const token = newToken(PREFIX);
  const id = randomUUID();
  return await commit(db, async (unit) => {
    const found = await unit.tx
      .selectFrom('people')
      .select('id')
      // A person made up by a push may carry anybody's e-mail.
      .where(sql<boolean>`lower(email) = lower(${given.email}) and status = 'active' and exists (
        select from person_links l where l.person_id = people.id and l.system in ('okta', 'entra') and not l.is_unconfirmed)`)
      .limit(2)
      .execute();
    const [person, second] = found;
    if (person === undefined || second !== undefined) return { result: null };
    await unit.tx
      .insertInto('mcp_tokens')
      .values({
        id,
        person_id: person.id,
        name: given.name,
        hash: digestOf(token),
        created_at: unit.now,
        expires_at: new Date(unit.now.getTime() + given.days * 86_400_000),
      })
      .execute();
    return {
      result: { id, token },
      notes: [note(unit, 'mcpTokenCreated', { id, name: given.name, personId: person.id })],
    };
  });
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

/** Ends a token at once; false when none in use has this id. */
export async function revokeMcpToken(db: Db, id: string): Promise<boolean> {
  return await commit(db, async (unit) => {
    const gone = await unit.tx
      .updateTable('mcp_tokens')
      .set({ revoked_at: unit.now })
      .where('revoked_at', 'is', null)
      .where(sql<boolean>`id::text = ${id}`)
      .returning(['id', 'name', 'person_id as personId'])
      .executeTakeFirst();
    return gone === undefined
      ? { result: false }
      : { result: true, notes: [note(unit, 'mcpTokenRevoked', gone)] };
  });
}

/** Whose copilot this is, asked anew at every call; null: nobody's. */
export async function holderOf(db: Db, token: string): Promise<{ tokenId: string; personId: string } | null> {
  const hash = digestOf(token);
  const { rows } = await sql<{ id: string; person_id: string; hash: Buffer }>`
    update mcp_tokens set last_used_at = clock_timestamp()
    where hash = ${hash} and revoked_at is null and expires_at > clock_timestamp()
    returning id, person_id, hash`.execute(db);
  const [row] = rows;
  return row !== undefined && timingSafeEqual(row.hash, hash)
    ? { tokenId: row.id, personId: row.person_id }
    : null;
}

function note(unit: Unit, type: 'mcpTokenCreated' | 'mcpTokenRevoked', data: Record<string, unknown>) {
  return { type, at: unit.now, actor: { part: 'latchkey' }, changeId: null, data } as const;
}
