/** Whoever signs in to Anypoint with this group in their claim is in the team from then on. */
export type Mapping = {
  externalGroupName: string;
  membershipType: 'member' | 'maintainer';
  providerId: string;
};

/** What Anypoint allows of one team. */
const MAPPINGS_MAX = 100;

/** Where a group should give a team. `claim`: how its identity provider names groups in its claim unless set otherwise. */
export type MappedPlace = {
  group: { id: string; name: string };
  team: string;
  claim?: 'name' | 'id';
  /** Of the identity provider, in sentences. */
  idp?: string;
};

/**
 * Pure. Why a group does not give a team at the next sign-in, as it should by `delivery: claim`, and what to do; null: it
 * does. The claim names the group by its name or, at some IdPs, by its id.
 */
export function mappingTrouble(mappings: readonly Mapping[], place: MappedPlace): string | null {
  const { group, team } = place;
  const where = `under Access Management > Teams > ${team} > External IdP Groups`;
  const names = [group.name, group.id];
  const ours = mappings.filter((one) => names.includes(one.externalGroupName));
  const [first] = ours;
  if (mappings.length > MAPPINGS_MAX)
    return `the team ${team} has ${mappings.length} external group mappings, and Anypoint allows ${MAPPINGS_MAX}: take out those that nobody needs, ${where}`;
  if (first === undefined)
    return mappings.length === MAPPINGS_MAX
      ? `nothing maps ${group.name} to the team ${team}, which has ${MAPPINGS_MAX} external group mappings already, as many as Anypoint allows: take one out ${where}, and add this one`
      : `nothing in Anypoint maps ${group.name} to the team ${team}, so no sign-in would give it: add the mapping ${inClaim(place)}${where}${alikeIn(mappings, place)}`;
  if (new Set(ours.map(({ providerId }) => providerId)).size > 1)
    return `${group.name} is mapped to the team ${team} for more than one identity provider, so a group of that name elsewhere gives it too: leave one, ${where}`;
  if (ours.length > 1)
    return `${group.name} is mapped to the team ${team} ${ours.length} times (${ours.map(({ membershipType }) => membershipType).join(', ')}): leave one as member, ${ours.every(({ externalGroupName }) => externalGroupName === first.externalGroupName) ? '' : `${claimSends(place)}, `}${where}`;
  return first.membershipType === 'maintainer'
    ? `${group.name} is mapped to the team ${team} as maintainer, which lets people manage the team: map it as member, ${where}`
    : null;
}

/**
 * Pure. What somebody should know of a mapping that stands: it works only with a claim that is set otherwise than usual;
 * null: nothing.
 */
export function mappingAdvice(mappings: readonly Mapping[], place: MappedPlace): string | null {
  const { group, team, claim = 'name', idp = 'the identity provider' } = place;
  const isUsual = mappings.some(({ externalGroupName }) => externalGroupName === usualName(place));
  if (isUsual || !mappings.some(({ externalGroupName }) => externalGroupName === otherName(place)))
    return null;
  return claim === 'id'
    ? `${group.name} is mapped to the team ${team} by its name, and ${idp} sends object ids unless its claim is set to names: map ${group.id} instead, which no other group can have`
    : `${group.name} is mapped to the team ${team} by its id, and ${idp} sends names unless its claim is set otherwise: map ${group.name} instead`;
}

function usualName({ group, claim = 'name' }: MappedPlace): string {
  return claim === 'id' ? group.id : group.name;
}

function otherName({ group, claim = 'name' }: MappedPlace): string {
  return claim === 'id' ? group.name : group.id;
}

/** Where the claim does not carry the name that people know the group by. */
function inClaim(place: MappedPlace): string {
  return place.claim === 'id' ? `of its object id ${place.group.id} ` : '';
}

function claimSends(place: MappedPlace): string {
  return place.claim === 'id' ? `by its object id ${place.group.id}` : `by its name ${place.group.name}`;
}

/** A mapping that may be meant: the same but for capitals and blanks, which make another group of it. */
function alikeIn(mappings: readonly Mapping[], { group }: MappedPlace): string {
  const plain = (name: string) => name.trim().toLowerCase();
  const wanted = [group.name, group.id].map(plain);
  const alike = mappings.find(({ externalGroupName }) => wanted.includes(plain(externalGroupName)));
  return alike === undefined
    ? ''
    : `. “${alike.externalGroupName}” is mapped there and may be meant: it has to be the same letter by letter`;
}
