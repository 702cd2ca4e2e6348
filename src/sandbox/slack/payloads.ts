/** What Slack sends to an app, shape by shape [docs.slack.dev/reference/interaction-payloads]. */
import { randomBytes } from 'node:crypto';
import type { World } from '../emulator.ts';
import type { Person } from '../seed.ts';
import { company } from '../seed.ts';
import { app, slackUser, teamOf } from './directory.ts';
import type { PlacedElement } from './elements.ts';
import { commandInGrid, organisation, originInGrid } from './grid.ts';
import { shownMessage } from './messages.ts';
import { shownView } from './methods-views.ts';
import type { Channel, ElementState, Message, View, Workspace } from './workspace.ts';

type Payload = Record<string, unknown>;
type Context = { world: World; workspace: Workspace };
/** An element of a message or view, and what was picked in it; null for a button. */
type Pressed = { placed: PlacedElement; state: ElementState | null };

/** Deprecated by Slack in favour of signatures, yet still in every payload. */
const VERIFICATION_TOKEN = 'sandbox-verification-token';
const teamDomain = company.slackTeamName.toLowerCase();

function responseUrl(
  { world, workspace }: Context,
  where: Parameters<Workspace['newResponseUrl']>[0],
): string {
  return `${world.url()}/slack/response/${workspace.newResponseUrl(where)}`;
}

function shownName(channel: Channel): string {
  return channel.kind === 'im' ? 'directmessage' : channel.name;
}

function envelope(workspace: Workspace, person: Person, type: string): Payload {
  return {
    type,
    user: { id: workspace.idOf(person), username: person.key, name: person.key, team_id: teamOf(person) },
    api_app_id: app.id,
    token: VERIFICATION_TOKEN,
    ...originInGrid(workspace.grid, teamDomain),
  };
}

export function commandFields(
  context: Context,
  person: Person,
  channel: Channel,
  { command, text }: { command: string; text: string },
): Record<string, string> {
  return {
    token: VERIFICATION_TOKEN,
    team_id: company.slackTeamId,
    team_domain: teamDomain,
    channel_id: channel.id,
    channel_name: shownName(channel),
    user_id: context.workspace.idOf(person),
    user_name: person.key,
    command,
    text: escaped(context.workspace, text),
    api_app_id: app.id,
    ...commandInGrid(context.workspace.grid),
    response_url: responseUrl(context, { channel: channel.id, user: person.slackId }),
    trigger_id: context.workspace.newTrigger(person.slackId),
  };
}

/**
 * A typed text, as Slack sends it where the manifest says `should_escape`: `@erik` becomes `<@U0000002|erik>`. A name
 * that nobody has stays as it is.
 */
function escaped(workspace: Workspace, text: string): string {
  return text.replace(/(^|\s)@(\w+)/g, (typed, before: string, handle: string) => {
    const person = workspace.directory.byKey(handle.toLowerCase());
    return person === null ? typed : `${before}<@${workspace.idOf(person)}|${person.key}>`;
  });
}

function action({ placed, state }: Pressed): Payload {
  const { element, blockId } = placed;
  return {
    action_id: element.action_id,
    block_id: blockId,
    ...(element.type === 'button'
      ? {
          type: 'button',
          text: element.text,
          ...(element.value === undefined ? {} : { value: element.value }),
          ...(element.style === undefined ? {} : { style: element.style }),
        }
      : { ...state, type: element.type }),
    action_ts: `${(Date.now() / 1_000).toFixed(6)}`,
  };
}

export function messageAction(
  context: Context,
  person: Person,
  where: { channel: Channel; message: Message },
  pressed: Pressed,
): Payload {
  const { channel, message } = where;
  const isEphemeral = message.ephemeralTo !== undefined;
  return {
    ...envelope(context.workspace, person, 'block_actions'),
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: channel.id,
      is_ephemeral: isEphemeral,
      ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
    },
    trigger_id: context.workspace.newTrigger(person.slackId),
    channel: { id: channel.id, name: shownName(channel) },
    // Slack keeps no ephemeral messages, so it can't send one back.
    ...(isEphemeral ? {} : { message: shownMessage(context.workspace, message, { withMetadata: true }) }),
    state: { values: message.chosen?.[person.slackId] ?? {} },
    response_url: responseUrl(context, {
      channel: channel.id,
      user: person.slackId,
      messageTs: message.ts,
    }),
    actions: [action(pressed)],
  };
}

export function viewAction(context: Context, person: Person, view: View, pressed: Pressed): Payload {
  return {
    ...envelope(context.workspace, person, 'block_actions'),
    container: { type: 'view', view_id: view.id },
    trigger_id: context.workspace.newTrigger(person.slackId),
    view: shownView(view),
    actions: [action(pressed)],
  };
}

export function viewSubmission(context: Context, person: Person, view: View): Payload {
  return {
    ...envelope(context.workspace, person, 'view_submission'),
    trigger_id: context.workspace.newTrigger(person.slackId),
    view: shownView(view),
    response_urls: chosenResponseUrls(context, person, view),
  };
}

