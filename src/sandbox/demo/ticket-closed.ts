import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Refunds fail, I compare the orders';
const TEAM = 'Orders API readers';
const TICKET = 'INC-4711';

const on = (m: SeenMessage, part: string) => JSON.stringify(m.blocks).includes(part);

/** Access that ends with its ticket: the ticket is closed where tickets are kept, and the access goes. */
export const ticketClosed: Journey = {
  name: 'ended with its ticket',
  async run(visitor, say) {
    const asked = await visitor.ask('sam', {
      entitlement: 'orders-api-read',
      seconds: 86_400,
      reason: REASON,
      ticket: TICKET,
      endsWithTicket: true,
    });
    prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
    const card = await visitor.card('olga', (m) => on(m, REASON));
    prove(on(card, `or until ${TICKET} is closed`), 'the card says with which ticket it ends');
    say(`Sam asks for a day, to end when ${TICKET} is closed; the card shows that it is open`, {
      text: card.text,
    });

    await visitor.click('olga', card, 'approve');
    await visitor.until('Anypoint has him', () => visitor.isInTeam('sam', TEAM), 75_000);
    say('Olga approves it, and Anypoint has him in the team');

    await visitor.request('POST', `/tickets/sim/tickets/${TICKET}`, { to: 'closed' });
    const closedAt = Date.now();
    say('The ticket is closed in the ticket system; nobody tells Latchkey');
    // An open ticket is read every 30 seconds, and what closes it is believed the second time.
    await visitor.until('it is gone', async () => !(await visitor.isInTeam('sam', TEAM)), 120_000);
    const told = await visitor.receives('sam', 'why', (m) => m.text.includes(`${TICKET} was closed`));
    say(`${Math.round((Date.now() - closedAt) / 1_000)} s later it is gone from Anypoint, a day early`, {
      text: told.text,
    });
  },
};
