import type { Catalogue, Entitlement } from '../../core/policy/catalogue.ts';
import { breakGlass } from './break-glass.ts';
import { delegation } from './delegation.ts';
import { escalation } from './escalation.ts';
import type { Journey } from './journeys.ts';
import { lapse } from './lapse.ts';
import { laterStart } from './later-start.ts';
import { question } from './question.ts';
import { stepUp } from './step-up.ts';
import { ticketClosed } from './ticket-closed.ts';
import { twoStages } from './two-stages.ts';

/** After this every request of the demo lapses, in seconds. */
const LAPSE_SECONDS = 60;
/** Approvers are reminded after this, in seconds, and then after twice as long each. */
const REMIND_SECONDS = 3;
/** So long has the manager, before the owner is asked too, in seconds. */
const ESCALATE_SECONDS = 8;

/**
 * `npm run demo -- people`: how people ask, decide and are helped on. Each list is played one after the other, the
 * lists side by side: what must not meet stands in one list.
 */
export const peopleJourneys: readonly Journey[][] = [
  [escalation, twoStages, delegation, question],
  [breakGlass, stepUp],
  [lapse(LAPSE_SECONDS)],
  [ticketClosed],
  [laterStart],
];

/** The example's catalogue with times that a demo can wait for, and with what its journeys need. */
export function peopleCatalogue(catalogue: Catalogue): Catalogue {
  return {
    ...catalogue,
    canary: null,
    lapseSeconds: LAPSE_SECONDS,
    remindSeconds: REMIND_SECONDS,
    entitlements: catalogue.entitlements.map((e) => ({ ...e, ...changed[e.key] })),
  };
}

/** What is otherwise than in the example, by the entitlement's key. */
const changed: Record<string, Partial<Entitlement>> = {
  'payments-api-read': {
    approvers: { stages: [{ of: 'any', quorum: 1, sources: [{ manager: true }] }], distinct: true },
    escalation: [{ afterSeconds: ESCALATE_SECONDS, to: [{ owner: true }] }],
  },
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
