import type { GroupClaim } from '../../ports/identity-provider.ts';

/**
 * Above these Entra leaves the whole claim out; groups in which the person is by another group count too
 * (learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-fed-group-claims).
 */
const MOST_BY_SAML = 150;
const MOST_BY_OIDC = 200;

/** The claim of an enterprise app in Entra. */
export function entraGroupClaim(countOf: GroupClaim['countOf']): GroupClaim {
  return {
    names: 'id',
    most: MOST_BY_SAML,
    overfull: `Entra leaves the whole claim out of a sign-in by SAML above ${MOST_BY_SAML} groups, and by OpenID Connect above ${MOST_BY_OIDC}: in Entra, Anypoint’s enterprise app, set the groups claim to “Groups assigned to the application”, and assign the group there`,
    advice:
      'look at the groups claim of Anypoint’s enterprise app in Entra (Single sign-on, Attributes & Claims, or Token configuration): which groups it carries, and whether by object id',
    countOf,
  };
}
