import type { Job, JobName } from '../core/jobs/reactions.ts';
import type { Lane } from '../queue/motor.ts';
import { answer } from './answer.ts';
import { survey } from './drift/check-group.ts';
import { weigh } from './drift/check-membership.ts';
import { heed } from './drift/process-observations.ts';
import { beginSweep } from './drift/reconcile.ts';
import { regard } from './joiner-mover/review-person.ts';
import type { Ran, Road } from './kernel/context.ts';
import { ask } from './mass-change/assess.ts';
import { unfold } from './mass-change/carry-out.ts';
import { apply } from './membership/apply.ts';
import { deliver } from './membership/deliver.ts';
import { verify } from './membership/verify.ts';
import { tell } from './messages/tell.ts';
import { offboard } from './offboarding/step.ts';
import { report } from './report.ts';
import { summarize } from './request/advise.ts';
import { consider } from './request/assess.ts';
import { settle } from './request/settle.ts';

/**
 * The road. A request is received (receive.ts) or access ends (end.ts); from there every change goes these steps,
 * each a job that looks everything up again when it runs, so that it may come twice, late or out of order.
 */
export const steps: {
  [N in JobName]: {
    lane: Lane;
    /** `attempts`: how often this work has failed before. */
    run: (road: Road, job: Extract<Job, { job: N }>, attempts: number) => Promise<Ran>;
  };
} = {
  /** Summarize and ask: facts, verdict, approvers, the card with the deterministic summary. */
  consider: { lane: 'road', run: consider },
  /** The model's advice, onto the card that is out already. */
  summarize: { lane: 'model', run: summarize },
  /** Settle: who clicked, may they, does it still apply; one decision. */
  settle: { lane: 'road', run: settle },
  /** Apply: make this person-and-group true in the IdP. */
  apply: { lane: 'idp', run: apply },
  /** The bridge: make this person-and-team true in Anypoint, as SCIM says. */
  deliver: { lane: 'mulesoft', run: deliver },
  /** What the voices of the directory told: evidence, or something to look at. */
  heed: { lane: 'road', run: heed },
  /** Joiner, mover, leaver: a person looked at anew, against what was acted on before. */
  regard: { lane: 'idp', run: regard },
  /** A sweep asked for: begun, for the sweeps to carry through. */
  reconcile: { lane: 'road', run: beginSweep },
  /** A whole group looked at: every difference is weighed. */
  survey: { lane: 'idp', run: survey },
  /** Many differences on one card: facts and who decides, whenever the card grows or shrinks. */
  ask: { lane: 'idp', run: ask },
  /** What was decided on one card, worked off batch by batch and watched until MuleSoft shows it. */
  unfold: { lane: 'road', run: unfold },
  /** Expected or not: what the IdP says against what is wanted; a difference joins the road as a finding. */
  weigh: { lane: 'idp', run: weigh },
  /** Verify: look into Anypoint until it agrees, or raise the alarm. */
  verify: { lane: 'mulesoft', run: verify },
  /** Tell: make the messages of this change right. */
  tell: { lane: 'slack', run: tell },
  /** A leaver's case: whatever is theirs is closed, taken away and looked for until nothing is left. */
  offboard: { lane: 'mulesoft', run: offboard },
  /** Settle, for what is on one card and is not a change: offboardings, mass changes, the canary. */
  answer: { lane: 'road', run: answer },
  /** Tell, for the same. */
  report: { lane: 'slack', run: report },
};

/** What runs each kind of work, and in which lane. `attempts`: how often this work has failed before. */
export type Runs = Record<JobName, { lane: Lane; run: (job: Job, attempts: number) => Promise<Ran> }>;

/** The steps with all that they work with. */
export function runsOn(road: Road): Runs {
  return Object.fromEntries(
    Object.entries(steps).map(([job, { lane, run }]) => [
      job,
      { lane, run: (work: never, attempts: number) => run(road, work, attempts) },
    ]),
  ) as Runs;
}
