import type { GrantId, PersonId } from '../ids.ts';

/** A grant of a person into a group and so a team, as stored. Live from start to end unless ended before. */
export type Grant = {
  id: GrantId;
  changeId: string;
  personId: PersonId;
  entitlementKey: string;
  groupId: string;
  teamId: string;
  startsAt: Date;
  endsAt: Date;
  endedAt: Date | null;
};

export function isLive(grant: Grant, now: Date): boolean {
  return grant.endedAt === null && grant.startsAt <= now && now < grant.endsAt;
}

/** Desired membership is a function of all live grants: in the group while any grant that needs it is live. */
export function isDesired(grants: readonly Grant[], now: Date): boolean {
  return grants.some((g) => isLive(g, now));
}

/** A grant's time is over, and nobody has ended it yet: what it gave is about to be taken away. */
export function isEnding(grants: readonly Grant[], now: Date): boolean {
  return grants.some((g) => g.endedAt === null && g.endsAt <= now);
}

/** When the last of the live grants ends; null when none is live. */
export function heldUntil(grants: readonly Grant[], now: Date): Date | null {
  const ends = grants.filter((g) => isLive(g, now)).map((g) => g.endsAt.getTime());
  return ends.length === 0 ? null : new Date(Math.max(...ends));
}
