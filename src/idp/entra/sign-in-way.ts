import type { SignInWay } from '../sign-in-way.ts';

/** The id of an authentication context. */
const CONTEXT = /^c[1-9]\d?$/;

/**
 * Entra has no level that means two factors: a Conditional Access policy of the tenant says what an authentication
 * context wants. A context is asked for as an essential claim, and `acrs` lists those that were reached (entra-docs,
 * developer-guide-conditional-access-authentication-context). `sub` is another one for each app.
 */
export const entraSignInWay: SignInWay = {
  subjectClaim: 'oid',
  twoFactors: null,
  whyNot(levels) {
    if (levels === undefined)
      return 'is not set: with Entra, the id of an authentication context (c1 to c99) for which a Conditional Access policy wants a second factor, or `any` for whatever Entra takes for enough';
    const isOne = levels.length === 0 || (levels.length === 1 && CONTEXT.test(levels[0] ?? ''));
    return isOne ? null : 'with Entra it is one authentication context, as c1, or `any`';
  },
  asks: ([context]) => ({
    claims: JSON.stringify({ id_token: { acrs: { essential: true, value: context } } }),
  }),
  reached: ({ acrs }, levels) =>
    Array.isArray(acrs) ? (acrs.find((one) => levels.includes(one)) ?? acrs[0]) : undefined,
};
