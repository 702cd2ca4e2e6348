import type { Target } from '../../core/policy/catalogue.ts';
import {
  type MappedPlace,
  type Mapping,
  mappingAdvice,
  mappingTrouble,
} from '../../core/policy/claim-mapping.ts';
import type { AnypointUser, MuleSoft } from '../../ports/mulesoft.ts';
import { type Idps, idpName } from '../idps/idps.ts';

type Outside = { mulesoft: Pick<MuleSoft, 'groupMappingsOf'>; idps: Idps };

/** Why no sign-in would give this team, where a sign-in is what gives it; null: one would, or it comes another way. */
export async function claimTrouble({ mulesoft, idps }: Outside, target: Target): Promise<string | null> {
  if (target.delivery !== 'claim') return null;
  return mappingTrouble(await mulesoft.groupMappingsOf(target.teamId), mappedPlace(target, idps));
}

/** Where a group should give its team, and how its identity provider names it there. */
export function mappedPlace(
  { idp, groupId, groupName, teamName }: Pick<Target, 'idp' | 'groupId' | 'groupName' | 'teamName'>,
  idps: Idps,
): MappedPlace {
  return {
    group: { id: groupId, name: groupName },
    team: teamName,
    claim: idps.find(idp)?.groupClaim?.names ?? 'name',
    idp: idpName({ idps }, { idp }),
  };
}

/**
 * Why somebody has signed in since and Anypoint does not show the team: what is surely wrong first, then what may be.
 * `idpId`: their id at the IdP of the group; null: not known.
 */
export async function whySignInGaveNothing(
  outside: Outside,
  target: Target,
  { user, idpId }: { user: AnypointUser; idpId: string | null },
): Promise<string> {
  const { mulesoft, idps } = outside;
  const place = mappedPlace(target, idps);
  const mappings = await mulesoft.groupMappingsOf(target.teamId);
  const trouble = mappingTrouble(mappings, place);
  if (trouble !== null) return trouble;
  const other = otherProvider(mappings, place, user);
  if (other !== null) return other;
  const claim = idps.find(target.idp)?.groupClaim;
  const parts = [`the sign-in did not carry ${target.groupName}`];
  const advice = mappingAdvice(mappings, place);
  if (advice !== null) parts.push(advice);
  const groups = claim === undefined || idpId === null ? 0 : await claim.countOf(idpId);
  if (claim !== undefined && groups > claim.most)
    parts.push(`they are in ${groups} groups, and ${claim.overfull}`);
  if (parts.length === 1 && claim !== undefined) parts.push(claim.advice);
  return parts.join('; ');
}

/** They sign in through another of Anypoint's identity providers than the one whose groups are mapped. */
function otherProvider(
  mappings: readonly Mapping[],
  { group }: MappedPlace,
  user: AnypointUser,
): string | null {
  const ours = mappings.find(({ externalGroupName }) => [group.name, group.id].includes(externalGroupName));
  return ours === undefined || user.provider === null || ours.providerId === user.provider
    ? null
    : `${user.username} signs in to Anypoint through another of its identity providers than the one for which ${group.name} is mapped: have them sign in there, or map the group for theirs`;
}
