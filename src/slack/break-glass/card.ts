import type { KnownBlock } from '@slack/types';
import { z } from 'zod';
import { durationInWords } from '../../core/duration.ts';
import type { EmergencyView } from '../../flow/break-glass/view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { mention } from '../change-card/names.ts';
import { cardButton } from '../forms/card-button.ts';
import { escapeMrkdwn, mrkdwn, quote, slackDate } from '../mrkdwn.ts';

export const emergencyButton = cardButton(z.strictObject({ emergency: z.uuid() }));

export const emergencyActions = {
  justified: 'emergency_justified',
  notJustified: 'emergency_not_justified',
} as const;

/** Pure: one message in the channel, and one to each approver and admin; the one who took it is told by their own. */
export function emergencyNotices(view: EmergencyView): Notice<SlackContent>[] {
  const content = emergencyCard(view);
  const accounts = new Set(
    [...view.approvers, ...view.admins, ...view.askedToo].flatMap(({ accountId }) =>
      accountId === null ? [] : [accountId],
    ),
  );
  if (view.person.accountId !== null) accounts.delete(view.person.accountId);
  return [
    { key: 'emergency', to: { channel: view.channel }, under: null, content },
    ...overdueReplies(view),
    ...[...accounts].map((account) => ({
      key: `emergency:${account}`,
      to: { account },
      under: null,
      content,
    })),
  ];
}

/** Under the card in the channel, so that those whom it mentions are told: nobody has looked in time. */
function overdueReplies(view: EmergencyView): Notice<SlackContent>[] {
  const { emergency, reviewDueAt: dueAt, reminded, askedToo } = view;
  const { clock, review } = emergency;
  if (clock === null || review !== null) return [];
  const since = `:hourglass: Nobody has said whether this emergency was right; that was due ${slackDate(dueAt)}.`;
  const reply = (key: string, text: string): Notice<SlackContent> => ({
    key: `emergency:${key}`,
    to: { channel: view.channel },
    under: 'emergency',
    content: { text, blocks: [section(mrkdwn(text))] },
  });
  const replies: Notice<SlackContent>[] = [];
  if (clock.reminders.length > 0 && reminded.length > 0)
    replies.push(
      reply(
        `reminded:${clock.reminders.length}`,
        `${since} Please look: ${reminded.map(mention).join(', ')}.`,
      ),
    );
  if (clock.climbed !== null)
    replies.push(
      reply(
        `rung:${clock.rungs[0] ?? 0}`,
        `${since} So ${askedToo.length === 0 ? escapeMrkdwn(clock.climbed.to) : askedToo.map(mention).join(', ')} is asked too.`,
      ),
    );
  return replies;
}

function emergencyCard(view: EmergencyView): SlackContent {
  const { change, person, title } = view;
  const time = durationInWords(change.requestedSeconds ?? 0);
  const head = `Emergency: ${mention(person)} has taken ${escapeMrkdwn(title)} for ${time}, without approval`;
  return {
    text: `Emergency: ${escapeMrkdwn(person.name)} has taken ${escapeMrkdwn(title)} for ${time}, without approval.`,
    blocks: [
      section(mrkdwn(`:rotating_light: *${head}.*`)),
      quote(change.reason),
      section(mrkdwn(factLines(view).join('\n'))),
      ...reviewBlocks(view),
    ],
  };
}

function factLines({ change, gives }: EmergencyView): string[] {
  const { grant, ended, verdict } = change;
  const end =
    ended !== null
      ? `Ended ${slackDate(ended.at)}.`
      : grant === null
        ? ''
        : `Ends by itself ${slackDate(grant.endsAt)}.`;
  return [
    `It gives ${escapeMrkdwn(gives)}. ${end}`.trim(),
    ...(verdict?.conflicts ?? []).map(
      ({ text }) =>
        `:scales: *Separation of duties:* ${escapeMrkdwn(text)}. The emergency did not stop at it, so look at it.`,
    ),
    ...(verdict?.holds ?? []).map(({ text }) => `:lock: Asked for otherwise: ${escapeMrkdwn(text)}.`),
  ];
}

function reviewBlocks({ emergency, reviewDueAt, person }: EmergencyView): KnownBlock[] {
  const { review, clock } = emergency;
  if (review !== null) {
    const mark =
      review.found === 'justified' ? ':white_check_mark: *Justified*' : ':no_entry: *Not justified*';
    return [
      section(mrkdwn(`${mark}, says ${escapeMrkdwn(review.name)}, ${slackDate(review.at)}:`)),
      quote(review.comment),
    ];
  }
  const value = emergencyButton.value({ emergency: emergency.changeId });
  return [
    section(
      mrkdwn(
        `*Was this right?* An approver or admin other than ${escapeMrkdwn(person.name)} says so, ${clock === null ? 'by' : 'and it is overdue since'} ${slackDate(reviewDueAt)}. What was not justified ends at once.`,
      ),
    ),
    {
      type: 'actions',
      block_id: 'emergency_review',
      elements: [
        {
          type: 'button',
          action_id: emergencyActions.justified,
          text: { type: 'plain_text', text: 'Justified…' },
          value,
        },
        {
          type: 'button',
          action_id: emergencyActions.notJustified,
          style: 'danger',
          text: { type: 'plain_text', text: 'Not justified…' },
          value,
        },
      ],
    },
  ];
}
