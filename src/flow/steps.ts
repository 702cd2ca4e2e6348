import type { Job, JobName } from '../core/jobs/reactions.ts';
import type { Cards } from './cards.ts';
import { readChatStatus } from './delegation/read-status.ts';
import { checkGroup } from './drift/check-group.ts';
import { checkMembership } from './drift/check-membership.ts';
import { processObservations } from './drift/process-observations.ts';
import { beginReconcile } from './drift/reconcile.ts';
import { type HomeDrawing, updateHome } from './home/publish.ts';
import { evaluatePerson } from './joiner-mover/evaluate-person.ts';
import type { Context, Ran } from './kernel/context.ts';
import { assessMassChange } from './mass-change/assess.ts';
import { carryOutMassChange } from './mass-change/carry-out.ts';
import { applyToIdp } from './membership/apply.ts';
import { askForPush } from './membership/ask-for-push.ts';
import { deliverToTeam } from './membership/deliver.ts';
import { verifyInAnypoint } from './membership/verify.ts';
import { decideHeld } from './offboarding/case.ts';
import { advanceOffboarding } from './offboarding/step.ts';
import type { LaneKind, Runs } from './queue/lanes.ts';
import { advise } from './request/advise.ts';
import { assessRequest } from './request/assess.ts';
import { beginAccess } from './request/begin.ts';
import { settleClick } from './request/settle.ts';
import { adviseLine } from './review/advise.ts';
import { carryOutCampaign } from './review/carry-out.ts';
import { prepareCampaign } from './review/prepare.ts';
import { settleCardClick } from './settle-card-click.ts';
import { settleStepUp } from './step-up/settle.ts';
import { updateCard, updateMessages } from './update-card.ts';

/** What a step is given besides its job. */
type Given = {
  /** How often this work has failed before. */
  attempts: number;
  /** How the chat draws what people are told. */
  cards: Cards<unknown>;
  /** And their Home tabs. */
  homes: HomeDrawing<unknown>;
};

type Step<N extends JobName> = {
  /** Lanes are queues of their own, one per outside party: a slow one holds up nobody else. */
  lane: LaneKind;
  run: (context: Context, job: Extract<Job, { job: N }>, given: Given) => Promise<Ran>;
};

/**
 * What runs each job. A job looks everything up again when it runs, so that it may come twice, late or out of order.
 *
 * First the seven steps of a change, in their order. `receive` is no job: it answers the form (request/receive.ts).
 * Other causes that end or give access (expiry, offboarding, drift, a mass change) join them at `applyToIdp`.
 */
export const steps: { [N in JobName]: Step<N> } = {
  // 1. receive: request/receive.ts stores the change and calls for `assessRequest`.
  /** 2. and 3. Summarize and ask: facts, verdict, approvers, the card with the summary by rule. */
  assessRequest: { lane: 'core', run: assessRequest },
  /** 2. Summarize: the model's advice, onto the card that is out already. */
  advise: { lane: 'model', run: advise },
  /** 4. Settle: who clicked, may they, does it still apply; one decision. */
  settleClick: {
    lane: 'core',
    run: (context, job, { attempts }) => settleClick(context, job, attempts),
  },
  /** 5. Apply: makes this person and group true in the IdP. */
  applyToIdp: { lane: 'idp', run: applyToIdp },
  /** 5. Apply, the bridge: makes this person and team true in Anypoint, as SCIM says. */
  deliverToTeam: { lane: 'mulesoft', run: deliverToTeam },
  /** 6. Verify: looks into Anypoint until it agrees, or raises the alarm. */
  verifyInAnypoint: { lane: 'mulesoft', run: verifyInAnypoint },
  /** 7. Tell: makes the messages of this change right. */
  updateMessages: { lane: 'slack', run: (context, job, { cards }) => updateMessages(context, job, cards) },

  /** Beside 5.: an IdP that pushes only now and then is asked to push what was just written. */
  askForPush: { lane: 'idp', run: askForPush },

  // A start in the future.
  /** What was approved for later is looked at again at its start, and goes on at `applyToIdp`. */
  beginAccess: { lane: 'core', run: beginAccess },

  // Drift: what the directory says, against what is wanted.
  /** The event sources' news: evidence for a change under way, or something to look at. */
  processObservations: { lane: 'core', run: processObservations },
  /** One person in one group: what the IdP says against what is wanted. A difference becomes a finding. */
  checkMembership: { lane: 'idp', run: checkMembership },
  /** A whole group: every difference is checked. */
  checkGroup: { lane: 'idp', run: checkGroup },
  /** Somebody asked for a comparison of everything: it is begun, and the timers carry it through. */
  beginReconcile: { lane: 'core', run: beginReconcile },

  // Joiners and movers.
  /** A person looked at anew, against what was acted on before: arrived, moved, left, back. */
  evaluatePerson: { lane: 'idp', run: evaluatePerson },

  // Absences.
  /** A status in the chat has changed: whether its person is away, and who decides meanwhile. */
  readChatStatus: { lane: 'slack', run: readChatStatus },

  // Mass changes: many differences on one card.
  /** Facts and who decides, whenever the card grows or shrinks. */
  assessMassChange: { lane: 'many', run: assessMassChange },
  /** What was decided, batch by batch, and watched until MuleSoft shows it. */
  carryOutMassChange: {
    lane: 'core',
    run: (context, job) => carryOutMassChange(context, job, decideHeld),
  },

  // Offboarding.
  /** A leaver's case: whatever is theirs is closed, taken away and looked for until nothing is left. */
  advanceOffboarding: { lane: 'mulesoft', run: advanceOffboarding },

  // Step-up.
  /** Settles an approval that waited for a fresh sign-in, or ends its wait when the time is over. */
  settleStepUp: { lane: 'core', run: settleStepUp },

  // Access reviews.
  /** The snapshot is taken, and facts and reviewers are gathered. Before that nobody is told. */
  prepareCampaign: { lane: 'many', run: prepareCampaign },
  /** What reviewers decided, batch by batch, and watched until MuleSoft shows it. */
  carryOutCampaign: { lane: 'core', run: carryOutCampaign },
  /** The model's advice on a line that somebody looks at. */
  adviseLine: { lane: 'model', run: adviseLine },

  // Cards that are not a change's: mass changes, offboardings, the canary, alarms.
  /** Settles a click on such a card. */
  settleCardClick: {
    lane: 'core',
    run: (context, job, { attempts }) => settleCardClick(context, job, attempts),
  },
  /** Makes the messages about it right. */
  updateCard: { lane: 'slack', run: (context, job, { cards }) => updateCard(context, job, cards) },
  /** The Home tab of somebody who has opened it once. */
  updateHome: { lane: 'slack', run: (context, job, { homes }) => updateHome(context, job, homes) },
};

/** The steps with all that they work with. */
export function runsOn(context: Context, cards: Cards<unknown>, homes: HomeDrawing<unknown>): Runs {
  return Object.fromEntries(
    Object.entries(steps).map(([job, { lane, run }]) => [
      job,
      {
        lane,
        run: (work: never, attempts: number, db = context.db) =>
          run({ ...context, db }, work, { attempts, cards, homes }),
      },
    ]),
  ) as Runs;
}
