import type { Observation, ToldPerson } from '../core/observation.ts';
import type { Job } from '../core/reactions.ts';
import type { ObservedMember, ObservedMemberships, ObservedUser } from '../scim/observed.ts';
import type { Unit } from './commit.ts';
import { hearWithin } from './hear.ts';
import type { Road } from './road.ts';

/**
 * What the IdP pushed by SCIM, as observations: inside the SCIM request's own commit, so what was answered 2xx is
 * owed. Groups that carry no entitlement are the mirror's alone.
 */
export async function observe(
  road: Pick<Road, 'catalogue'>,
  unit: Unit,
  observed: ObservedMemberships,
): Promise<Job[]> {
  const { groupName, groupId, revision } = observed;
  if (!road.catalogue.current().entitlements.some((e) => e.idpGroup === groupName)) return [];
  const told = (member: ObservedMember, direction: 'added' | 'removed'): Observation[] =>
    member.externalId === null
      ? []
      : [
          {
            key: `scim:${groupId}:${groupName}:${revision}:${member.scimUserId}:${direction}`.slice(0, 500),
            voice: 'scim',
            told: {
              kind: 'membership',
              person: toldPerson(member, member.externalId),
              group: { name: groupName },
              direction,
            },
            actor: null,
            occurredAt: unit.now,
          },
        ];
  const { jobs } = await hearWithin(unit.tx, [
    ...observed.added.flatMap((member) => told(member, 'added')),
    ...observed.removed.flatMap((member) => told(member, 'removed')),
  ]);
  return jobs;
}

export async function observeUser(unit: Unit, observed: ObservedUser): Promise<Job[]> {
  const { user, happening, revision } = observed;
  if (user.externalId === null) return [];
  const { jobs } = await hearWithin(unit.tx, [
    {
      key: `scim:${user.scimUserId}:${revision}`,
      voice: 'scim',
      told: { kind: 'person', person: toldPerson(user, user.externalId), happening },
      actor: null,
      occurredAt: unit.now,
    },
  ]);
  return jobs;
}

function toldPerson(member: ObservedMember, externalId: string): ToldPerson {
  return {
    id: externalId,
    pushed: {
      login: member.userName,
      email: member.email ?? member.userName,
      name: member.displayName ?? member.userName,
      isActive: member.active,
    },
  };
}
