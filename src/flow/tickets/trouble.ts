import { randomUUID } from 'node:crypto';
import { databaseNow } from '../../store/postgres/clock.ts';
import {
  beginTicketTrouble,
  endTicketTrouble,
  openTicketTrouble,
  readTicketTrouble,
  type TicketTrouble,
} from '../../store/ticket-troubles.ts';
import { longestUnread } from '../../store/watched-tickets.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { noteAndTell } from '../messages/note-and-tell.ts';
import { adminContacts } from '../people/admins.ts';
import type { Named } from '../people/named.ts';

/** Everything the message about tickets that can't be read is made of. */
export type TicketsView = { trouble: TicketTrouble; source: string; channel: string; admins: Named[] };

/** Where the catalogue does not say. */
const TOLD_AFTER_SECONDS = 3_600;

/** Tells the catalogue's admins once that tickets can't be read, and once that they can be again. */
export async function tellOfTickets(context: Context): Promise<void> {
  const [unread, told, now] = await Promise.all([
    longestUnread(context.db),
    openTicketTrouble(context.db),
    databaseNow(context.db),
  ]);
  if (unread === null && told !== null)
    await commit(
      context.db,
      async (unit) => {
        await endTicketTrouble(unit.tx, told.id, unit.now);
        const about = { about: 'tickets', id: told.id } as const;
        return { result: null, ...noteAndTell(unit, about, 'ticketsBack', { since: told.since }) };
      },
      context.nudge,
    );
  const afterSeconds = context.catalogue.current().ticket?.tellAfterSeconds ?? TOLD_AFTER_SECONDS;
  if (unread === null || told !== null || now.getTime() - unread.since.getTime() < afterSeconds * 1_000)
    return;
  await commit(
    context.db,
    async (unit) => {
      const id = randomUUID();
      if (!(await beginTicketTrouble(unit.tx, { id, ...unread }))) return { result: null };
      return { result: null, ...noteAndTell(unit, { about: 'tickets', id }, 'ticketsAway', unread) };
    },
    context.nudge,
  );
}

export async function readTicketsView(context: Data & Parties, id: string): Promise<TicketsView | null> {
  const trouble = await readTicketTrouble(context.db, id);
  if (trouble === null) return null;
  return { trouble, source: context.tickets?.name ?? 'the ticket system', ...(await adminContacts(context)) };
}
