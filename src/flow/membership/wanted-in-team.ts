import { Fault } from '../../core/fault.ts';
import { type Grant, isDesired } from '../../core/membership/desired.ts';
import {
  type MembershipFacts,
  type MembershipVerdict,
  ofEveryIdp,
  teamMembership,
} from '../../core/membership/team-membership.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';
import { isInAnyBaseline, wasInTeam } from '../../store/baseline.ts';
import { unendedGrants } from '../../store/grants.ts';
import { isKeptOut } from '../../store/offboardings.ts';
import {
  type Identity,
  identityOf,
  linkOf,
  type Person,
  readPerson,
  rememberPerson,
} from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { type Provisioned, type ScimStatus, scimStatus } from '../../store/scim-mirror.ts';
import type { AtIdp } from '../idps/idps.ts';
import type { Context } from '../kernel/context.ts';
import { readById } from '../people/read-by-id.ts';

type Named = { idp: Pick<IdentityProvider, 'system' | 'carriesMembersAlone'> };

/** How the SCIM mirror knows a person: by the IdP's id, else by login. An e-mail is no name of theirs. */
export async function scimIdentity(
  { db, idp }: Pick<Context, 'db'> & Named,
  person: Person,
): Promise<Provisioned> {
  return provisionedAs(idp, person, await linkOf(db, person.id, idp.system));
}

function provisionedAs(idp: Named['idp'], person: Person, externalId: string | null): Provisioned {
  return {
    personId: person.id,
    externalId,
    userNames: [person.login],
    source: idp.system,
    carriesMembersAlone: idp.carriesMembersAlone === true,
  };
}

/** Whether the IdP, as it told us by SCIM, has this person in the group. `externalId`: by which it knows them. */
export async function isInGroupByScim(
  context: Pick<Context, 'db'> & Named,
  person: Person,
  { groupName, externalId }: { groupName: string; externalId: string | null },
): Promise<boolean> {
  const who = provisionedAs(context.idp, person, externalId);
  return (await scimStatus(context.db, who, [groupName])).isInAnyGroup;
}

/** How each IdP knows a person, by its system. */
type Identities = ReadonlyMap<string, Identity | null>;
/** `identities`: as they were read to say so; left out: they are others since. */
type Confirmed = { person: Person; identities?: Identities };

/**
 * A person whom an IdP has confirmed. Those whom only an unconfirmed record has named so far are asked about now. Null:
 * no IdP knows them. Then nothing is given to them or taken from them.
 */
export async function confirmedPerson(
  context: Pick<Context, 'db' | 'idps'>,
  personId: string,
): Promise<Confirmed | null> {
  const unconfirmed: (Identity & AtIdp)[] = [];
  const { all } = context.idps;
  const [person, ...identities] = await Promise.all([
    readPerson(context.db, personId),
    ...all.map(({ system }) => identityOf(context.db, personId, system)),
  ]);
  const known = new Map(all.map(({ system }, n) => [system, identities[n] ?? null]));
  for (const idp of all) {
    const identity = known.get(idp.system) ?? null;
    if (identity?.isUnconfirmed === false) return person === null ? null : { person, identities: known };
    if (identity !== null) unconfirmed.push({ ...identity, idp });
  }
  for (const { idp, ...identity } of unconfirmed) {
    const inIdp = await readById({ idp }, identity);
    if (inIdp !== null) return { person: await rememberPerson(context.db, idp.system, inIdp) };
  }
  return null;
}

/** What `teamMembership` says of one person and team. Throws as `teamVerdict` does. */
export async function desiredTeamMembership(
  context: TeamContext,
  person: Person,
  teamId: string,
  identities?: Identities,
): Promise<'in' | 'out' | 'as it is'> {
  return (await teamVerdict(context, person, teamId, identities)).membership;
}

type TeamIdp = Pick<IdentityProvider, 'system' | 'carriesMembersAlone' | 'isMember' | 'readPerson'>;
type TeamContext = Pick<Context, 'db'> & {
  idps: { all: readonly TeamIdp[] };
  catalogue: Pick<Context['catalogue'], 'targetsOfTeam'>;
};
type Settled = MembershipVerdict & { membership: 'in' | 'out' | 'as it is' };