/** One address per conversation menu that asked for it with `response_url_enabled`. */
function chosenResponseUrls(context: Context, person: Person, view: View): Payload[] {
  return view.payload.blocks.flatMap((block) => {
    const element = block.element as Record<string, unknown> | undefined;
    if (element?.response_url_enabled !== true) return [];
    const state = view.values[block.block_id ?? '']?.[String(element.action_id)];
    const channel = state?.selected_conversation ?? state?.selected_channel;
    if (typeof channel !== 'string') return [];
    return {
      block_id: block.block_id,
      action_id: element.action_id,
      channel_id: channel,
      response_url: responseUrl(context, { channel, user: person.slackId }),
    };
  });
}

export function viewClosed(workspace: Workspace, person: Person, view: View, isCleared: boolean): Payload {
  return { ...envelope(workspace, person, 'view_closed'), view: shownView(view), is_cleared: isCleared };
}

export function viewSuggestion(
  { workspace }: Context,
  person: Person,
  view: View,
  { placed, query }: { placed: PlacedElement; query: string },
): Payload {
  return {
    ...envelope(workspace, person, 'block_suggestion'),
    container: { type: 'view', view_id: view.id },
    action_id: placed.element.action_id,
    block_id: placed.blockId,
    value: query,
    view: shownView(view),
  };
}

export function messageSuggestion(
  { workspace }: Context,
  person: Person,
  where: { channel: Channel; message: Message },
  { placed, query }: { placed: PlacedElement; query: string },
): Payload {
  const { channel, message } = where;
  return {
    ...envelope(workspace, person, 'block_suggestion'),
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: channel.id,
      is_ephemeral: message.ephemeralTo !== undefined,
    },
    channel: { id: channel.id, name: shownName(channel) },
    message: shownMessage(workspace, message, { withMetadata: true }),
    action_id: placed.element.action_id,
    block_id: placed.blockId,
    value: query,
  };
}

/** A global shortcut, or with `on` a message's own. */
export function shortcut(
  context: Context,
  person: Person,
  callbackId: string,
  on: { channel: Channel; message: Message } | null,
): Payload {
  const common = {
    ...envelope(context.workspace, person, on === null ? 'shortcut' : 'message_action'),
    action_ts: `${(Date.now() / 1_000).toFixed(6)}`,
    callback_id: callbackId,
    trigger_id: context.workspace.newTrigger(person.slackId),
  };
  if (on === null) return common;
  return {
    ...common,
    channel: { id: on.channel.id, name: shownName(on.channel) },
    message_ts: on.message.ts,
    message: shownMessage(context.workspace, on.message, { withMetadata: true }),
    response_url: responseUrl(context, {
      channel: on.channel.id,
      user: person.slackId,
      messageTs: on.message.ts,
    }),
  };
}

function eventCallback({ grid }: Workspace, event: Payload): Payload {
  return {
    token: VERIFICATION_TOKEN,
    team_id: company.slackTeamId,
    api_app_id: app.id,
    event,
    type: 'event_callback',
    event_id: `Ev${randomBytes(5).toString('hex').toUpperCase()}`,
    event_time: Math.floor(Date.now() / 1_000),
    authorizations: [
      {
        enterprise_id: grid === null ? null : organisation.id,
        team_id: grid?.isOrgWide === true ? null : company.slackTeamId,
        user_id: app.userId,
        is_bot: true,
        is_enterprise_install: grid?.isOrgWide === true,
      },
    ],
    is_ext_shared_channel: false,
    event_context: `4-${randomBytes(12).toString('base64url')}`,
  };
}

export function homeOpened(
  workspace: Workspace,
  person: Person,
  channelId: string,
  home: View | null,
): Payload {
  return eventCallback(workspace, {
    type: 'app_home_opened',
    user: workspace.idOf(person),
    channel: channelId,
    tab: 'home',
    event_ts: `${(Date.now() / 1_000).toFixed(6)}`,
    ...(home === null ? {} : { view: shownView(home) }),
  });
}

/** Sent when somebody changes their status [docs.slack.dev/reference/events/user_status_changed]. */
export function statusChanged(workspace: Workspace, person: Person): Payload {
  const { profile, ...user } = slackUser(person, workspace.directory.statuses.get(person.slackId));
  return eventCallback(workspace, {
    type: 'user_status_changed',
    user: { ...user, id: workspace.idOf(person), profile },
    cache_ts: Math.floor(Date.now() / 1_000),
    event_ts: `${(Date.now() / 1_000).toFixed(6)}`,
  });
}

export function messagePosted(
  workspace: Workspace,
  channel: Channel,
  message: Message,
  person: Person,
): Payload {
  return eventCallback(workspace, {
    type: 'message',
    user: workspace.idOf(person),
    text: message.text,
    ts: message.ts,
    team: teamOf(person),
    channel: channel.id,
    channel_type: channel.kind,
    event_ts: message.ts,
    ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
  });
}

export type { Context, Payload };
