import type { Actor } from '../change/events.ts';
import type { PersonId } from '../ids.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Campaign, CampaignEvent, DecidedLine } from './campaign.ts';
import { choicesOn, type LineKind, type ReviewerChoice } from './line.ts';

/** A line with the draft of a decision, and what became of the membership since the snapshot. */
export type DraftedLine = {
  n: number;
  kind: LineKind;
  personId: PersonId | null;
  draft: ReviewerChoice;
  comment: string | null;
  /** `changed`: it is held by another grant than the snapshot has; `gone`: it is not held any more. */
  now: 'same' | 'changed' | 'gone';
};

export type SubmitFacts = {
  /** `insteadOf`: the reviewer whose lines they are, and who is away. */
  by: { id: PersonId; name: string; insteadOf?: { id: PersonId; name: string } };
  clickId: string;
  /** The drafts of the lines that are theirs and undecided, locked. */
  drafts: readonly DraftedLine[];
  /** Whether the drafts are still those that were counted and confirmed. */
  isAsShown: boolean;
  /** Lines of theirs still undecided, with a draft or without. */
  open: number;
  at: Date;
};

export type Submitted = {
  events: CampaignEvent[];
  /**
   * Lines that are otherwise than the snapshot has them: their drafts to keep are forgotten, and they are shown anew.
   */
  changed: number[];
};

/**
 * Pure: what a reviewer's drafts come to when they are submitted. What was confirmed is what is decided. A line that
 * has changed and is to be kept is asked again, for nobody looked at the change. A choice to take it away stands, for
 * taking away is never lost.
 */
export function submitDrafts(campaign: Campaign, facts: SubmitFacts): Submitted | Refusal {
  const { by, drafts, at } = facts;
  const refusal = refuseOver(campaign) ?? refuseDrafts(facts);
  if (refusal !== null) return refusal;
  const gone = drafts.filter((line) => line.now === 'gone');
  const changed = drafts.filter((line) => line.now === 'changed' && line.draft !== 'revoke');
  const decided = drafts.filter((line) => !gone.includes(line) && !changed.includes(line));
  const actor: Actor = { person: by.id, name: by.name };
  const events: CampaignEvent[] = [];
  if (gone.length > 0)
    events.push({
      type: 'linesDropped',
      campaignId: campaign.id,
      at,
      actor,
      lines: gone.map(({ n }) => n),
      why: 'it had ended meanwhile',
    });
  if (decided.length > 0)
    events.push({
      type: 'linesSubmitted',
      campaignId: campaign.id,
      at,
      actor,
      by,
      clickId: facts.clickId,
      lines: decided.map(({ n, draft, comment }): DecidedLine => ({ n, decision: draft, comment })),
    });
  return { events, changed: changed.map(({ n }) => n) };
}

/** Why these drafts can't be submitted as they are; null: they can. */
function refuseDrafts({ by, drafts, open, isAsShown }: SubmitFacts): Refusal | null {
  if (open === 0)
    return refuse(
      'alreadySettled',
      'All of your lines are decided.',
      'Nothing more to do: the message shows it.',
    );
  if (drafts.some(({ personId }) => personId === by.id))
    return refuse(
      'selfApproval',
      'One of the lines is about yourself.',
      'Hand it to somebody else to review.',
    );
  if (drafts.length === 0)
    return refuse(
      'nothingToReview',
      'You have chosen nothing yet.',
      'Choose on at least one line, then submit.',
    );
  if (!isAsShown)
    return refuse(
      'staleCard',
      'Your choices have changed since this was counted, in another window maybe.',
      'Open the review again, look at the count, and submit.',
    );
  if (drafts.every((line) => choicesOn(line).includes(line.draft))) return null;
  return refuse(
    'notReady',
    'One of the choices can’t be made on its line.',
    'Open the review and choose anew.',
  );
}

/** A set of drafts as text, for comparing what was confirmed with what there is: `1:keep,4:revoke`. */
export function draftsShown(drafts: readonly Pick<DraftedLine, 'n' | 'draft'>[]): string {
  return drafts
    .toSorted((a, b) => a.n - b.n)
    .map(({ n, draft }) => `${n}:${draft}`)
    .join(',');
}

/** A line that somebody wants to hand to somebody else. */
export type ReassignedLine = { n: number; personId: PersonId | null; hops: number };

/** A line is handed on so often at the most: then whoever has it decides. */
const HOPS_MAX = 3;

/** Pure: lines handed to another reviewer. Nobody gets what is about themselves, and nobody hands it to themselves. */
export function reassign(
  campaign: Campaign,
  facts: {
    from: { id: PersonId; name: string };
    to: { id: PersonId; name: string };
    lines: readonly ReassignedLine[];
    why: string;
    clickId: string;
    at: Date;
  },
): CampaignEvent[] | Refusal {
  const { from, to, lines, why, clickId, at } = facts;
  const over = refuseOver(campaign);
  if (over !== null) return over;
  if (lines.length === 0)
    return refuse('alreadySettled', 'This line is decided, or with somebody else.', 'Nothing more to do.');
  if (to.id === from.id)
    return refuse('selfApproval', 'It is with you already.', 'Choose somebody else, or decide on it.');
  if (lines.some(({ personId }) => personId === to.id))
    return refuse(
      'selfApproval',
      `This is about ${to.name}’s own access, and nobody reviews themselves.`,
      'Choose somebody else.',
    );
  if (lines.some(({ hops }) => hops >= HOPS_MAX))
    return refuse(
      'alreadySettled',
      `This has been handed on ${HOPS_MAX} times already.`,
      'Decide on it, or ask an admin.',
    );
  return [
    {
      type: 'linesReassigned',
      campaignId: campaign.id,
      at,
      actor: { person: from.id, name: from.name },
      lines: lines.map(({ n }) => n),
      to,
      from,
      why,
      clickId,
    },
  ];
}

function refuseOver(campaign: Campaign): Refusal | null {
  switch (campaign.state) {
    case 'open':
      return null;
    case 'preparing':
    case 'ready':
      return refuse('notReady', 'The review has not been started yet.', 'You will be told when it is.');
    case 'closing':
    case 'closed':
      return refuse('alreadySettled', 'The review is decided.', 'Nothing more to do: the message shows it.');
    case 'cancelled':
      return refuse('alreadySettled', 'The review was cancelled.', 'Nothing more to do.');
    default:
      return campaign.state satisfies never;
  }
}
