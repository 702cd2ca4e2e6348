import { isDesired } from '../core/desired.ts';
import { isInAnyGroup, type Provisioned } from '../scim/mirror.ts';
import { databaseNow } from '../store/clock.ts';
import { unendedGrants } from '../store/grants.ts';
import { linkOf, linkPerson, type Person } from '../store/people.ts';
import { isPreexistingInAny } from '../store/preexisting.ts';
import type { AnypointUser } from './ports.ts';
import type { Road } from './road.ts';

/** How the SCIM mirror knows a person: by the IdP's id, else by login or e-mail. */
async function scimIdentity(road: Road, person: Person): Promise<Provisioned> {
  return {
    externalId: await linkOf(road.db, person.id, road.idp.name),
    userNames: [...new Set([person.login, person.email])],
  };
}

/** Whether the IdP, as it told us by SCIM, has this person in the group. */
export async function isInGroupByScim(road: Road, person: Person, groupName: string): Promise<boolean> {
  return await isInAnyGroup(road.db, await scimIdentity(road, person), [groupName]);
}

/**
 * Desired team membership is the union over all groups mapped to the team and all live grants. A grant alone does
 * not add (the bridge carries what SCIM says), but it keeps what is there from being taken.
 */
export async function desiredTeamMembership(
  road: Road,
  person: Person,
  teamId: string,
): Promise<'in' | 'out' | 'as it is'> {
  const groups = road.catalogue.groupsOfTeam(teamId);
  if (await isInAnyGroup(road.db, await scimIdentity(road, person), groups)) return 'in';
  const grants = await unendedGrants(road.db, { personId: person.id, teamId });
  const isKept =
    isDesired(grants, await databaseNow(road.db)) || (await isPreexistingInAny(road.db, person.id, groups));
  return isKept ? 'as it is' : 'out';
}

/** The person's Anypoint user; null when they have never signed in. The link is asked anew: a changed user name makes a new id. */
export async function anypointUser(road: Road, person: Person): Promise<AnypointUser | null> {
  const user = await road.mulesoft.findUser({ email: person.email, login: person.login });
  if (user !== null && (await linkOf(road.db, person.id, 'anypoint')) !== user.id)
    await linkPerson(road.db, person.id, 'anypoint', user.id);
  return user;
}
