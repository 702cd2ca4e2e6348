/**
 * A person's acts in Slack's own client: look around, type a command, click, write. Below `/sim`, so never under the
 * fault plan. Answers 400 `{ ok: false, error }` when the person could not do that in Slack.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { company, type Person } from '../seed.ts';
import { fromConsole, Impossible, optionsFrom, personNamed, picking } from './console-person.ts';
import type { Delivery, DeliveryToLatchkey } from './delivery.ts';
import { app, slackbotId } from './directory.ts';
import { findElement, holdsState, pick, setState } from './elements.ts';
import type { Grid } from './grid.ts';
import { withMentions } from './mentions.ts';
import {
  type Context,
  commandFields,
  homeOpened,
  messageAction,
  messagePosted,
  messageSuggestion,
  shortcut,
} from './payloads.ts';
import type { RateLimits } from './rate-limits.ts';
import { respond } from './response-urls.ts';
import type { GrantedScopes } from './scopes.ts';
import type { SocketMode } from './socket-mode.ts';
import type { Channel, Message, Workspace } from './workspace.ts';

const commandSchema = z.object({
  as: z.string(),
  channel: z.string().optional(),
  command: z.string().startsWith('/'),
  text: z.string().default(''),
});
const messageSchema = z.object({
  as: z.string(),
  channel: z.string().optional(),
  text: z.string().min(1),
  threadTs: z.string().optional(),
});
const actionSchema = z.object({
  as: z.string(),
  channel: z.string(),
  ts: z.string(),
  actionId: z.string(),
  blockId: z.string().optional(),
  value: z
    .union([z.string(), z.array(z.string())])
    .nullable()
    .optional(),
});
const optionsSchema = actionSchema.omit({ value: true }).extend({ query: z.string().default('') });
const shortcutSchema = z.object({
  as: z.string(),
  callbackId: z.string(),
  channel: z.string().optional(),
  ts: z.string().optional(),
});
const rawSchema = z.object({
  body: z.string(),
  timestamp: z.string().optional(),
  signature: z.string().optional(),
  contentType: z.string().optional(),
});
const limitsSchema = z.object({
  enabled: z.boolean().optional(),
  eventRetryDelaysMs: z.array(z.int().min(0)).max(3).optional(),
});
const userGroupSchema = z.object({
  handle: z.string(),
  /** Keys or Slack ids of everybody in it. */
  members: z.array(z.string()).optional(),
  enabled: z.boolean().optional(),
});
/** The scopes that the app has from now on; null: all that it asked for. */
const scopesSchema = z.object({ granted: z.array(z.string()).nullable() });
const gridSchema = z.object({
  enabled: z.boolean().default(true),
  orgWide: z.boolean().default(false),
  workspaces: z.array(z.string()).default([company.slackTeamId]),
  members: z
    .record(
      z.string(),
      z.strictObject({
        teamId: z.string().nullable().optional(),
        teams: z.array(z.string()).optional(),
        gridId: z.string().optional(),
        of: z.enum(['ours', 'other', 'none']).optional(),
        isStranger: z.boolean().optional(),
      }),
    )
    .default({}),
});
const disconnectSchema = z.object({
  reason: z.enum(['warning', 'refresh_requested', 'link_disabled']).default('refresh_requested'),
});

export type ConsoleParts = Context & {
  delivery: DeliveryToLatchkey;
  sockets: SocketMode;
  limits: RateLimits;
  scopes: GrantedScopes;
};

/** What the console says of a delivery. */
export function told(delivery: Delivery): Record<string, unknown> {
  const { acked, timedOut, ackMs, error } = delivery;
  return { ok: acked, acked, timedOut, ackMs, ...(error === undefined ? {} : { error }) };
}

export function consoleRoutes(fastify: FastifyInstance, parts: ConsoleParts): void {
  commandRoute(fastify, parts);
  talkRoutes(fastify, parts);
  elementRoutes(fastify, parts);
  workspaceRoutes(fastify, parts);
  connectionRoutes(fastify, parts);
}

/** A channel by id or #name, or the person's conversation with Latchkey. */
function channelOf(workspace: Workspace, person: Person, name: string | undefined): Channel {
  if (name === undefined) return workspace.im(person).channel;
  const channel = workspace.channels.get(name) ?? workspace.channelNamed(name);
  if (channel === null || !channel.members.includes(person.slackId)) {
    throw new Impossible('channel_not_found');
  }
  return channel;
}

