import type { Change } from '../../core/change/change.ts';
import type { TicketFact } from '../../core/policy/ticket-fact.ts';
import type { Context } from '../kernel/context.ts';
import { inTime } from './in-time.ts';

/**
 * Looks up the ticket of a request, where the catalogue says how tickets are written, or where the access ends with it.
 * An answer that does not come in time, or can't be had, is `unchecked`. Nothing: there is none to look up.
 */
export async function ticketFact(
  { tickets, catalogue, log }: Pick<Context, 'tickets' | 'catalogue' | 'log'>,
  { id, ticket, endsWithTicket }: Pick<Change, 'id' | 'ticket' | 'endsWithTicket'>,
): Promise<{ ticketFound?: TicketFact }> {
  const rule = catalogue.current().ticket;
  const isEnd = endsWithTicket === true;
  if (ticket === null || (!isEnd && (rule === undefined || tickets === undefined))) return {};
  const seen =
    tickets === undefined
      ? undefined
      : await inTime(
          async () => ({ is: await tickets.read(ticket) }),
          (why) => log.warn({ change: id, why }, 'a ticket can’t be looked up'),
        );
  const known = { key: ticket, isRequired: isEnd || rule?.mustBeOpen !== false };
  const nothing = { status: null, title: null, assignee: null };
  if (seen === undefined) return { ticketFound: { ...known, is: 'unchecked', ...nothing } };
  return {
    ticketFound: seen.is === 'absent' ? { ...known, ...nothing, is: 'absent' } : { ...known, ...seen },
  };
}
