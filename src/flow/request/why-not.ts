import type { Change } from '../../core/change/change.ts';
import { noLongerNeeded } from '../../core/joiner-mover/birthright.ts';
import { refuseForLeaver } from '../../core/offboarding/refusals.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import type { Verdict } from '../../core/policy/verdict.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import type { Concerned } from '../people/concerned.ts';

export const goneFromIdp = refuse(
  'unknownPerson',
  'Whoever it is for is no longer in the identity provider.',
  'Nothing more to do.',
);

/** Why these people can't have it or ask for it, apart from the rules; null: they can. Pure. */
export function whyNot(
  change: Change,
  entitlement: Entitlement,
  { beneficiary, requester, refusal, leavers }: Concerned,
): Refusal | null {
  for (const person of [beneficiary, requester]) {
    const left = person === null ? undefined : leavers.get(person.id);
    if (person !== null && left !== undefined) return refuseForLeaver(person.name, left);
  }
  if (refusal !== null) return refusal;
  if (beneficiary === null) return goneFromIdp;
  const moved = noLongerNeeded(change, entitlement, beneficiary.department);
  return moved === null
    ? null
    : refuse(
        'notEligible',
        `${beneficiary.name} has moved: ${moved}.`,
        `Ask the owner, ${entitlement.owner}.`,
        [entitlement.owner],
      );
}

/** The rules do not let anybody ask for it so. Pure. */
export function notAllowed(verdict: Verdict, entitlement: Entitlement): Refusal {
  return refuse(
    'notEligible',
    `Policy does not allow this request: ${verdict.grounds.map((g) => g.text).join('; ')}.`,
    `Ask the owner, ${entitlement.owner}.`,
    [entitlement.owner],
  );
}
