import { createHash } from 'node:crypto';
import {
  calculateJwkThumbprint,
  exportJWK,
  type FlattenedJWS,
  FlattenedSign,
  flattenedVerify,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import type { Db } from '../store/postgres/database.ts';
import { keepSigningKey, publicKey, signingKey } from '../store/signing-keys.ts';

/** A document with this installation's signature on it. */
export type Signed = { jws: string; kid: string; sha256: string };

/** EdDSA over Ed25519 (RFC 8037), in its newer name (RFC 9864). */
const ALG = 'EdDSA';

/**
 * Signs a document with the installation's own key, which is made when it is first needed and kept in the database. The
 * result is a JWS in its flattened JSON form (RFC 7515 section 7.2.2), which any JOSE library can check. `kid` is the
 * thumbprint of the key (RFC 7638). `jwk` is the key itself, so that it can be checked without Latchkey. Trust it only
 * where its thumbprint is known from elsewhere, e.g. from the audit trail.
 */
export async function sign(db: Db, type: string, document: string): Promise<Signed> {
  const { kid, privateJwk } = await ownKey(db);
  const payload = new TextEncoder().encode(document);
  const key = await importJWK(privateJwk as JWK, ALG);
  const jws = await new FlattenedSign(payload)
    .setProtectedHeader({ alg: ALG, kid, typ: type, cty: 'application/json', jwk: publicPart(privateJwk) })
    .sign(key);
  return { jws: JSON.stringify(jws), kid, sha256: createHash('sha256').update(payload).digest('hex') };
}

/** What others may know of an Ed25519 key (RFC 8037 section 2). */
function publicPart({ kty, crv, x }: Record<string, unknown>): JWK {
  return { kty, crv, x } as JWK;
}

export type Verified = { isRight: true; kid: string; document: string } | { isRight: false; why: string };

/** Checks a signed document: by the given key, else by the one that this database has under its `kid`. */
export async function verify(db: Db, text: string, given: JWK | null = null): Promise<Verified> {
  let jws: FlattenedJWS;
  try {
    jws = JSON.parse(text) as FlattenedJWS;
  } catch {
    return { isRight: false, why: 'this is no JSON' };
  }
  const kid = kidOf(jws);
  if (kid === null)
    return { isRight: false, why: 'this is no signed document: it has no protected header with a kid' };
  const jwk = given ?? ((await publicKey(db, kid)) as JWK | null);
  if (jwk === null)
    return { isRight: false, why: `it is signed with the key ${kid}, which this installation never had` };
  if ((await calculateJwkThumbprint(jwk)) !== kid)
    return { isRight: false, why: `it is signed with the key ${kid}, and the key given is another` };
  try {
    const { payload } = await flattenedVerify(jws, await importJWK(jwk, ALG), { algorithms: [ALG] });
    return { isRight: true, kid, document: new TextDecoder().decode(payload) };
  } catch {
    return { isRight: false, why: 'the signature does not fit: the document was changed' };
  }
}

function kidOf({ protected: header }: FlattenedJWS): string | null {
  try {
    const { kid } = JSON.parse(Buffer.from(header ?? '', 'base64url').toString()) as { kid?: unknown };
    return typeof kid === 'string' ? kid : null;
  } catch {
    return null;
  }
}

async function ownKey(db: Db): Promise<{ kid: string; privateJwk: Record<string, unknown> }> {
  const known = await signingKey(db);
  if (known !== null) return known;
  const { publicKey: shown, privateKey } = await generateKeyPair(ALG, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(shown);
  await keepSigningKey(db, {
    kid: await calculateJwkThumbprint(jwk),
    publicJwk: { ...jwk },
    privateJwk: { ...(await exportJWK(privateKey)) },
  });
  // Of two processes that made one at once, the first stands.
  return (await signingKey(db)) as NonNullable<typeof known>;
}
