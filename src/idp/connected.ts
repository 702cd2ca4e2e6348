import { isLoopback } from '../config/setting-shapes.ts';
import type { IdentityProvider, RecentWrites } from '../ports/identity-provider.ts';
import type { Graph } from './entra/graph.ts';
import type { ConnectedIdp } from './vendor.ts';

/** The identity providers whose settings are there, in the order in which they are asked. At least one. */
export function connectedIdps(
  idps: readonly ConnectedIdp[],
  recent?: RecentWrites,
): [IdentityProvider, ...IdentityProvider[]] {
  return idps.map((idp) => idp.connect(recent)) as [IdentityProvider, ...IdentityProvider[]];
}

/**
 * Of the first that has change notifications. They are delivered to a public address; an emulator may be on this machine.
 * Null: there is none, so changes are polled for. Undefined: no identity provider has notifications.
 */
export function ownNotifications(
  idps: readonly ConnectedIdp[],
  publicUrl: string | null,
): { graph: Graph; system: string } | null | undefined {
  for (const { url, system, notifications } of idps) {
    if (notifications !== null)
      return publicUrl === null && !isLoopback(url) ? null : { graph: notifications(), system };
  }
  return undefined;
}
