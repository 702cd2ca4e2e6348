import type { Job, JobName } from '../core/jobs/reactions.ts';
import type { Lane } from '../queue/job-queue.ts';
import { checkGroup } from './drift/check-group.ts';
import { checkMembership } from './drift/check-membership.ts';
import { processObservations } from './drift/process-observations.ts';
import { beginSweep } from './drift/reconcile.ts';
import { evaluatePerson } from './joiner-mover/evaluate-person.ts';
import type { Context, Ran } from './kernel/context.ts';
import { assessMassChange } from './mass-change/assess.ts';
import { carryOutMassChange } from './mass-change/carry-out.ts';
import { applyToIdp } from './membership/apply.ts';
import { deliverToTeam } from './membership/deliver.ts';
import { verifyInAnypoint } from './membership/verify.ts';
import { updateMessages } from './messages/update-messages.ts';
import { advanceOffboarding } from './offboarding/step.ts';
import { advise } from './request/advise.ts';
import { assessRequest } from './request/assess.ts';
import { settleClick } from './request/settle.ts';
import { settleCardClick } from './settle-card-click.ts';
import { updateCard } from './update-card.ts';

/**
 * The road. A request is received (receive.ts) or access ends (end.ts); from there every change goes these steps,
 * each a job that looks everything up again when it runs, so that it may come twice, late or out of order.
 */
export const steps: {
  [N in JobName]: {
    lane: Lane;
    /** `attempts`: how often this work has failed before. */
    run: (context: Context, job: Extract<Job, { job: N }>, attempts: number) => Promise<Ran>;
  };
} = {
  /** Summarize and ask: facts, verdict, approvers, the card with the deterministic summary. */
  assessRequest: { lane: 'core', run: assessRequest },
  /** The model's advice, onto the card that is out already. */
  advise: { lane: 'model', run: advise },
  /** Settle: who clicked, may they, does it still apply; one decision. */
  settleClick: { lane: 'core', run: settleClick },
  /** Apply: make this person-and-group true in the IdP. */
  applyToIdp: { lane: 'idp', run: applyToIdp },
  /** The bridge: make this person-and-team true in Anypoint, as SCIM says. */
  deliverToTeam: { lane: 'mulesoft', run: deliverToTeam },
  /** What the event sources of the directory told: evidence, or something to look at. */
  processObservations: { lane: 'core', run: processObservations },
  /** Joiner, mover, leaver: a person looked at anew, against what was acted on before. */
  evaluatePerson: { lane: 'idp', run: evaluatePerson },
  /** A sweep asked for: begun, for the sweeps to carry through. */
  beginReconcile: { lane: 'core', run: beginSweep },
  /** A whole group looked at: every difference is checked. */
  checkGroup: { lane: 'idp', run: checkGroup },
  /** Many differences on one card: facts and who decides, whenever the card grows or shrinks. */
  assessMassChange: { lane: 'idp', run: assessMassChange },
  /** What was decided on one card, worked off batch by batch and watched until MuleSoft shows it. */
  carryOutMassChange: { lane: 'core', run: carryOutMassChange },
  /** Expected or not: what the IdP says against what is wanted; a difference joins the road as a finding. */
  checkMembership: { lane: 'idp', run: checkMembership },
  /** Verify: look into Anypoint until it agrees, or raise the alarm. */
  verifyInAnypoint: { lane: 'mulesoft', run: verifyInAnypoint },
  /** Tell: make the messages of this change right. */
  updateMessages: { lane: 'slack', run: updateMessages },
  /** A leaver's case: whatever is theirs is closed, taken away and looked for until nothing is left. */
  advanceOffboarding: { lane: 'mulesoft', run: advanceOffboarding },
  /** Settle, for what is on one card and is not a change: offboardings, mass changes, the canary. */
  settleCardClick: { lane: 'core', run: settleCardClick },
  /** Tell, for the same. */
  updateCard: { lane: 'slack', run: updateCard },
};

/** What runs each kind of work, and in which lane. `attempts`: how often this work has failed before. */
export type Runs = Record<JobName, { lane: Lane; run: (job: Job, attempts: number) => Promise<Ran> }>;

/** The steps with all that they work with. */
export function runsOn(context: Context): Runs {
  return Object.fromEntries(
    Object.entries(steps).map(([job, { lane, run }]) => [
      job,
      { lane, run: (work: never, attempts: number) => run(context, work, attempts) },
    ]),
  ) as Runs;
}
