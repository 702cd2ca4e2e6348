import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import { z } from 'zod';
import { isStorable } from '../core/storable.ts';

/** An issuer that may send us Security Event Tokens, and the place of its keys (a JWK Set over HTTPS). */
export type SetIssuer = { issuer: string; jwksUrl: string };

/** Error codes of RFC 8935 section 2.4. */
export type SetError =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed';

/** A SET that is not taken. */
export type SetRefusal = { err: SetError; description: string };

/** The claims of RFC 8417 section 2.2 that every SET has here, checked. */
export type SetClaims = {
  iss: string;
  jti: string;
  iat: number;
  /** When it happened, as it was said; undefined: not. */
  toe: unknown;
  subId: unknown;
  /** Of RFC 8417; RFC 9967 and the Shared Signals Framework use `sub_id` alone. */
  sub: string | null;
  /** Event URI to payload; at least one. */
  events: Record<string, unknown>;
};

export type SetVerdict =
  | { good: true; claims: SetClaims }
  | { good: false; refusal: SetRefusal }
  /** The issuer's keys can't be had now: nothing is known of the SET. */
  | { good: null; why: string };

/** Anybody can make what a public key or no key signs: only what an issuer's private key signs counts. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
const TYPE = 'secevent+jwt';

const KEYS_TIMEOUT_MS = 5_000;
/** Keys are fetched anew for one that is not among them, but not more often than this: anybody can name a new one. */
const KEYS_COOLDOWN_MS = 2_000;
const KEYS_KEPT_MS = 600_000;

/** Clocks differ, in seconds. */
const AHEAD_MAX_SECONDS = 300;
/** A transmitter that was away for a month has nothing to tell that was not found otherwise. */
const AGE_MAX_SECONDS = 31 * 86_400;

const storable = (max: number) =>
  z.string().min(1).max(max).refine(isStorable, 'has a character that can’t be');
const claimsSchema = z.looseObject({
  iss: storable(300),
  jti: storable(1_000),
  iat: z.number().nonnegative(),
  toe: z.unknown().optional(),
  sub: storable(500).nullish(),
  sub_id: z.unknown().optional(),
  events: z
    .record(z.string(), z.unknown())
    .refine((events) => Object.keys(events).length > 0, 'is empty')
    .refine((events) => Object.keys(events).length <= 100, 'has too many'),
});

class KeysAway extends Error {}

/**
 * Checks a Security Event Token (RFC 8417) from one of these issuers for this audience. A key counts only for the
 * issuer whose key set it is in.
 */
export function createSetCheck(
  issuers: readonly SetIssuer[],
  audience: string,
): (token: string) => Promise<SetVerdict> {
  const keysOf = new Map(issuers.map(({ issuer, jwksUrl }) => [issuer, keysAt(jwksUrl)]));
  return async (token) => {
    const refused = (err: SetError, description: string): SetVerdict => ({
      good: false,
      refusal: { err, description },
    });
    let issuer: unknown;
    try {
      // Unsecured ones (RFC 7519 section 6) have no signature to be checked and are refused below by their `alg`.
      if (decodeProtectedHeader(token).enc !== undefined)
        return refused('invalid_request', 'encrypted SETs are not taken');
      issuer = decodeJwt(token).iss;
    } catch {
      return refused('invalid_request', 'the body is not a JWT (RFC 8417)');
    }
    const keys = typeof issuer === 'string' ? keysOf.get(issuer) : undefined;
    if (keys === undefined) return refused('invalid_issuer', 'SETs of this issuer are not taken');
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        typ: TYPE,
        issuer: issuer as string,
        audience,
        clockTolerance: AHEAD_MAX_SECONDS,
      }));
    } catch (error) {
      if (error instanceof KeysAway) return { good: null, why: error.message };
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      return { good: false, refusal };
    }
    const parsed = claimsSchema.safeParse(payload);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return refused('invalid_request', `${issue?.path.join('.') ?? 'claims'}: ${issue?.message ?? 'wrong'}`);
    }
    const { iss, jti, iat, toe, sub, sub_id, events } = parsed.data;
    const ageSeconds = Date.now() / 1_000 - iat;
    if (ageSeconds < -AHEAD_MAX_SECONDS) return refused('invalid_request', 'iat: lies in the future');
    if (ageSeconds > AGE_MAX_SECONDS) return refused('invalid_request', 'iat: more than 31 days ago');
    return {
      good: true,
      claims: { iss, jti, iat, toe, sub: sub ?? null, subId: sub_id, events },
    };
  };
}

function keysAt(url: string): Parameters<typeof jwtVerify>[1] {
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: KEYS_TIMEOUT_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
    cacheMaxAge: KEYS_KEPT_MS,
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported
      )
        throw error;
      throw new KeysAway('the issuer’s keys can’t be fetched now', { cause: error });
    }
  };
}

/** Null: no fault of the token's. */
function refusalOf(error: unknown): SetRefusal | null {
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return { err: 'invalid_audience', description: 'aud: this SET is not for us' };
    if (error.claim === 'iss') return { err: 'invalid_issuer', description: 'iss: not taken' };
    if (error.claim === 'typ')
      return { err: 'invalid_request', description: `typ: must be ${TYPE} (RFC 8417 section 2.3)` };
    return { err: 'invalid_request', description: `${error.claim}: does not hold` };
  }
  if (error instanceof errors.JWTExpired)
    return { err: 'invalid_request', description: 'exp: has passed; a SET needs none' };
  if (error instanceof errors.JWKSNoMatchingKey)
    return { err: 'invalid_key', description: 'the issuer has published no such key' };
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return { err: 'invalid_key', description: 'several keys fit: name the one by kid' };
  if (error instanceof errors.JOSEAlgNotAllowed)
    return { err: 'authentication_failed', description: 'alg: only a private key’s signature counts' };
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return { err: 'authentication_failed', description: 'the signature does not fit' };
  if (error instanceof errors.JOSENotSupported)
    return { err: 'invalid_request', description: 'its header asks for what is not supported' };
  // jose throws this for a key that is too short, or of another kind than the alg.
  if (error instanceof TypeError)
    return { err: 'invalid_key', description: 'the key can’t be used with this alg' };
  if (error instanceof errors.JOSEError)
    return { err: 'invalid_request', description: 'the body is not a signed JWT' };
  return null;
}
