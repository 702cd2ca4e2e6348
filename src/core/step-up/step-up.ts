import type { PersonId } from '../ids.ts';

/** An approval counts only if its sign-in succeeds within this. */
export const STEP_UP_SECONDS = 300;
/** The identity provider's clock and ours may differ by this, in seconds. */
const CLOCKS_DIFFER_SECONDS = 30;

/** An approval that was clicked and waits for a fresh sign-in of whoever clicked. It counts for nothing yet. */
export type PendingStepUp = {
  /** UUID of its row in the store. */
  id: string;
  by: PersonId;
  name: string;
  clickId: string;
  askedAt: Date;
  expiresAt: Date;
};

/** How somebody signed in for one approval. Kept with it, and in the audit. */
export type StepUpProof = {
  /** When they authenticated, as the identity provider says (`auth_time`). */
  at: Date;
  /** The level that the sign-in reached (`acr`); null where none was asked for and none told. */
  acr: string | null;
  /** The methods that were used (`amr`, RFC 8176). */
  amr: string[];
};

/** What an ID token says of a sign-in. Its signature, issuer, audience, nonce and times were checked before. */
export type SignInClaims = {
  /** The identity provider's own id of the person. */
  subject: string;
  /** Null: the token does not say when. */
  authTime: Date | null;
  acr: string | null;
  amr: string[];
};

/** Why a sign-in does not count. */
export type SignInFailure = 'late' | 'otherPerson' | 'notFresh' | 'tooWeak';

/** What a sign-in is held against. */
export type WantedSignIn = {
  /** The identity provider's id of the person who clicked. */
  subject: string;
  /** Levels of which any one will do (RFC 9470); empty: any. */
  acrValues: readonly string[];
  /** When the person was sent to the identity provider, by our clock. */
  begunAt: Date;
  expiresAt: Date;
};

/**
 * Whether this sign-in is the one that the approval waits for. Pure. The person comes first: that somebody else signed
 * in is what has to be known. Freshness is `auth_time` alone; when the token was issued says nothing of it.
 */
export function judgeSignIn(
  wanted: WantedSignIn,
  claims: SignInClaims,
  now: Date,
): StepUpProof | { failed: SignInFailure } {
  const { subject, authTime, acr, amr } = claims;
  if (subject !== wanted.subject) return { failed: 'otherPerson' };
  if (now >= wanted.expiresAt) return { failed: 'late' };
  const leewayMs = CLOCKS_DIFFER_SECONDS * 1_000;
  // In whole seconds, as ID tokens have it.
  const from = Math.floor(wanted.begunAt.getTime() / 1_000) * 1_000 - leewayMs;
  // So that a date that is none is not fresh either.
  const isFresh =
    authTime !== null && authTime.getTime() >= from && authTime.getTime() <= now.getTime() + leewayMs;
  if (!isFresh) return { failed: 'notFresh' };
  if (wanted.acrValues.length > 0 && (acr === null || !wanted.acrValues.includes(acr)))
    return { failed: 'tooWeak' };
  return { at: authTime, acr, amr };
}

/** Why an approval that waited for a sign-in waits no longer, without having counted. */
export type StepUpEnd =
  | SignInFailure
  /** Nobody signed in within the time. */
  | 'expired'
  /** Whoever opened the link says that they did not click. */
  | 'disowned'
  /** They signed in, and what was looked up again did not let them approve any more. */
  | 'refused';
