/** How a provider is asked for a level of sign-in, and says which one was reached. */
export type SignInWay = {
  /** The claim that holds the provider's id of a person. */
  subjectClaim: string;
  /** Levels that mean two factors; null: only the installation knows. */
  twoFactors: readonly string[] | null;
  /** Why one of these levels has to be set, or can't be asked for; null: all is well. Undefined: none is set. */
  whyNot(levels: readonly string[] | undefined): string | null;
  /** Parameters of the authorization request. `levels`: any of them will do; there is at least one. */
  asks(levels: readonly string[]): Record<string, string>;
  /** The level that an ID token tells of. */
  reached(claims: Readonly<Record<string, unknown>>, levels: readonly string[]): unknown;
};

/** As OpenID Connect Core 1.0 and RFC 9470 have it; the levels are Okta's (developer.okta.com, step-up authentication). */
export const standardWay: SignInWay = {
  subjectClaim: 'sub',
  twoFactors: ['urn:okta:loa:2fa:any'],
  whyNot: () => null,
  asks: (levels) => ({ acr_values: levels.join(' ') }),
  reached: ({ acr }) => acr,
};
