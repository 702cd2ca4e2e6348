import type { SignInClaims } from '../core/step-up/step-up.ts';

/** The secrets that have to be kept from the beginning of a sign-in to its end. */
export type BegunSecrets = { state: string; nonce: string; verifier: string };

/** What came of a sign-in, as the identity provider says it itself. */
export type SignInResult =
  | { is: 'signedIn'; claims: SignInClaims }
  /** It says no, by its own error code (RFC 6749 section 4.1.2.1), e.g. `access_denied`. */
  | { is: 'refused'; error: string }
  /** The answer does not hold together: it is an answer to another question, or not the provider's. */
  | { is: 'unbelievable'; why: string };

/** Where people sign in. Every call may throw a Fault `idp.*`: then nothing is known. */
export interface SignIn {
  /** Levels of which any one will do (`acr_values`, RFC 9470); empty: any. */
  readonly acrValues: readonly string[];
  newSecrets(): BegunSecrets;
  /** Where to send the browser to sign in afresh. `loginHint`: whom the page may name; it proves nothing. */
  begin(secrets: BegunSecrets, to: { redirectUri: string; loginHint: string }): Promise<string>;
  /** Where to send the browser to say who is there: whoever is signed in already need not do it again. */
  beginAny(secrets: BegunSecrets, to: { redirectUri: string }): Promise<string>;
  /** `callback`: our own address with the query that the browser brought back. */
  finish(secrets: BegunSecrets, callback: URL): Promise<SignInResult>;
}
