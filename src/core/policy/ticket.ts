import { type Refusal, refuse } from '../refusal.ts';
import type { Catalogue, Entitlement } from './catalogue.ts';

/**
 * Pure: why this ticket won't do, by how the catalogue says that tickets are written and where one is needed. Null: it
 * does, or the catalogue says nothing. Whether there is such a ticket is not known here.
 */
export function refuseTicket(
  rule: Catalogue['ticket'],
  {
    ticket,
    extend,
    endsWithTicket,
  }: { ticket: string | null; extend: boolean; endsWithTicket?: boolean | undefined },
  { title, tier }: Pick<Entitlement, 'title' | 'tier'>,
): Refusal | null {
  if (endsWithTicket === true && ticket === null)
    return refuse(
      'ticketMissing',
      `${title} is to end when a ticket is closed, and none is named.`,
      rule === undefined ? 'Name the ticket.' : `Name the ticket that it is for, like ${rule.example}.`,
    );
  if (rule === undefined) return null;
  if (ticket !== null)
    return new RegExp(`^(?:${rule.pattern})$`, 'u').test(ticket)
      ? null
      : refuse(
          'ticketInvalid',
          `Tickets are not written like “${ticket}” here.`,
          `Write it like ${rule.example}.`,
        );
  // A person who extends has said why before, and has no field to name one in.
  if (extend || !rule.requiredFor.includes(tier)) return null;
  return refuse(
    'ticketMissing',
    `${title} is of tier ${tier}, and needs a ticket.`,
    `Name the ticket that it is for, like ${rule.example}.`,
  );
}
