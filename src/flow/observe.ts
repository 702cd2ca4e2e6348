import { type ChangeEvent, isUnderway } from '../core/change.ts';
import { Fault } from '../core/fault.ts';
import type { Job } from '../core/reactions.ts';
import type { ObservedMember, ObservedMemberships } from '../scim/observed.ts';
import { underwayIds } from '../store/changes.ts';
import { type Person, personByLink, rememberPerson } from '../store/people.ts';
import type { Unit } from './commit.ts';
import type { Road } from './road.ts';

/**
 * A membership change that the IdP pushed by SCIM: evidence for the changes that caused it, and work for the
 * bridge. Runs inside the SCIM request's own commit, so what was answered 2xx is owed.
 */
export async function observe(
  road: Road,
  unit: Unit,
  observed: ObservedMemberships,
): Promise<{ events: ChangeEvent[]; jobs: Job[] }> {
  // Which team it is can't be told yet: the IdP is asked to push again, rather than the push be lost.
  if (road.catalogue.isUnchecked(observed.groupName))
    throw new Fault('store.unavailable', 'the catalogue is not checked yet', { retryable: true });
  const teams = road.catalogue.teamsOfGroup(observed.groupName);
  const events: ChangeEvent[] = [];
  const jobs: Job[] = [];
  if (teams.length === 0) return { events, jobs };
  const sides: ['grant' | 'revoke', ObservedMember[]][] = [
    ['grant', observed.added],
    ['revoke', observed.removed],
  ];
  for (const [kind, members] of sides) {
    for (const member of members) {
      const person = await personOf(road, unit, member);
      if (person === null) continue;
      let isExpected = false;
      for (const teamId of teams) {
        jobs.push({ job: 'deliver', personId: person.id, teamId });
        for (const id of await underwayIds(unit.tx, { personId: person.id, teamId })) {
          const change = await unit.change(id);
          if (change === null || !isUnderway(change.state) || change.kind !== kind) continue;
          if (change.target?.groupName !== observed.groupName) continue;
          isExpected = true;
          if (change.legs.scimPushedAt !== null) continue;
          events.push({
            type: 'scimPushed',
            changeId: change.id,
            at: unit.now,
            actor: { part: road.idp.name === 'okta' ? 'okta' : 'latchkey' },
          });
        }
      }
      // Nobody is working on it: is it wanted at all?
      if (isExpected) continue;
      for (const groupId of road.catalogue.groupIdsNamed(observed.groupName))
        jobs.push({ job: 'weigh', personId: person.id, groupId });
    }
  }
  return { events, jobs };
}

/** The person behind a SCIM user: by the IdP's own id. Somebody Latchkey has not met yet is remembered as the push describes them. */
async function personOf(road: Road, unit: Unit, member: ObservedMember): Promise<Person | null> {
  if (member.externalId === null) return null;
  return (
    (await personByLink(unit.tx, road.idp.name, member.externalId)) ??
    (await rememberPerson(unit.tx, road.idp.name, {
      id: member.externalId,
      login: member.userName,
      email: member.email ?? member.userName,
      displayName: member.displayName ?? member.userName,
      status: member.active ? 'active' : 'inactive',
      title: null,
      department: null,
      manager: null,
      timeZone: null,
    }))
  );
}
