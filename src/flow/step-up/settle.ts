import { stepUpEnded } from '../../core/change/step-up.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { isRefusal, refuse } from '../../core/refusal.ts';
import type { StepUpEnd } from '../../core/step-up/step-up.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { endStepUp, readStepUp, type StepUp } from '../../store/step-ups.ts';
import { commit, type Note } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';
import { identify } from '../people/identify.ts';
import { approveNarrower } from '../request/narrow.ts';
import { decide, factsNow, factsOf, tellClicker } from '../request/settle.ts';
import { signInName } from '../request/step-up.ts';

/**
 * Settles an approval whose sign-in was good. Everything is looked up again as at any click. Or it ends the wait when
 * the time is over. Safe to run twice, early or late: the row says what came of it.
 */
export async function settleStepUp(
  context: Context,
  { stepUpId }: Extract<Job, { job: 'settleStepUp' }>,
): Promise<Ran> {
  const stepUp = await readStepUp(context.db, { id: stepUpId });
  if (stepUp === null || stepUp.ended !== null) return done;
  if (stepUp.proof !== null) return await settleProven(context, stepUp);
  const leftMs = stepUp.expiresAt.getTime() - (await databaseNow(context.db)).getTime();
  if (leftMs > 0) return { againInMs: leftMs };
  await endUncounted(context, stepUp, { why: 'expired' });
  return done;
}

async function settleProven(context: Context, stepUp: StepUp): Promise<Ran> {
  const { click } = stepUp;
  const { act } = click;
  if (act.verb !== 'approve' && act.verb !== 'approveNarrower') return done;
  const [clicker, facts] = await Promise.all([
    identify(context, click.chatUserId),
    factsNow(context, click.changeId),
  ]);
  // The account's present person has to be the one who clicked, and who signed in.
  const other = refuse('unknownPerson', 'This account belongs to somebody else now.', 'Press Approve again.');
  const refusal = isRefusal(clicker) ? clicker : clicker.id === stepUp.personId ? null : other;
  if (refusal !== null || isRefusal(clicker) || facts === null) {
    await endUncounted(context, stepUp, { why: 'refused', text: refusal?.text ?? '' });
    return done;
  }
  const proven = { proven: stepUp };
  const answer =
    act.verb === 'approve'
      ? await decide(context, { ...click, act }, { ...facts, clicker }, proven)
      : await approveNarrower(context, { ...click, act }, { clicker, facts, factsOf }, proven);
  if (isRefusal(answer))
    await tellClicker(
      context,
      click,
      `You signed in, but your approval did not count. ${answer.text} ${answer.next}`,
    );
  return done;
}

const uncounted: Record<StepUpEnd, (idp: string) => string> = {
  expired: () => 'nobody signed in within five minutes',
  late: () => 'the sign-in came after the five minutes were over',
  otherPerson: (idp) => `${idp} says that somebody else signed in, and not you`,
  notFresh: (idp) => `${idp} did not ask for a fresh sign-in, or does not say when it was`,
  tooWeak: () => 'the sign-in was weaker than policy asks for; a second factor is needed',
  disowned: () => 'whoever opened its link said that they had not pressed Approve',
  refused: () => 'it may not be approved by you any more',
};

const next: Record<StepUpEnd, string> = {
  expired: 'If it is still to be approved, press Approve again.',
  late: 'Press Approve again, and sign in within five minutes.',
  otherPerson:
    'If you did not press Approve yourself, tell your security team now: somebody may be using your account. Else press Approve again and sign in as yourself.',
  notFresh: 'Press Approve again. If it happens again, tell your Latchkey admin.',
  tooWeak: 'Press Approve again, and sign in with a second factor.',
  disowned:
    'If you did not press Approve yourself, tell your security team now: somebody may be using your account.',
  refused: 'See the card for what is so now.',
};

/**
 * Ends a step-up that does not count: in its row, on the change and in the audit, and tells whoever clicked. False: it
 * had ended.
 */
export async function endUncounted(
  context: Context,
  { id, changeId, click }: StepUp,
  ended: { why: StepUpEnd; signedInAs?: string; text?: string },
): Promise<boolean> {
  const { why } = ended;
  const says = `Your approval did not count: ${uncounted[why](signInName(context))}. ${next[why]}`;
  const came = await commit<'ended' | 'moot' | null>(
    context.db,
    async (unit) => {
      const change = await unit.change(changeId);
      const events =
        change === null
          ? []
          : stepUpEnded(
              change,
              {
                id,
                why,
                ...(ended.signedInAs === undefined ? {} : { signedInAs: ended.signedInAs }),
              },
              unit.now,
            );
      const isMoot = events.length === 0 && why === 'expired';
      const isFirst = await endStepUp(unit.tx, id, {
        at: unit.now,
        outcome: isMoot ? 'moot' : why,
        says: isMoot ? 'Nothing waits for this sign-in any more: see the card.' : says,
      });
      if (!isFirst) return { result: null };
      // Where nothing waits any more it is on record all the same.
      const note: Note = {
        type: 'signInRefused',
        changeId,
        at: unit.now,
        actor: { part: 'latchkey' },
        data: {
          stepUpId: id,
          why,
          ...(ended.signedInAs === undefined ? {} : { signedInAs: ended.signedInAs }),
        },
      };
      return { result: isMoot ? 'moot' : 'ended', events, notes: isMoot || events.length > 0 ? [] : [note] };
    },
    context.nudge,
  );
  if (came === 'ended') await tellClicker(context, click, says);
  return came !== null;
}
