import { type Refusal, refuse } from '../refusal.ts';
import type { Hold } from './verdict.ts';

/** What is known of the ticket that a request names. Status, title and assignee are words of others. */
export type TicketFact = {
  key: string;
  /** `unchecked`: it could not be looked up, so it is neither open nor closed. */
  is: 'open' | 'closed' | 'absent' | 'unchecked';
  status: string | null;
  title: string | null;
  assignee: string | null;
  /** One that is closed, or not there, is refused. */
  isRequired: boolean;
};

/** `INC-4711 is closed (Done)`. */
export function ticketInWords({ key, is, status }: TicketFact): string {
  if (is === 'absent') return `there is no ticket ${key}, or Latchkey is not shown it`;
  if (is === 'unchecked') return `whether ${key} is open could not be checked`;
  return `${key} is ${is}${status === null || status.toLowerCase() === is ? '' : ` (${status})`}`;
}

/** Pure: what no rule can allow; null: nothing of the ticket. */
export function refusedByTicket(ticket: TicketFact | undefined): string | null {
  const isRefused = ticket?.isRequired === true && (ticket.is === 'closed' || ticket.is === 'absent');
  return isRefused ? ticketInWords(ticket) : null;
}

/** Pure: that, for whoever asked. */
export function refuseForTicket(ticket: TicketFact | undefined): Refusal | null {
  const why = refusedByTicket(ticket);
  if (ticket === undefined || why === null) return null;
  const text = `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
  return refuse('ticketInvalid', text, 'Ask again, and name a ticket that is open.');
}

/** Pure: what a person has to look at. What could not be checked is never taken for open. */
export function ticketHolds(ticket: TicketFact | undefined): Hold[] {
  return ticket === undefined || ticket.is === 'open' || refusedByTicket(ticket) !== null
    ? []
    : [{ text: ticketInWords(ticket), clause: null, needs: 'person' }];
}
