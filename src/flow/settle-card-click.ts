import type { AnswerReceived, Job, Subject } from '../core/jobs/reactions.ts';
import { refuseLeaver } from '../core/offboarding/refusals.ts';
import { isRefusal, type Refusal } from '../core/refusal.ts';
import { leaverCase } from '../store/offboardings.ts';
import type { Person } from '../store/people.ts';
import { settleEmergencyAnswer } from './break-glass/review.ts';
import { settleDelegationAnswer } from './delegation/name-delegate.ts';
import { settleDigestAnswer } from './digest/settle.ts';
import { type Context, type Data, done, type Ran } from './kernel/context.ts';
import { settleMassAnswer } from './mass-change/settle.ts';
import { decideHeld } from './offboarding/case.ts';
import { settleOffboardingAnswer } from './offboarding/settle.ts';
import { identify } from './people/identify.ts';
import { saidOf } from './people/said.ts';
import { keepOnFault, tellClicker } from './request/settle.ts';
import { settleCampaignAnswer } from './review/campaign-clicks.ts';
import { settleReviewAnswer } from './review/settle.ts';

/**
 * Settles a click on the card of such a thing: may this person, does it still apply, all looked up now. Safe to run
 * twice: the click's id says whether it was counted. A refusal changes nothing and is shown to the clicker alone.
 */
type Settles = (context: Context, answer: AnswerReceived, clicker: Person) => Promise<Refusal | null>;

const subjects: Partial<Record<Subject, Settles>> = {
  massChange: (context, answer, clicker) => settleMassAnswer(context, answer, clicker, decideHeld),
  offboarding: settleOffboardingAnswer,
  digest: settleDigestAnswer,
  emergency: settleEmergencyAnswer,
  delegation: settleDelegationAnswer,
  campaign: settleCampaignAnswer,
  review: settleReviewAnswer,
};

/** The settle step of what is not a change. */
export async function settleCardClick(
  context: Context,
  job: Extract<Job, { job: 'settleCardClick' }>,
  attempts: number,
): Promise<Ran> {
  const { answer: given } = job;
  return await keepOnFault(context, given, attempts, async () => {
    const clicker = await identify(context, given.chatUserId);
    const settles = subjects[given.about];
    if (settles === undefined) return done;
    const refusal = isRefusal(clicker)
      ? clicker
      : ((await refuseIfLeft(context, clicker)) ?? (await settles(context, given, clicker)));
    if (refusal !== null) await tellClicker(context, given, await saidOf(context, refusal));
    return done;
  });
}

/** An admin may have said that somebody has left before the identity provider does. */
async function refuseIfLeft(context: Data, clicker: Person): Promise<Refusal | null> {
  const left = await leaverCase(context.db, clicker.id);
  return left === null ? null : refuseLeaver(left, 'notAnApprover');
}
