import { latestEndOf } from '../../core/change/ticket-end.ts';
import { hasArrived } from '../../core/wording/ending.ts';
import { escapeMrkdwn, slackDate } from '../mrkdwn.ts';
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
    text: ({ change, names, reader, title, whom }) =>
      `:grey_question: ${reader === 'channel' ? `${names.owner}: ` : ''}${ticketOf(change)} is not to be found any more: it was deleted, or Latchkey is not shown it. ${title} for ${whom} goes on${untilLatest(change)}. Is it still needed? Whoever holds it can end it with *I’m done*.`,
  },
];

type Changed = Told['change'];

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
