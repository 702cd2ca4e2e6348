import type { PersonId } from '../ids.ts';

/** An approval counts only if its sign-in succeeds within this. */
export const STEP_UP_SECONDS = 300;

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

/** Why a sign-in does not count. */
type SignInFailure = 'late' | 'otherPerson' | 'notFresh' | 'tooWeak';

/** Why an approval that waited for a sign-in waits no longer, without having counted. */
export type StepUpEnd =
  | SignInFailure
  /** Nobody signed in within the time. */
  | 'expired'
  /** Whoever opened the link says that they did not click. */
  | 'disowned'
  /** They signed in, and what was looked up again did not let them approve any more. */
  | 'refused';
