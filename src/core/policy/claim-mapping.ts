/** Whoever signs in to Anypoint with this group in their claim is in the team from then on. */
export type Mapping = {
  externalGroupName: string;
  membershipType: 'member' | 'maintainer';
  providerId: string;
};

/** What Anypoint allows of one team. */
const MAPPINGS_MAX = 100;

/**
 * Pure. Why a group does not give a team at the next sign-in, as it should by `delivery: claim`, and what to do; null: it
 * does. The claim names the group by its name or, at some IdPs, by its id.
 */
export function mappingTrouble(
  mappings: readonly Mapping[],
  { group, team }: { group: { id: string; name: string }; team: string },
): string | null {
  const where = `under Access Management > Teams > ${team} > External IdP Groups`;
  const names = [group.name, group.id];
  const ours = mappings.filter((one) => names.includes(one.externalGroupName));
  const [first] = ours;
  if (mappings.length > MAPPINGS_MAX)
    return `the team ${team} has ${mappings.length} external group mappings, and Anypoint allows ${MAPPINGS_MAX}: take out those that nobody needs, ${where}`;
  if (first === undefined)
    return mappings.length === MAPPINGS_MAX
      ? `nothing maps ${group.name} to the team ${team}, which has ${MAPPINGS_MAX} external group mappings already, as many as Anypoint allows: take one out ${where}, and add this one`
      : `nothing in Anypoint maps ${group.name} to the team ${team}, so no sign-in would give it: add the mapping ${where}`;
  if (new Set(ours.map(({ providerId }) => providerId)).size > 1)
    return `${group.name} is mapped to the team ${team} for more than one identity provider, so a group of that name elsewhere gives it too: leave one, ${where}`;
  if (ours.length > 1)
    return `${group.name} is mapped to the team ${team} ${ours.length} times (${ours.map(({ membershipType }) => membershipType).join(', ')}): leave one as member, ${where}`;
  return first.membershipType === 'maintainer'
    ? `${group.name} is mapped to the team ${team} as maintainer, which lets people manage the team: map it as member, ${where}`
    : null;
}
