import type { Change } from '../../core/change/change.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import type { TicketFact } from '../../core/policy/ticket-fact.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { TicketsView } from '../../flow/tickets/trouble.ts';
import { after, CHANNEL, named, type Sample, T0 } from './sample.ts';
import { approval, approved, asked, changeAfter, planOf, received, usual, viewOf } from './sample-change.ts';

const HOUR = 3_600;
const looked: TicketFact = {
  key: 'INC-4711',
  is: 'open',
  status: 'In progress',
  title: 'Refunds fail since the release',
  assignee: 'Ines Moreau',
  isRequired: true,
};
const ticketOf = (rest: Partial<TicketFact>): TicketFact => ({ ...looked, ...rest });
const nothing = { status: null, title: null, assignee: null };

/** Access that ends with its ticket. */
export function ticketSamples(catalogue: Catalogue): Sample<ChangeView>[] {
  const { read } = usual(catalogue);
  const waiting = changeAfter([
    received(read, { endsWithTicket: true } as object),
    asked(read, planOf(['tom', 'olga'])),
  ]);
  const withFact = (ticketFound: TicketFact, holds: string[] = []): Change => ({
    ...waiting,
    verdict: {
      effect: 'ask',
      grounds: [],
      holds: holds.map((text) => ({ text, clause: null, needs: 'person' })),
      facts: { ticketFound } as NonNullable<NonNullable<Change['verdict']>['facts']>,
    },
  });
  const held = changeAfter([
    received(read, { endsWithTicket: true } as object),
    asked(read, planOf(['tom', 'olga'])),
    approval('tom'),
    approved(read),
    { type: 'idpWritten', wrote: 'added' },
    { type: 'changeSeen', note: null },
  ]);
  const news = (is: 'open' | 'closed' | 'gone', endsAt: Date): Change => ({
    ...held,
    grant: held.grant === null ? null : { ...held.grant, endsAt },
    ticketNews: { is, status: 'Done', at: after(HOUR), latestEndsAt: held.grant?.endsAt ?? endsAt },
  });
  const latest = held.grant?.endsAt ?? after(24 * HOUR);
  return [
    { title: 'To end with its ticket, which is open', view: viewOf(read, withFact(looked)) },
    {
      title: 'Its ticket could not be checked',
      view: viewOf(
        read,
        withFact(ticketOf({ is: 'unchecked', ...nothing }), [
          'whether INC-4711 is open could not be checked',
        ]),
      ),
    },
    { title: 'Ends with its ticket', view: viewOf(read, held) },
    { title: 'Its ticket was closed', view: viewOf(read, news('closed', after(HOUR + 900))) },
    { title: 'Its ticket was opened again', view: viewOf(read, news('open', latest)) },
    { title: 'Its ticket is gone', view: viewOf(read, news('gone', latest)) },
  ];
}

export function ticketTroubleSamples(): Sample<TicketsView>[] {
  const away: TicketsView = {
    trouble: {
      id: 'tickets',
      since: T0,
      why: 'does not accept our credentials: set TICKETS_TOKEN, and TICKETS_USER where it takes a user name, to ones that are active',
      backAt: null,
    },
    source: 'the ticket system',
    channel: CHANNEL,
    admins: [named('sam'), named('sofia')],
  };
  return [
    { title: 'They can’t be read', view: away },
    {
      title: 'They can be read again',
      view: { ...away, trouble: { ...away.trouble, backAt: after(5 * HOUR) } },
    },
  ];
}
