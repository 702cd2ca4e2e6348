import type { IdentityProvider } from '../ports/identity-provider.ts';
import { createEntra, type EntraSettings } from './entra/entra.ts';
import type { OktaAuth } from './okta/credentials.ts';
import { createOkta } from './okta/okta.ts';

/** Of each provider its settings; null or left out: it is not one of ours. */
export type IdpSettings = {
  okta: { orgUrl: string; auth: OktaAuth; anypointAppId: string | null } | null;
  entra?: EntraSettings;
};

/** The identity providers whose settings are there, in the order in which they are asked. Another one adds its line. */
export function connectedIdps({ okta, entra }: IdpSettings): [IdentityProvider, ...IdentityProvider[]] {
  const connected = [
    ...(okta === null ? [] : [createOkta(okta)]),
    ...(entra === undefined ? [] : [createEntra(entra)]),
  ];
  return connected as [IdentityProvider, ...IdentityProvider[]];
}

/** Where each of them is, for a database that belongs to just these. */
export function placesOf({ okta, entra }: IdpSettings): { system: string; place: string }[] {
  return [
    ...(okta === null ? [] : [{ system: 'okta', place: `Okta ${okta.orgUrl}` }]),
    ...(entra === undefined ? [] : [{ system: 'entra', place: `Entra tenant ${entra.tenantId}` }]),
  ];
}
