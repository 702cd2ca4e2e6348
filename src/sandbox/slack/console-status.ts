/** The status that a person sets in Slack's client: `:palm_tree: Vacationing`, until a time. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type ConsoleParts, told } from './console.ts';
import { fromConsole, personNamed } from './console-person.ts';
import { statusChanged } from './payloads.ts';

/** `seconds` null: until it is changed. No emoji and no text: none any more. */
const statusSchema = z.object({
  as: z.string(),
  emoji: z.string().default(''),
  text: z.string().max(100).default(''),
  seconds: z.int().min(1).nullable().default(null),
});

export function statusRoute(fastify: FastifyInstance, { workspace, delivery }: ConsoleParts): void {
  fastify.post('/sim/status', async (request) => {
    const { as, emoji, text, seconds } = fromConsole(statusSchema, request.body);
    const person = personNamed(workspace, as);
    const expiration = seconds === null ? 0 : Math.floor(Date.now() / 1_000) + seconds;
    if (emoji === '' && text === '') workspace.directory.statuses.delete(person.slackId);
    else workspace.directory.statuses.set(person.slackId, { emoji, text, expiration });
    workspace.changed();
    return told(await delivery.event(statusChanged(workspace, person)));
  });
}