function messageOf(
  workspace: Workspace,
  person: Person,
  name: string,
  ts: string,
): { channel: Channel; message: Message } {
  const channel = channelOf(workspace, person, name);
  const message = workspace.message(channel.id, ts);
  const isVisible = message?.ephemeralTo === undefined || message.ephemeralTo === person.slackId;
  if (message === null || !isVisible) throw new Impossible('message_not_found');
  return { channel, message };
}

function commandRoute(fastify: FastifyInstance, parts: ConsoleParts): void {
  const { workspace, delivery } = parts;
  fastify.post('/sim/command', async (request) => {
    const { as, channel: name, command, text } = fromConsole(commandSchema, request.body);
    const person = personNamed(workspace, as);
    const channel = channelOf(workspace, person, name);
    const typed = withMentions(text, workspace.directory.everybody());
    const sent = await delivery.command(commandFields(parts, person, channel, { command, text: typed }));
    const answer = typeof sent.body === 'string' ? { text: sent.body } : sent.body;
    if (sent.acked && typeof answer === 'object' && answer !== null) {
      respond(workspace, { channel: channel.id, user: person.slackId }, answer as Record<string, unknown>);
    }
    if (!sent.acked) {
      // What Slack tells the person who typed it.
      const error = sent.timedOut ? 'operation_timeout' : 'dispatch_failed';
      workspace.post({
        ts: workspace.nextTs(),
        channel: channel.id,
        user: slackbotId,
        text: `${command} failed with the error "${error}"`,
        ephemeralTo: person.slackId,
      });
    }
    return { ...told(sent), status: sent.status, response: sent.body };
  });
}

/** Messages, shortcuts and the home tab. */
function talkRoutes(fastify: FastifyInstance, parts: ConsoleParts): void {
  const { workspace, delivery } = parts;
  fastify.post('/sim/message', async (request) => {
    const { as, channel: name, text, threadTs } = fromConsole(messageSchema, request.body);
    const person = personNamed(workspace, as);
    const channel = channelOf(workspace, person, name);
    const message: Message = {
      ts: workspace.nextTs(),
      channel: channel.id,
      user: person.slackId,
      text,
      ...(threadTs === undefined ? {} : { threadTs }),
    };
    workspace.post(message);
    // Apps are told only what is said where they are.
    if (!channel.members.includes(app.userId)) return { ok: true, ts: message.ts };
    const sent = await delivery.event(messagePosted(workspace, channel, message, person));
    return { ...told(sent), ok: true, ts: message.ts };
  });

  fastify.post('/sim/shortcut', async (request) => {
    const { as, callbackId, channel, ts } = fromConsole(shortcutSchema, request.body);
    const person = personNamed(workspace, as);
    const on = channel === undefined || ts === undefined ? null : messageOf(workspace, person, channel, ts);
    return told(await delivery.interaction(shortcut(parts, person, callbackId, on)));
  });

  fastify.post('/sim/home', async (request) => {
    const person = personNamed(workspace, fromConsole(z.object({ as: z.string() }), request.body).as);
    const home = workspace.views.get(workspace.homes.get(person.slackId) ?? '') ?? null;
    return told(await delivery.event(homeOpened(workspace, person, workspace.im(person).channel.id, home)));
  });
}

