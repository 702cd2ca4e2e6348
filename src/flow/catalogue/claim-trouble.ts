import type { Target } from '../../core/policy/catalogue.ts';
import { mappingTrouble } from '../../core/policy/claim-mapping.ts';
import type { MuleSoft } from '../../ports/mulesoft.ts';

/** Why no sign-in would give this team, where a sign-in is what gives it; null: one would, or it comes another way. */
export async function claimTrouble(
  mulesoft: Pick<MuleSoft, 'groupMappingsOf'>,
  { delivery, groupId, groupName, teamId, teamName }: Target,
): Promise<string | null> {
  if (delivery !== 'claim') return null;
  return mappingTrouble(await mulesoft.groupMappingsOf(teamId), {
    group: { id: groupId, name: groupName },
    team: teamName,
  });
}
