import type { IdpAdvice } from '../../ports/identity-provider.ts';

/** What mends Okta, for the person who runs Latchkey. */
export const oktaAdvice: IdpAdvice = {
  credentials:
    'set OKTA_API_TOKEN, or OKTA_CLIENT_ID and OKTA_PRIVATE_KEY, to ones that are active, of the organisation at OKTA_ORG_URL',
  rights:
    'grant the service app okta.groups.manage and okta.users.read, or give the API token’s owner an admin role that covers the groups',
  address: 'OKTA_ORG_URL',
  scim: 'set its SCIM app to <PUBLIC_URL>/scim/v2 with its SCIM token, and press Test API Credentials there',
  pushGroups: 'in Okta, the SCIM app, Push Groups',
  pushNow:
    'in Okta, open the MuleSoft app, tab Push Groups, and push {group} now; see that the person is assigned to the app',
};
