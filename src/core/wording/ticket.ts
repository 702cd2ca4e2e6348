import type { Change } from '../change/change.ts';
import { isEndedByTicket } from '../change/ticket-end.ts';

/** `, or until INC-4711 is closed`; empty where it ends at its time alone. `safe`: makes others' words harmless. */
export function untilTicket(
  { ticket, endsWithTicket, ticketNews }: Change,
  safe: (text: string) => string = (text) => text,
): string {
  if (endsWithTicket !== true || ticket === null || ticketNews?.is === 'closed') return '';
  return `, or until ${safe(ticket)} is closed`;
}

/** What became of its ticket, as a sentence with a space before; empty: nothing. */
export function newsOfTicket(change: Change, safe: (text: string) => string): string {
  const { ticket, ticketNews: news } = change;
  if (news === undefined || ticket === null || news.is === 'open') return '';
  if (news.is === 'gone') return ` ${safe(ticket)} is not to be found any more.`;
  const status = news.status === null ? '' : ` (${safe(news.status)})`;
  return isEndedByTicket(change)
    ? ` It ends because ${safe(ticket)} was closed${status}.`
    : ` ${safe(ticket)} was closed${status}.`;
}
