import type { ChangeEvent } from '../core/change.ts';
import type { Job } from '../core/reactions.ts';
import type { Unit } from '../flow/commit.ts';

/** A provisioned user as a member, in the state after the change that was observed. */
export type ObservedMember = {
  scimUserId: string;
  externalId: string | null;
  userName: string;
  email: string | null;
  displayName: string | null;
  active: boolean;
};

/**
 * What one SCIM request really changed about one group's effective members: the active users in it. Adding
 * somebody who is there, or an inactive user, is no change; deactivating or deleting a user takes them out of
 * every group, reactivating puts them back. A renamed group is two of these: out of the old, into the new.
 */
export type ObservedMemberships = {
  groupName: string;
  /** The SCIM id of the group. */
  groupId: string;
  added: ObservedMember[];
  removed: ObservedMember[];
  /** Of the group or user whose change this is: with the group and a member it names the happening. */
  revision: string;
};

/** What one SCIM request changed about one provisioned user. */
export type ObservedUser = {
  user: ObservedMember;
  happening: 'created' | 'changed' | 'switchedOff' | 'switchedOn' | 'deleted';
  revision: string;
};

/** Called inside the transaction that writes the change, like `Observe`. */
export type ObserveUser = (unit: Unit, observed: ObservedUser) => Promise<Job[]>;

/** Called inside the transaction that writes the change; what it answers is committed with it. */
export type Observe = (
  unit: Unit,
  observed: ObservedMemberships,
) => Promise<{ events: ChangeEvent[]; jobs: Job[] }>;

/** Asks `observe` about each group whose members really changed, in turn, and joins the answers. */
export async function observeAll(
  observe: Observe,
  unit: Unit,
  observed: readonly ObservedMemberships[],
): Promise<{ events: ChangeEvent[]; jobs: Job[] }> {
  const events: ChangeEvent[] = [];
  const jobs: Job[] = [];
  for (const one of observed) {
    if (one.added.length === 0 && one.removed.length === 0) continue;
    const answer = await observe(unit, one);
    events.push(...answer.events);
    jobs.push(...answer.jobs);
  }
  return { events, jobs };
}
