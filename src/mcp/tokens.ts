import { randomUUID, timingSafeEqual } from 'node:crypto';
import { commit, noteByLatchkey } from '../flow/kernel/commit.ts';
import { digestOf, endToken, newToken } from '../store/bearer-token.ts';
import { insertMcpToken, markMcpTokenUsed } from '../store/mcp-tokens.ts';
import { confirmedByEmail } from '../store/people.ts';
import type { Db } from '../store/postgres/database.ts';

const PREFIX = 'lkmcp_';
const DAY_MS = 86_400_000;

/**
 * Makes a token for a person by e-mail and answers it. It can be seen this one time only. Null: not exactly one such
 * person.
 */
export async function createMcpToken(
  db: Db,
  given: { email: string; name: string; days: number },
): Promise<{ id: string; token: string } | null> {
  const token = newToken(PREFIX);
  const id = randomUUID();
  return await commit(db, async (unit) => {
    const personId = await confirmedByEmail(unit.tx, given.email);
    if (personId === null) return { result: null };
    await insertMcpToken(unit.tx, {
      id,
      person_id: personId,
      name: given.name,
      hash: digestOf(token),
      created_at: unit.now,
      expires_at: new Date(unit.now.getTime() + given.days * DAY_MS),
    });
    return {
      result: { id, token },
      notes: [noteByLatchkey(unit, 'mcpTokenCreated', { id, name: given.name, personId })],
    };
  });
}

/** Ends a token at once; false when none in use has this id. */
export async function revokeMcpToken(db: Db, id: string): Promise<boolean> {
  return await commit(db, async (unit) => {
    const gone = await endToken(unit.tx, 'mcp_tokens', id, unit.now);
    return gone === null
      ? { result: false }
      : { result: true, notes: [noteByLatchkey(unit, 'mcpTokenRevoked', gone)] };
  });
}

/** Whose copilot this is, asked anew at every call; null: nobody's. */
export async function holderOf(db: Db, token: string): Promise<{ tokenId: string; personId: string } | null> {
  const hash = digestOf(token);
  const row = await markMcpTokenUsed(db, hash);
  return row !== null && timingSafeEqual(row.hash, hash)
    ? { tokenId: row.id, personId: row.person_id }
    : null;
}
