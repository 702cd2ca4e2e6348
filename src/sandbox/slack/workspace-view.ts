/** `GET /sim/workspace?as=<key>`: what one person sees when they look at Slack. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Person } from '../seed.ts';
import { fromConsole, personNamed } from './console-person.ts';
import { isMentioned } from './mentions.ts';
import type { Channel, Message, View, Workspace } from './workspace.ts';

const MESSAGES_SHOWN = 200;
const MOST_MESSAGES_SHOWN = 2_000;

const querySchema = z.object({
  as: z.string(),
  /** Newest messages per channel, threads included. */
  limit: z.coerce.number().int().min(1).max(MOST_MESSAGES_SHOWN).default(MESSAGES_SHOWN),
  /** This channel alone, by name, or `dm` for the conversation with the app; left out: all. */
  channel: z.string().optional(),
  /** `none` leaves out who is there and what is new to each of them, for whoever looks again and again. */
  people: z.enum(['all', 'none']).default('all'),
});

export function shownModal(view: View): Record<string, unknown> {
  const { payload } = view;
  return {
    id: view.id,
    hash: view.hash,
    type: payload.type,
    title: payload.title?.text ?? null,
    callback_id: payload.callback_id ?? '',
    blocks: payload.blocks,
    state: { values: view.values },
    errors: view.errors,
    private_metadata: payload.private_metadata ?? '',
    submit: payload.submit?.text ?? null,
    close: payload.close?.text ?? null,
  };
}

function seenMessage(workspace: Workspace, person: Person, message: Message): Record<string, unknown> {
  return {
    ts: message.ts,
    user: message.user,
    userName: workspace.directory.displayName(message.user),
    text: message.text,
    blocks: message.blocks ?? null,
    threadTs: message.threadTs ?? null,
    edited: message.edited !== undefined,
    metadata: message.metadata ?? null,
    ephemeral: message.ephemeralTo !== undefined,
    files: message.files ?? [],
    reactions: message.reactions ?? [],
    chosen: message.chosen?.[person.slackId] ?? {},
  };
}

function seenChannel(
  workspace: Workspace,
  person: Person,
  channel: Channel,
  limit: number,
): Record<string, unknown> {
  const visible = channel.messages.filter(
    (m) => m.ephemeralTo === undefined || m.ephemeralTo === person.slackId,
  );
  return {
    id: channel.id,
    name: channel.kind === 'im' ? 'Latchkey' : channel.name,
    kind: channel.kind,
    messages: visible.slice(-limit).map((m) => seenMessage(workspace, person, m)),
  };
}

/** The time stamp of the newest message for this person: one to them alone, or a mention in a channel. */
function latestFor(workspace: Workspace, person: Person): string | null {
  let latest: string | null = null;
  for (const channel of workspace.channels.values()) {
    if (!channel.members.includes(person.slackId)) continue;
    const isForThem = (m: Message) =>
      m.ephemeralTo === undefined
        ? channel.kind === 'im' || isMentioned(m, person.slackId)
        : m.ephemeralTo === person.slackId;
    const seen = channel.messages.findLast((m) => m.user !== person.slackId && isForThem(m));
    if (seen !== undefined && (latest === null || seen.ts > latest)) latest = seen.ts;
  }
  return latest;
}

function shownPerson(workspace: Workspace, person: Person): Record<string, unknown> {
  const { key, name, title, department, role, email, slackId, slackKind } = person;
  const latest = latestFor(workspace, person);
  return { key, name, title, department, role, email, slackId, slackKind, latest };
}

export function workspaceRoute(fastify: FastifyInstance, workspace: Workspace): void {
  fastify.get('/sim/workspace', async (request) => {
    const { as, limit, channel: only, people } = fromConsole(querySchema, request.query);
    const person = personNamed(workspace, as);
    const home = workspace.views.get(workspace.homes.get(person.slackId) ?? '');
    // Slack lists an installed app among a person's conversations before a word was said.
    workspace.im(person);
    return {
      ...(people === 'none' ? {} : { me: shownPerson(workspace, person) }),
      people: people === 'none' ? [] : workspace.directory.all().map((p) => shownPerson(workspace, p)),
      channels: [...workspace.channels.values()]
        .filter((channel) => channel.members.includes(person.slackId))
        .filter(({ kind, name }) => only === undefined || (only === 'dm' ? kind === 'im' : name === only))
        .map((channel) => seenChannel(workspace, person, channel, limit)),
      views: workspace.stack(person.slackId).map(shownModal),
      home: home === undefined ? null : shownModal(home),
    };
  });
}
