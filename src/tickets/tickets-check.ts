import type { Checked } from '../core/checked.ts';
import { Fault } from '../core/fault.ts';
import { faultInWords, nextStepFor } from '../core/fault-words.ts';
import type { Catalogue } from '../core/policy/catalogue.ts';
import { createHttpTickets, type TicketSettings } from './http-tickets.ts';

/** Whether tickets can be looked up, and what is said of the catalogue's example of one. */
export async function checkTickets(
  settings: TicketSettings | null,
  { ticket, entitlements }: Pick<Catalogue, 'ticket' | 'entitlements'>,
): Promise<Checked> {
  const name = 'tickets';
  if (settings === null) {
    const ending = entitlements.filter((e) => e.endsWithTicket === true).map(({ key }) => key);
    return ending.length === 0
      ? { name, trouble: null, detail: 'off: TICKETS_URL is not set; a ticket is text' }
      : {
          name,
          trouble: `${ending.join(', ')}: to end with a ticket, which can’t be looked up; set TICKETS_URL (docs/connect-tickets.md)`,
        };
  }
  const source = createHttpTickets(settings);
  try {
    await source.check();
    if (ticket === undefined) return { name, trouble: null };
    const seen = await source.read(ticket.example);
    const is = seen.is === 'absent' ? 'not there' : `${seen.is} (${seen.status})`;
    return { name, trouble: null, detail: `ok; the catalogue’s example ${ticket.example} is ${is}` };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { name, trouble: `${faultInWords(error, { tickets: settings.name })}: ${nextStepFor(error)}` };
  }
}
