/**
 * Lanes: one queue per outside party, so that a slow or throttled one holds up nobody else. Each identity provider is
 * a party of its own. `core` is our own work: taking in and deciding. `many` is work about many people at once, which
 * asks whichever identity providers they are in.
 */
export const sharedLanes = ['core', 'many', 'mulesoft', 'slack', 'model'] as const;
export type SharedLane = (typeof sharedLanes)[number];
export type Lane = SharedLane | `idp-${string}`;

/** How many jobs of a lane run at once in one process. */
const places: Record<SharedLane, number> = { core: 12, many: 4, mulesoft: 8, slack: 6, model: 4 };
const PLACES_AT_IDP = 8;

export function placesIn(lane: Lane): number {
  return lane in places ? places[lane as SharedLane] : PLACES_AT_IDP;
}

/** `system`: the key of an identity provider. */
export function idpLane(system: string): Lane {
  return `idp-${system}`;
}

/** Every lane of an installation with these identity providers. */
export function lanesWith(systems: readonly string[]): Lane[] {
  return [...sharedLanes, ...systems.map(idpLane)];
}
