import type { GroupClaim } from '../../ports/identity-provider.ts';

/** Okta leaves out what is more, and does not say so (Vault's documentation of its OIDC provider Okta). */
const MOST = 100;

/** The claim of an app in Okta. */
export function oktaGroupClaim(countOf: GroupClaim['countOf']): GroupClaim {
  return {
    names: 'name',
    most: MOST,
    overfull: `Okta’s claim carries ${MOST} at most: in Okta, Anypoint’s app, set the filter of its groups claim to the groups that Anypoint needs`,
    advice: 'look at the groups claim of Anypoint’s app in Okta, and at its filter',
    countOf,
  };
}
