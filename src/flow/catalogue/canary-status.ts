import { Fault } from '../../core/fault.ts';
import { faultInWords } from '../../core/fault-words.ts';
import type { Canary, EntitlementStatus, Target } from '../../core/policy/catalogue.ts';
import type { IdentityProvider, IdpPerson } from '../../ports/identity-provider.ts';

/** Whether the canary can make its rounds, and if not, why, in words for the catalogue's owner. */
export type CanaryStatus =
  | { status: 'off' }
  | { status: 'ready'; person: IdpPerson; target: Target }
  | { status: 'refused' | 'unchecked'; why: string };

/**
 * The canary has to be one active person of the IdP, and its entitlement one that can be given. An IdP that does not
 * answer changes nothing: what is down is what the canary is to find out.
 */
export async function canaryStatus(
  canary: Canary,
  entitlement: EntitlementStatus,
  idp: IdentityProvider,
  before: CanaryStatus,
): Promise<CanaryStatus> {
  if (entitlement.status !== 'ready')
    return { status: entitlement.status, why: `${canary.entitlement}: ${entitlement.why}` };
  try {
    const found = await idp.findPeopleByEmail(canary.person);
    const [person, second] = found.filter((p) => p.status === 'active');
    if (person !== undefined && second === undefined)
      return { status: 'ready', person, target: entitlement.target };
    const why =
      found.length === 0
        ? `nobody in ${idp.name} has the address ${canary.person}`
        : second !== undefined
          ? `several people in ${idp.name} have the address ${canary.person}`
          : `${canary.person} is not active in ${idp.name}`;
    return { status: 'refused', why };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return before.status === 'ready' || before.status === 'refused'
      ? before
      : {
          status: 'unchecked',
          why: `not checked yet, as ${faultInWords(error, { idp: idp.name })}`,
        };
  }
}
