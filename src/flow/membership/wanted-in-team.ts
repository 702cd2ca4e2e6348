import { Fault } from '../../core/fault.ts';
import { isDesired } from '../../core/membership/desired.ts';
import {
  type MembershipFacts,
  type MembershipVerdict,
  teamMembership,
} from '../../core/membership/team-membership.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import { isInAnyBaseline, wasInTeam } from '../../store/baseline.ts';
import { unendedGrants } from '../../store/grants.ts';
import { isKeptOut } from '../../store/offboardings.ts';
import { identityOf, linkOf, type Person, readPerson, rememberPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { type Provisioned, type ScimStatus, scimStatus } from '../../store/scim-mirror.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { readById } from '../people/read-by-id.ts';

/** How the SCIM mirror knows a person: by the IdP's id, else by login. An e-mail is no name of theirs. */
export async function scimIdentity(
  context: Pick<TeamContext, 'db' | 'idp'>,
  person: Person,
): Promise<Provisioned> {
  return {
    personId: person.id,
    externalId: await linkOf(context.db, person.id, context.idp.system),
    userNames: [person.login],
    source: context.idp.system,
  };
}

/** Whether the IdP, as it told us by SCIM, has this person in the group. */
export async function isInGroupByScim(
  context: Data & Parties,
  person: Person,
  groupName: string,
): Promise<boolean> {
  return (await scimStatus(context.db, await scimIdentity(context, person), [groupName])).isInAnyGroup;
}

/**
 * A person whom the IdP has confirmed, and by which id. The IdP is asked now about a person whom only an unconfirmed
 * record has named so far. Null: the IdP does not know them either. Then nothing is given to them or taken from them.
 */
export async function confirmedPerson(
  context: Pick<Context, 'db' | 'idp'>,
  personId: string,
): Promise<{ person: Person; idpId: string } | null> {
  const identity = await identityOf(context.db, personId, context.idp.system);
  if (identity === null) return null;
  if (!identity.isUnconfirmed) {
    const person = await readPerson(context.db, personId);
    return person === null ? null : { person, idpId: identity.id };
  }
  const inIdp = await readById(context, identity);
  return inIdp === null
    ? null
    : { person: await rememberPerson(context.db, context.idp.system, inIdp), idpId: inIdp.id };
}

/** What `teamMembership` says of one person and team. Throws as `teamVerdict` does. */
export async function desiredTeamMembership(
  context: TeamContext,
  person: Person,
  teamId: string,
): Promise<'in' | 'out' | 'as it is'> {
  return (await teamVerdict(context, person, teamId)).membership;
}

type TeamContext = Pick<Context, 'db'> & {
  idp: Pick<Context['idp'], 'system' | 'isMember' | 'readPerson'>;
  catalogue: Pick<Context['catalogue'], 'targetsOfTeam'>;
};
type Settled = MembershipVerdict & { membership: 'in' | 'out' | 'as it is' };

/**
 * Gathers what the rule of `teamMembership` asks for; the IdP is read only where the rule can't do without. Throws a
 * retryable Fault while an entitlement that could give the team can't be checked: not knowing is no reason to take
 * away.
 */
export async function teamVerdict(context: TeamContext, person: Person, teamId: string): Promise<Settled> {
  const targets = context.catalogue.targetsOfTeam(teamId);
  if (targets === 'unchecked')
    throw new Fault(
      'store.unavailable',
      'the catalogue is not checked yet: IdP or Anypoint does not answer',
      { retryable: true },
    );
  const identity = await identityOf(context.db, person.id, context.idp.system);
  const names = targets.map((target) => target.groupName);
  const inScim = await scimStatus(context.db, await scimIdentity(context, person), names);
  const grants = await unendedGrants(context.db, { personId: person.id, teamId });
  const groupIds = targets.map((target) => target.groupId);
  const facts: MembershipFacts = {
    isConfirmed: identity !== null && !identity.isUnconfirmed,
    status: person.status,
    isKeptOut: await isKeptOut(context.db, person.id),
    scim: scimWord(inScim),
    isPushed: inScim.isInAnyGroup,
    isWanted:
      isDesired(grants, await databaseNow(context.db)) ||
      (await isInAnyBaseline(context.db, person.id, groupIds)),
    wasThereBefore: await wasInTeam(context.db, person.id, teamId),
    inIdp: 'not asked',
  };
  const first = teamMembership(facts);
  if (first.membership !== 'ask the IdP' || identity === null) return settled(first);
  const inIdp = await isInAnyGroupNow(context, identity.id, targets);
  return settled(teamMembership({ ...facts, inIdp }));
}

function scimWord({ isByAnothersOnly, isSwitchedOff }: ScimStatus): MembershipFacts['scim'] {
  if (isByAnothersOnly) return "another's";
  if (isSwitchedOff === null) return 'nothing';
  return isSwitchedOff ? 'off' : 'on';
}

function settled({ membership, why }: MembershipVerdict): Settled {
  // Asked for nothing that could be answered: then nothing is changed.
  return { membership: membership === 'ask the IdP' ? 'as it is' : membership, why };
}

async function isInAnyGroupNow(
  { idp }: Pick<TeamContext, 'idp'>,
  idpId: string,
  targets: readonly Target[],
): Promise<boolean> {
  try {
    for (const target of targets) if (await idp.isMember(target.groupId, idpId)) return true;
    return false;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'idp.not_found') throw error;
    // One 404 is not believed: the person is looked up. Whom the IdP has deleted is in no group.
    if ((await idp.readPerson(idpId)) === null) return false;
    throw new Fault(error.code, error.message, { retryable: true, cause: error });
  }
}
