import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Emulator, World } from '../emulator.ts';
import { underFaults } from '../fault-plan.ts';

const PREFIX = '/tickets';

const ticketSchema = z.strictObject({
  key: z.string().min(1),
  title: z.string(),
  assignee: z.string().nullable(),
  isClosed: z.boolean(),
});
export type Ticket = z.infer<typeof ticketSchema>;

const savedSchema = z.strictObject({ tickets: z.array(ticketSchema) });
const turnSchema = z.strictObject({
  to: z.enum(['open', 'closed', 'gone']),
  title: z.string().optional(),
  assignee: z.string().nullable().optional(),
});

/** The tickets that there are when a world begins. */
const seed: readonly Ticket[] = [
  { key: 'INC-4711', title: 'Refunds fail since the release', assignee: 'Ines Moreau', isClosed: false },
  { key: 'INC-4712', title: 'Orders arrive twice', assignee: 'Erik Lind', isClosed: false },
  { key: 'CHG-0815', title: 'Raise the limit of the orders API', assignee: null, isClosed: false },
  { key: 'INC-4000', title: 'Invoices without an address', assignee: 'Tom Okafor', isClosed: true },
];

/** A small ticket system below `/tickets`: its API answers one ticket, and people open and close them at `/sim`. */
export function createTicketEmulator(world: World): Emulator {
  let tickets = new Map(seed.map((ticket) => [ticket.key, ticket]));

  const routes = async (app: FastifyInstance) => {
    app.get('/sim/tickets', async () => [...tickets.values()]);
    app.post<{ Params: { key: string } }>('/sim/tickets/:key', async (request, reply) => {
      const turn = turnSchema.safeParse(request.body);
      if (!turn.success) return reply.code(400).send({ error: z.prettifyError(turn.error) });
      const { key } = request.params;
      const { to, ...more } = turn.data;
      if (to === 'gone') tickets.delete(key);
      else {
        const before = tickets.get(key) ?? { key, title: key, assignee: null, isClosed: false };
        const { title = before.title, assignee = before.assignee } = more;
        tickets.set(key, { key, title, assignee, isClosed: to === 'closed' });
      }
      world.changed();
      return tickets.get(key) ?? { key, isGone: true };
    });
    await app.register(async (api) => {
      underFaults(api, world.faults, { vendor: 'tickets', prefix: PREFIX }, (status, reply) => {
        if (status === 429) reply.header('retry-after', '1');
        return { error: { code: status, message: 'as the sandbox was told' } };
      });
      api.addHook('onRequest', async (request, reply) => {
        if (request.headers.authorization === `Bearer ${world.keys.ticketsToken}`) return;
        return reply.code(401).send({ error: { code: 401, message: 'who are you?' } });
      });
      api.get<{ Params: { key: string } }>('/api/tickets/:key', async (request, reply) => {
        const ticket = tickets.get(request.params.key);
        if (ticket === undefined)
          return reply.code(404).send({ error: { code: 404, message: 'there is no such ticket' } });
        const { key, title, assignee, isClosed } = ticket;
        return { key, title, assignee: { name: assignee }, status: isClosed ? 'Closed' : 'In progress' };
      });
    });
  };

  return {
    routes: async (app) => {
      await app.register(routes, { prefix: PREFIX });
    },
    snapshot: () => ({ tickets: [...tickets.values()] }),
    restore(saved) {
      tickets = new Map(savedSchema.parse(saved).tickets.map((ticket) => [ticket.key, ticket]));
    },
    close: async () => {},
  };
}
