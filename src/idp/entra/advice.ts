import type { IdpAdvice } from '../../ports/identity-provider.ts';

/** What mends Entra, for the person who runs Latchkey. */
export const entraAdvice: IdpAdvice = {
  credentials:
    'set ENTRA_TENANT_ID and ENTRA_CLIENT_ID to those of the app registration, and its secret, certificate or federated credential to one that it has (Entra, App registrations, Certificates & secrets)',
  rights:
    'add the application permissions GroupMember.ReadWrite.All and User.Read.All to the app registration, and grant admin consent (`latchkey check` names what is missing)',
  address: 'ENTRA_URL (left out: graph.microsoft.com)',
  scim: 'set its enterprise app’s Provisioning to <PUBLIC_URL>/scim/v2 with its SCIM token, press Test Connection there, and Start provisioning',
  pushGroups:
    'in Entra, the enterprise app, Users and groups: assign them, and see under Provisioning that it has run since',
  connectorNow:
    'in Entra, open the enterprise app that carries {group} to Anypoint, and provision the person on demand; see that the group is assigned to it. Without such an app write `delivery: bridge` or `claim` in the catalogue',
  pushNow:
    'in Entra, open the enterprise app that provisions to Latchkey, and provision {group} with this person on demand; see that the group is assigned to the app',
};
