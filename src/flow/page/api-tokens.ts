import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type Reader, readerOf } from '../../core/page/reader.ts';
import { type Catalogue, sameEmail } from '../../core/policy/catalogue.ts';
import { digestOf, endToken, newToken } from '../../store/bearer-token.ts';
import { leaverCase } from '../../store/offboardings.ts';
import { findApiToken, insertApiToken, noteApiTokenUse } from '../../store/page/api-tokens.ts';
import { confirmedByEmail, readPerson } from '../../store/people.ts';
import type { Db } from '../../store/postgres/database.ts';
import { commit, noteByLatchkey } from '../kernel/commit.ts';

export const API_TOKEN_PREFIX = 'lkapi_';
const DAY_MS = 86_400_000;

/** `isService`: it is a program’s, for which the person answers. `by`: e-mail of the admin who has it made. */
export type WantedToken = {
  email: string;
  name: string;
  isService: boolean;
  scopes: readonly string[];
  days: number;
  by: string;
};

/**
 * Makes a token and answers it, the only time it can be seen. `why`: what can’t be, in a sentence.
 * `forAll`: the scopes that only who sees all may have.
 */
export async function createApiToken(
  db: Db,
  wanted: WantedToken,
  { catalogue, forAll }: { catalogue: Catalogue; forAll: readonly string[] },
): Promise<{ id: string; token: string } | { why: string }> {
  const token = newToken(API_TOKEN_PREFIX);
  const id = randomUUID();
  return await commit<{ id: string; token: string } | { why: string }>(db, async (unit) => {
    const { name, isService, scopes, days } = wanted;
    const refused = (why: string) => ({ result: { why } });
    const admin = await confirmedByEmail(unit.tx, wanted.by);
    if (admin === null || !catalogue.admins.some((one) => sameEmail(one, wanted.by)))
      return refused(`${wanted.by} is no admin of the catalogue: only an admin has tokens made`);
    const personId = await confirmedByEmail(unit.tx, wanted.email);
    const person = personId === null ? null : await readPerson(unit.tx, personId);
    if (person === null)
      return refused(
        `Latchkey knows no one active person as ${wanted.email}: they have to use /access or sign in to the web page once`,
      );
    const { role } = readerOf(person, person.email, catalogue);
    const tooMuch = scopes.filter((scope) => forAll.includes(scope));
    if (tooMuch.length > 0 && role !== 'admin' && role !== 'auditor')
      return refused(
        `${tooMuch.join(', ')} is for auditors and admins, and ${person.name} is neither: leave it out, or add them to auditors in the catalogue`,
      );
    const expiresAt = new Date(unit.now.getTime() + days * DAY_MS);
    await insertApiToken(unit.tx, {
      id,
      name,
      is_service: isService,
      person_id: person.id,
      scopes: [...scopes],
      hash: digestOf(token),
      made_by: admin,
      created_at: unit.now,
      expires_at: expiresAt,
    });
    const told = { id, name, isService, personId: person.id, scopes, expiresAt, madeBy: admin };
    return { result: { id, token }, notes: [noteByLatchkey(unit, 'apiTokenCreated', told)] };
  });
}

/** Ends a token at once; false when none in use has this id. */
export async function revokeApiToken(db: Db, id: string): Promise<boolean> {
  return await commit(db, async (unit) => {
    const gone = await endToken(unit.tx, 'api_tokens', id, unit.now);
    return gone === null
      ? { result: false }
      : { result: true, notes: [noteByLatchkey(unit, 'apiTokenRevoked', gone)] };
  });
}

export type TokenHolder = {
  tokenId: string;
  name: string;
  isService: boolean;
  scopes: string[];
  reader: Reader;
};

/**
 * Whose token this is and what they may see today, asked anew at each request. Null: it is nobody’s, or theirs who have
 * left.
 */
export async function holderOfApiToken(
  { db, catalogue }: { db: Db; catalogue: { current(): Catalogue } },
  token: string,
): Promise<TokenHolder | null> {
  const hash = digestOf(token);
  const found = await findApiToken(db, hash);
  if (found === null || !timingSafeEqual(found.hash, hash)) return null;
  const person = await readPerson(db, found.personId);
  if (person === null || !person.isActive || (await leaverCase(db, person.id)) !== null) return null;
  await noteApiTokenUse(db, found.id);
  // Roles go by the address; where others have it too, it gives nobody a role.
  const isTheirs = (await confirmedByEmail(db, person.email)) === person.id;
  const { id: tokenId, name, isService, scopes } = found;
  const reader = readerOf(person, isTheirs ? person.email : null, catalogue.current());
  return { tokenId, name, isService, scopes, reader };
}
