import type { Catalogue, Entitlement } from '../../core/policy/catalogue.ts';
import { breakGlass } from './break-glass.ts';
import { delegation } from './delegation.ts';
import type { Journey } from './journeys.ts';
import { question } from './question.ts';
import { stepUp } from './step-up.ts';
import { twoStages } from './two-stages.ts';

/**
 * `npm run demo -- people`: how people ask, decide and are helped on. Each list is played one after the other, the lists
 * side by side: what must not meet stands in one list.
 */
export const peopleJourneys: readonly Journey[][] = [
  [twoStages, delegation, question],
  [breakGlass, stepUp],
];

/** The example's catalogue with times that a demo can wait for, and with what its journeys need. */
export function peopleCatalogue(catalogue: Catalogue): Catalogue {
  return {
    ...catalogue,
    canary: null,
    entitlements: catalogue.entitlements.map((e) => ({ ...e, ...changed[e.key] })),
  };
}

/** What is otherwise than in the example, by the entitlement's key. */
const changed: Record<string, Partial<Entitlement>> = {
  'orders-api-deploy': {
    approvers: {
      stages: [
        { of: 'any', quorum: 1, sources: [{ manager: true }] },
        { of: 'all', quorum: 2, sources: [{ owner: true }, { group: 'security-officers' }] },
      ],
      distinct: true,
    },
  },
};