/** Buttons and menus in messages. */
function elementRoutes(fastify: FastifyInstance, parts: ConsoleParts): void {
  const { workspace, delivery } = parts;
  /** Options that external menus in messages offered, by message and action id. */
  const offeredInMessages = new WeakMap<Message, Map<string, Record<string, unknown>[]>>();
  function offeredIn(message: Message, actionId: string): Record<string, unknown>[] {
    return offeredInMessages.get(message)?.get(actionId) ?? [];
  }

  fastify.post('/sim/action', async (request) => {
    const { as, channel: name, ts, actionId, blockId, value } = fromConsole(actionSchema, request.body);
    const person = personNamed(workspace, as);
    const { channel, message } = messageOf(workspace, person, name, ts);
    const placed = findElement(message.blocks ?? [], actionId, blockId);
    if (placed === null) throw new Impossible('element_not_found');
    const { element } = placed;
    let state = null;
    if (element.type !== 'button') {
      const picked = pick(element, value ?? null, picking(workspace, offeredIn(message, actionId)));
      if ('error' in picked) throw new Impossible(picked.error);
      state = picked.state;
      if (holdsState(element)) {
        message.chosen ??= {};
        message.chosen[person.slackId] ??= {};
        setState(message.chosen[person.slackId] ?? {}, placed.blockId, actionId, state);
        workspace.changed();
      }
    }
    const sent = await delivery.interaction(
      messageAction(parts, person, { channel, message }, { placed, state }),
    );
    return told(sent);
  });

  fastify.post('/sim/options', async (request) => {
    const { as, channel: name, ts, actionId, blockId, query } = fromConsole(optionsSchema, request.body);
    const person = personNamed(workspace, as);
    const where = messageOf(workspace, person, name, ts);
    const placed = findElement(where.message.blocks ?? [], actionId, blockId);
    if (placed === null) throw new Impossible('element_not_found');
    const sent = await delivery.interaction(messageSuggestion(parts, person, where, { placed, query }));
    const options = optionsFrom(sent.body);
    const known = offeredInMessages.get(where.message) ?? new Map<string, Record<string, unknown>[]>();
    known.set(actionId, [...(known.get(actionId) ?? []), ...options]);
    offeredInMessages.set(where.message, known);
    return { ...told(sent), options };
  });
}

/** What a workspace's administrator does. */
function workspaceRoutes(fastify: FastifyInstance, { workspace, scopes }: ConsoleParts): void {
  fastify.post('/sim/invite', async (request) => {
    const { channel: name } = fromConsole(z.object({ channel: z.string() }), request.body);
    const channel = workspace.channels.get(name) ?? workspace.channelNamed(name);
    if (channel === null) throw new Impossible('channel_not_found');
    if (!channel.members.includes(app.userId)) channel.members.push(app.userId);
    workspace.changed();
    return { ok: true };
  });

  /** Puts the workspace into an Enterprise Grid organisation, or takes it out. */
  fastify.post('/sim/grid', async (request) => {
    const { enabled, orgWide, workspaces, members } = fromConsole(gridSchema, request.body);
    workspace.setGrid(
      enabled ? { isOrgWide: orgWide, workspaces, members: members as Grid['members'] } : null,
    );
    workspace.changed();
    return { ok: true };
  });

  fastify.post('/sim/user-group', async (request) => {
    const { handle, members, enabled } = fromConsole(userGroupSchema, request.body);
    const group = workspace.userGroups.find((g) => g.handle === handle);
    if (group === undefined) throw new Impossible('no_such_subteam');
    if (members !== undefined) group.members = members.map((as) => personNamed(workspace, as).slackId);
    if (enabled !== undefined) group.isDisabled = !enabled;
    workspace.changed();
    return { ok: true };
  });

  /** Whether the app has a Home tab, as its settings say. */
  fastify.post('/sim/home-tab', async (request) => {
    workspace.isHomeEnabled = fromConsole(z.object({ enabled: z.boolean() }), request.body).enabled;
    return { ok: true };
  });

  fastify.post('/sim/scopes', async (request) => {
    scopes.grant(fromConsole(scopesSchema, request.body).granted);
    return { ok: true };
  });
}

/** How Slack and Latchkey reach each other. */
function connectionRoutes(fastify: FastifyInstance, { delivery, sockets, limits }: ConsoleParts): void {
  fastify.post('/sim/raw', async (request, reply) => {
    const { body, timestamp, signature, contentType } = fromConsole(rawSchema, request.body);
    try {
      const answer = await delivery.raw({
        body,
        ...(timestamp === undefined ? {} : { timestamp }),
        ...(signature === undefined ? {} : { signature }),
        ...(contentType === undefined ? {} : { contentType }),
      });
      return { ok: true, status: answer.status, body: answer.body };
    } catch (error) {
      return reply.code(502).send({ ok: false, error: String(error) });
    }
  });

  fastify.post('/sim/limits', async (request) => {
    const { enabled, eventRetryDelaysMs } = fromConsole(limitsSchema, request.body);
    if (enabled !== undefined) limits.isEnabled = enabled;
    limits.forget();
    if (eventRetryDelaysMs !== undefined) delivery.eventRetryDelaysMs = eventRetryDelaysMs;
    return { ok: true, enabled: limits.isEnabled };
  });

  fastify.post('/sim/disconnect-sockets', async (request) => {
    const { reason } = fromConsole(disconnectSchema, request.body ?? {});
    return { ok: true, disconnected: sockets.disconnectAll(reason) };
  });
}