/**
 * Gathers what the rule of `teamMembership` asks for, at each IdP whose groups give the team; the IdP is read only where
 * the rule can't do without. Throws a retryable Fault while an entitlement that could give the team can't be checked:
 * not knowing is no reason to take away. `known`: how each IdP knows them, if that was read a moment ago.
 */
export async function teamVerdict(
  context: TeamContext,
  person: Person,
  teamId: string,
  known?: Identities,
): Promise<Settled> {
  const targets = context.catalogue.targetsOfTeam(teamId);
  if (targets === 'unchecked')
    throw new Fault(
      'store.unavailable',
      'the catalogue is not checked yet: IdP or Anypoint does not answer',
      { retryable: true },
    );
  const concerned = context.idps.all.filter(
    ({ system }) => targets.length === 0 || targets.some((target) => target.idp === system),
  );
  const [grants, ...identities] = await Promise.all([
    unendedGrants(context.db, { personId: person.id, teamId }),
    ...concerned.map(({ system }) =>
      known === undefined ? identityOf(context.db, person.id, system) : (known.get(system) ?? null),
    ),
  ]);
  const verdicts: Settled[] = [];
  for (const [n, idp] of concerned.entries()) {
    const identity = identities[n] ?? null;
    // This IdP has never named them itself.
    if (identity === null || identity.isUnconfirmed) continue;
    const of = (groupId: string) => targets.find((target) => target.groupId === groupId)?.idp ?? idp.system;
    const here = grants.filter(({ groupId }) => of(groupId) === idp.system);
    for (const part of byCarrier(targets.filter((target) => target.idp === idp.system))) {
      const isOthers = (groupId: string) =>
        !part.some((target) => target.groupId === groupId) &&
        targets.some((target) => target.groupId === groupId);
      const mine = here.filter(({ groupId }) => !isOthers(groupId));
      verdicts.push(await verdictAt(context, person, { idp, identity, teamId, targets: part, grants: mine }));
    }
  }
  return ofEveryIdp(verdicts);
}

/** The groups that Latchkey carries, and those that something else does. No group at all is one part too. */
function byCarrier(targets: Target[]): Target[][] {
  const { ours = [], others = [] } = Object.groupBy(targets, ({ delivery }) =>
    delivery === undefined ? 'ours' : 'others',
  );
  return targets.length === 0 ? [[]] : [ours, others].filter((part) => part.length > 0);
}

type At = { idp: TeamIdp; identity: Identity; teamId: string; targets: Target[]; grants: Grant[] };

/** The facts are asked for side by side, in one trip. */
async function verdictAt(
  { db }: Pick<TeamContext, 'db'>,
  person: Person,
  { idp, identity, teamId, targets, grants }: At,
): Promise<Settled> {
  const names = targets.map((target) => target.groupName);
  const groupIds = targets.map((target) => target.groupId);
  const [inScim, isOut, now, wasThereBefore] = await Promise.all([
    scimStatus(db, provisionedAs(idp, person, identity.id), names),
    isKeptOut(db, person.id),
    databaseNow(db),
    wasInTeam(db, person.id, teamId),
  ]);
  const facts: MembershipFacts = {
    isConfirmed: true,
    status: identity.status ?? person.status,
    isKeptOut: isOut,
    scim: scimWord(inScim),
    isPushed: inScim.isInAnyGroup,
    isWanted: isDesired(grants, now) || (await isInAnyBaseline(db, person.id, groupIds)),
    wasThereBefore,
    inIdp: 'not asked',
    isCarriedElsewhere: targets.some(({ delivery }) => delivery !== undefined),
  };
  const first = teamMembership(facts);
  if (first.membership !== 'ask the IdP') return settled(first);
  const inIdp = await isInAnyGroupNow(idp, identity.id, targets);
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

async function isInAnyGroupNow(idp: TeamIdp, idpId: string, targets: readonly Target[]): Promise<boolean> {
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
