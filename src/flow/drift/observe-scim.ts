import type { Observation, PersonHint } from '../../core/drift/observation.ts';
import type { ObservedMember, ObservedMemberships, ObservedUser } from '../../core/drift/scim-observation.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { isSameGroupName } from '../../core/policy/catalogue.ts';
import type { Unit } from '../kernel/commit.ts';
import { recordWithin } from './record-observations.ts';

/** Whose pushes these are, and the names of its groups that carry an entitlement; null: all of its groups count. */
export type Observer = { source: string; observedGroups(): readonly string[] | null };

/** `observe` for each group whose members really changed. */
export async function observeAll(
  unit: Unit,
  observed: readonly ObservedMemberships[],
  by: Observer,
): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const one of observed) jobs.push(...(await observe(unit, one, by)));
  return jobs;
}

/**
 * Stores what the IdP pushed by SCIM as observations. This happens inside the SCIM request's own commit, so whatever
 * was answered 2xx is owed. Groups that carry no entitlement concern the mirror alone: they are not among
 * the observed ones. Pushes of another source than the IdP concern the mirror alone too. A group's displayName is
 * the same in any case (RFC 7643 section 2.2: caseExact is false unless a schema says otherwise). It is also the same
 * in any Unicode form (RFC 7644 section 5).
 */
async function observe(
  unit: Unit,
  observed: ObservedMemberships,
  { source, observedGroups }: Observer,
): Promise<Job[]> {
  const { groupName, groupId, revision } = observed;
  if (observedGroups()?.some((name) => isSameGroupName(name, groupName)) === false) return [];
  const told = (member: ObservedMember, direction: 'added' | 'removed'): Observation => ({
    key: `scim:${groupId}:${revision}:${member.scimUserId}:${direction}`,
    eventSource: 'scim',
    payload: {
      idp: source,
      kind: 'membership',
      person: toldPerson(member),
      group: { name: groupName },
      direction,
    },
    actor: null,
    occurredAt: unit.now,
  });
  const { jobs } = await recordWithin(unit.tx, [
    ...observed.added.map((member) => told(member, 'added')),
    ...observed.removed.map((member) => told(member, 'removed')),
  ]);
  return jobs;
}

export async function observeUser(
  unit: Unit,
  observed: ObservedUser,
  { source }: Pick<Observer, 'source'>,
): Promise<Job[]> {
  const { user, happening, revision } = observed;
  const { jobs } = await recordWithin(unit.tx, [
    {
      key: `scim:${user.scimUserId}:${revision}`,
      eventSource: 'scim',
      payload: { idp: source, kind: 'person', person: toldPerson(user), happening },
      actor: null,
      occurredAt: unit.now,
    },
  ]);
  return jobs;
}

export function toldPerson(member: ObservedMember): PersonHint {
  return {
    id: member.externalId,
    pushed: {
      login: member.userName,
      email: member.email ?? member.userName,
      name: member.displayName ?? member.userName,
      isActive: member.active,
    },
  };
}
