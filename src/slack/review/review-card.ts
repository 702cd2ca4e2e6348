import type { KnownBlock } from '@slack/types';
import { z } from 'zod';
import { figure } from '../../core/mass-change/words.ts';
import { counted, overdueInWords } from '../../core/review/words.ts';
import type { ReviewView } from '../../flow/review/view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { cardButton } from '../forms/card-button.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

/** A button carries which reviewer's part it opens. */
export const reviewButton = cardButton(z.strictObject({ review: z.uuid() }));

export const REVIEW_OPEN = 'review_open';

/**
 * Pure: the messages of one reviewer. One shows how far they are. There is a reply for each reminder, for an edit
 * notifies nobody.
 */
export function reviewNotices(view: ReviewView): Notice<SlackContent>[] {
  const { to, reviewer } = view;
  if (to.accountId === null) return view.instead.flatMap((admin) => unreachedNotice(view, admin.accountId));
  const account = { account: to.accountId };
  const all: Notice<SlackContent>[] = [{ key: 'card', to: account, under: null, content: reviewCard(view) }];
  for (const which of reviewer.reminders) {
    const text = reminderText(view, which);
    all.push({
      key: `remind:${which}`,
      to: account,
      under: 'card',
      content: { text, blocks: [section(mrkdwn(text))] },
    });
  }
  const { delegate } = view;
  if (delegate?.accountId != null && view.campaign.state === 'open') {
    const head = `You decide on this while ${escapeMrkdwn(to.name)} is away. What is about yourself waits for them.`;
    const card = reviewCard(view);
    all.push({
      key: `delegate:${delegate.accountId}`,
      to: { account: delegate.accountId },
      under: null,
      content: { text: `${head} ${card.text}`, blocks: [section(mrkdwn(head)), ...card.blocks] },
    });
  }
  return all;
}

/** What an admin is told of a reviewer who can't be written to: otherwise the lines would wait, and nobody know. */
function unreachedNotice(
  { campaign, reviewer, to }: ReviewView,
  account: string | null,
): Notice<SlackContent>[] {
  if (account === null) return [];
  const left = reviewer.lines - reviewer.decided;
  const name = escapeMrkdwn(campaign.name);
  const waits = campaign.state === 'open' && left > 0;
  const due = campaign.dueAt === null ? '' : ` until ${slackDate(campaign.dueAt)}`;
  const text = waits
    ? `:warning: ${escapeMrkdwn(to.name)} can’t be written to in Slack, so nobody has told them of the access review ${name}: ${counted(left, 'line waits', 'lines wait')} for them${due}. ${overdueInWords(campaign.overdue, campaign.extendSeconds)} Tell them to look at Latchkey’s Home tab; if they have no Slack, cancel the review and begin it with another reviewer.`
    : `Nothing of the access review ${name} waits for ${escapeMrkdwn(to.name)} any more, who could not be written to in Slack.`;
  return [
    {
      key: `unreached:${account}`,
      to: { account },
      under: null,
      content: { text, blocks: [section(mrkdwn(text))] },
    },
  ];
}

function reviewCard(view: ReviewView): SlackContent {
  const { campaign, reviewer } = view;
  const name = escapeMrkdwn(campaign.name);
  const left = reviewer.lines - reviewer.decided;
  const head = `*Access review: ${name}*`;
  const { headline, isOpen } = headlineOf(view);
  const blocks: KnownBlock[] = [section(mrkdwn(`${head}\n${headline}`))];
  if (isOpen) {
    blocks.push({
      type: 'context',
      elements: [
        mrkdwn(
          `Due ${campaign.dueAt === null ? '' : slackDate(campaign.dueAt)}. ${overdueInWords(campaign.overdue, campaign.extendSeconds)}`,
        ),
      ],
    });
    blocks.push({
      type: 'actions',
      block_id: 'review',
      elements: [
        {
          type: 'button',
          action_id: REVIEW_OPEN,
          text: { type: 'plain_text', text: reviewer.drafted > 0 ? 'Go on' : 'Review' },
          style: 'primary',
          value: reviewButton.value({ review: reviewer.id }),
          accessibility_label: `Review ${counted(left, 'line')} of ${campaign.name}`.slice(0, 75),
        },
      ],
    });
  }
  return { text: `Access review: ${name}. ${headline}`, blocks };
}

function headlineOf({ campaign, reviewer }: ReviewView): { headline: string; isOpen: boolean } {
  const left = reviewer.lines - reviewer.decided;
  if (campaign.state === 'cancelled')
    return { headline: 'Cancelled. You need not do anything; what you submitted stands.', isOpen: false };
  if (reviewer.lines === 0)
    return { headline: 'Nothing is left for you: your lines went to somebody else.', isOpen: false };
  const done = `${figure(reviewer.decided)} of ${counted(reviewer.lines, 'line')} decided`;
  if (left === 0) {
    const closed = campaign.state === 'closed' ? ' The review is closed: MuleSoft shows all of it.' : '';
    return { headline: `:white_check_mark: ${done}. Thank you.${closed}`, isOpen: false };
  }
  const drafted =
    reviewer.drafted === 0 ? '' : ` ${figure(reviewer.drafted)} chosen and *not submitted yet*.`;
  return {
    headline: `${done}.${drafted} ${progressBar(reviewer.decided, reviewer.lines)}`,
    isOpen: campaign.state === 'open',
  };
}

/** Ten signs, so many of them full. */
function progressBar(done: number, all: number): string {
  const full = all === 0 ? 0 : Math.floor((done / all) * 10);
  return `${'\u25a0'.repeat(full)}${'\u25a1'.repeat(10 - full)}`;
}

function reminderText({ campaign }: ReviewView, which: string): string {
  const due = campaign.dueAt === null ? '' : slackDate(campaign.dueAt);
  const late = /^late(\d+)$/.exec(which)?.[1];
  // A reminder says the same for ever: the count is the card's, which is edited.
  const name = escapeMrkdwn(campaign.name);
  if (late !== undefined)
    return `:alarm_clock: Overdue: the access review ${name} was due ${due}. Please decide on what is left.`;
  const when: Record<string, string> = {
    week: 'in a week',
    threeDays: 'in three days',
    day: 'tomorrow',
    due: 'now',
  };
  return `:alarm_clock: The access review ${name} is due ${when[which] ?? 'soon'} (${due}). Please decide on what is left.`;
}
