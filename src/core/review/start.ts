import { roughlyInWords } from '../duration.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Campaign } from './campaign.ts';

/** A comparison or a snapshot older than this says too little of who holds what now. */
export const FRESH_SECONDS = 86_400;

/**
 * Pure: why a campaign can't be started now; null: it can. `lastComparedAt`: when the last comparison began that was
 * carried to its end; null: there was none.
 */
export function refuseStart(
  campaign: Campaign,
  now: { at: Date; lastComparedAt: Date | null },
): Refusal | null {
  const { state, prepared } = campaign;
  if (state === 'preparing' || prepared === null)
    return refuse('notReady', 'The campaign is still being prepared.', 'Look again in a moment.');
  if (state !== 'ready')
    return refuse(
      'alreadySettled',
      state === 'cancelled' ? 'The campaign was cancelled.' : 'The campaign was started already.',
      'Nothing more to do; the list of campaigns shows where it stands.',
    );
  if (prepared.lines === 0)
    return refuse(
      'nothingToReview',
      'Nobody holds anything of what the campaign is about, so there is nothing to review.',
      'Choose a wider scope, or leave it.',
    );
  if (prepared.withoutReviewer > 0)
    return refuse(
      'noReviewer',
      `${prepared.withoutReviewer === 1 ? 'One line has' : `${prepared.withoutReviewer} lines have`} nobody who could review: the owner, the manager or the fallback is the person themselves, is not active, or is not known.`,
      'Name an owner or a fallback who is somebody else, then prepare the campaign anew.',
    );
  const stale = staleInWords(campaign, now);
  return stale === null
    ? null
    : refuse('notFresh', stale, 'Run `latchkey reconcile`, then prepare the campaign anew.');
}

function staleInWords(
  { snapshotAt }: Campaign,
  { at, lastComparedAt }: { at: Date; lastComparedAt: Date | null },
): string | null {
  const secondsSince = (then: Date) => (at.getTime() - then.getTime()) / 1_000;
  if (lastComparedAt === null) return 'Directory and MuleSoft have never been compared to the end.';
  if (secondsSince(lastComparedAt) > FRESH_SECONDS)
    return `The last comparison of directory and MuleSoft is ${roughlyInWords(secondsSince(lastComparedAt))} old, and who holds what may be otherwise by now.`;
  if (snapshotAt !== null && secondsSince(snapshotAt) > FRESH_SECONDS)
    return `The snapshot of the campaign is ${roughlyInWords(secondsSince(snapshotAt))} old, and who holds what may be otherwise by now.`;
  return null;
}
