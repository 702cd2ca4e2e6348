import type { KnownBlock } from '@slack/types';
import { latestEndOf } from '../../core/change/ticket-end.ts';
import { hasArrived } from '../../core/wording/ending.ts';
import { escapeMrkdwn, plain, slackDate } from '../mrkdwn.ts';
import { actions, changeButton } from './buttons.ts';
import type { Reply, Told } from './outcome.ts';

/** One for each piece of news of the ticket that it ends with. */
export const ticketReplies: readonly Reply[] = [
  {
    key: ({ change, reader }) =>
      reader === 'channel' || !hasArrived(change) ? null : keyOf('closed', change),
    text: ({ change, names, title, whom }) => {
      const was = `${ticketOf(change)} was closed${statusOf(change)}`;
      if (change.ended !== null) return `:checkered_flag: ${was}, so ${title} for ${whom} has ended.`;
      const ends = names.time(change.grant?.endsAt ?? change.requestedAt);
      return `:hourglass: ${was}, so ${title} for ${whom} ends ${ends}. If it is still needed, open the ticket again before that, or ask anew with \`/access\`.`;
    },
  },
  {
    key: ({ change, reader }) => (reader === 'channel' ? null : keyOf('open', change)),
    text: ({ change, title, whom }) =>
      `:arrows_counterclockwise: ${ticketOf(change)} was opened again: ${title} for ${whom} goes on${untilLatest(change)}.`,
  },
  {
    // Nobody closed it, so nothing ends by itself: somebody has to look.
    key: ({ change, reader }) => (reader === 'beneficiary' ? null : keyOf('gone', change)),
    text: goneText,
    blocks: ({ change, reader }) =>
      reader === 'channel' && change.ended === null && change.grant !== null ? endButton(change) : [],
  },
];

type Changed = Told['change'];

/** Edited with what became of it: of what has ended nobody is asked any more. */
function goneText({ change, ending, names, reader, title, whom }: Told): string {
  const gone = `${ticketOf(change)} is not to be found any more`;
  if (change.ended !== null) {
    const by = change.ended.cause === 'ticketGone' ? (ending?.decision?.byName ?? null) : null;
    return `:checkered_flag: ${gone}; ${title} for ${whom} ${by === null ? 'has ended' : `was ended by ${names.safe(by)}`}.`;
  }
  const asked = `${gone}: it was deleted, or Latchkey is not shown it. ${title} for ${whom} goes on${untilLatest(change)}.`;
  return reader === 'channel'
    ? `:grey_question: ${names.owner}: ${asked} Is it still needed? If not, whoever decided on it, its owner or its holder ends it here.`
    : `:grey_question: ${asked} Is it still needed? If not, whoever holds it ends it with *I’m done*.`;
}

function endButton(change: Changed): KnownBlock[] {
  const value = changeButton.value({ change: change.id, round: change.round });
  const confirm = {
    title: plain('End this access?'),
    text: plain('It is taken away at once, and can be asked for anew.'),
    confirm: plain('End it'),
    deny: plain('Leave it'),
  };
  return [
    {
      type: 'actions',
      block_id: 'ticket_gone',
      elements: [
        {
          type: 'button',
          action_id: actions.endGone,
          text: { type: 'plain_text', text: 'End it now' },
          style: 'danger',
          confirm,
          value,
        },
      ],
    },
  ];
}

function keyOf(is: 'open' | 'closed' | 'gone', { ticketNews }: Changed): string | null {
  return ticketNews?.is === is ? `ticket:${is}:${ticketNews.at.getTime()}` : null;
}

function ticketOf({ ticket }: Changed): string {
  return escapeMrkdwn(ticket ?? '');
}

function statusOf({ ticketNews }: Changed): string {
  const status = ticketNews?.status ?? null;
  return status === null || status.toLowerCase() === 'closed' ? '' : ` (${escapeMrkdwn(status)})`;
}

function untilLatest(change: Changed): string {
  const latest = latestEndOf(change);
  return latest === null ? '' : ` until ${slackDate(latest)}`;
}
