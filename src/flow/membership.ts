import type { Target } from '../core/catalogue.ts';
import { isDesired } from '../core/desired.ts';
import { Fault } from '../core/fault.ts';
import { type Provisioned, scimStanding } from '../scim/mirror.ts';
import { databaseNow } from '../store/clock.ts';
import { unendedGrants } from '../store/grants.ts';
import { isKeptOut } from '../store/offboardings.ts';
import { linkOf, linkPerson, linksOf, type Person } from '../store/people.ts';
import { isPreexistingInAny } from '../store/preexisting.ts';
import { standInFor } from './namesake.ts';
import type { AnypointUser } from './ports.ts';
import type { Road } from './road.ts';

/** How the SCIM mirror knows a person: by the IdP's id, else by login or e-mail. */
export async function scimIdentity(road: Road, person: Person): Promise<Provisioned> {
  return {
    personId: person.id,
    externalId: await linkOf(road.db, person.id, road.idp.name),
    userNames: [...new Set([person.login, person.email])],
    source: road.idp.name,
  };
}

/** Whether the IdP, as it told us by SCIM, has this person in the group. */
export async function isInGroupByScim(road: Road, person: Person, groupName: string): Promise<boolean> {
  return (await scimStanding(road.db, await scimIdentity(road, person), [groupName])).isInAnyGroup;
}

/**
 * Desired team membership: out for who was switched off or is being offboarded; in while SCIM has the person in a group
 * that gives the team and that is so wanted or so in the IdP; kept while a live grant or a record from before Latchkey
 * wants it (a grant alone does not add: the bridge carries what SCIM says). While SCIM has nothing under the person's
 * name but another account's record, the IdP is asked, and nothing is taken or given that it does not confirm. Throws a
 * retryable Fault while an entitlement that could give the team can't be checked: not knowing is no reason to take away.
 */
export async function desiredTeamMembership(
  road: Road,
  person: Person,
  teamId: string,
): Promise<'in' | 'out' | 'as it is'> {
  const targets = road.catalogue.targetsOfTeam(teamId);
  if (targets === 'unchecked')
    throw new Fault(
      'store.unavailable',
      'the catalogue is not checked yet: IdP or Anypoint does not answer',
      {
        retryable: true,
      },
    );
  const groups = targets.map((target) => target.groupName);
  const inScim = await scimStanding(road.db, await scimIdentity(road, person), groups);
  // A hold: the IdP keeps a suspended person in their groups and pushes nothing.
  if (person.status === 'suspended' || inScim.isSwitchedOff === true) return 'out';
  if (await isKeptOut(road.db, person.id)) return 'out';
  const grants = await unendedGrants(road.db, { personId: person.id, teamId });
  const isKept =
    isDesired(grants, await databaseNow(road.db)) || (await isPreexistingInAny(road.db, person.id, groups));
  const { isInAnyGroup: isIn, isByAnothersOnly: isAnothers } = inScim;
  if (!isAnothers) {
    if (!isIn) return isKept ? 'as it is' : 'out';
    if (isKept) return 'in';
  }
  // A push can come late, and what SCIM has can be another account's: what no record wants is carried only if the IdP
  // still has it so, and what it has is not taken away for want of a push.
  const now = await isInAnyGroupNow(road, person, targets);
  if (now === true) return isIn ? 'in' : 'as it is';
  if (isKept) return 'as it is';
  if (now === false) return 'out';
  return isAnothers || (await standInFor(road, person)) !== null ? 'as it is' : 'out';
}

async function isInAnyGroupNow(
  road: Road,
  person: Person,
  targets: Target[],
): Promise<boolean | 'unknown person'> {
  const idpId = await linkOf(road.db, person.id, road.idp.name);
  if (idpId === null) return true;
  try {
    for (const target of targets) if (await road.idp.isMember(target.groupId, idpId)) return true;
    return false;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'idp.not_found') throw error;
    // One 404 is not believed: the person is looked up.
    if ((await road.idp.readPerson(idpId)) === null) return 'unknown person';
    throw new Fault(error.code, error.message, { retryable: true, cause: error });
  }
}

/** The Anypoint users of a person. */
export type AnypointUsers = {
  /** The one that access is given to; null: never signed in, or it is not clear which. */
  current: AnypointUser | null;
  /** Several could be the person and only their e-mail says so. */
  isAmbiguous: boolean;
  /** Ids of all that are or were this person: access is gone only when none of them has it. */
  all: string[];
};

/** Asked anew each time: a changed user name makes a new id, and the old one keeps what it had. */
export async function anypointUsers(road: Road, person: Person): Promise<AnypointUsers> {
  const found = await road.mulesoft.findUsers({ email: person.email, login: person.login });
  const linked = await linksOf(road.db, person.id, 'anypoint');
  const byName = found.filter((user) => user.matchedBy === 'username');
  const candidates = byName.length > 0 ? byName : found.filter((user) => user.enabled);
  const isAmbiguous = byName.length === 0 && candidates.length > 1;
  const current = isAmbiguous ? null : (candidates[0] ?? found[0] ?? null);
  if (current !== null && !linked.includes(current.id))
    await linkPerson(road.db, person.id, 'anypoint', current.id);
  // Somebody else's user with the same e-mail is not the person: only what is linked or goes by the user name is theirs.
  const own = [...byName.map((user) => user.id), ...(current === null ? [] : [current.id])];
  return { current, isAmbiguous, all: [...new Set([...linked, ...own])] };
}
