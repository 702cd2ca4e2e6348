import type { IdentityProvider } from '../ports/identity-provider.ts';
import type { ConnectedIdp } from './vendor.ts';

/** The identity providers whose settings are there, in the order in which they are asked. At least one. */
export function connectedIdps(idps: readonly ConnectedIdp[]): [IdentityProvider, ...IdentityProvider[]] {
  return idps.map((idp) => idp.connect()) as [IdentityProvider, ...IdentityProvider[]];
}
