import { company } from '../seed.ts';
import type { Call, Method, SlackError } from './call.ts';
import { app } from './directory.ts';
import { lacksTeam } from './grid.ts';
import { shownMessage } from './messages.ts';
import { page } from './paging.ts';
import type { Channel, Message } from './workspace.ts';

/** [docs.slack.dev/reference/methods/conversations.history] */
const MESSAGES_USUAL = 100;
const MESSAGES_MOST = 999;
const CHANNELS_USUAL = 100;
const CHANNELS_MOST = 1_000;
const CHANNEL_CREATED_AT_SECONDS = 1_700_000_000;

function shownChannel(channel: Channel): Record<string, unknown> {
  const created = CHANNEL_CREATED_AT_SECONDS;
  if (channel.kind === 'im') {
    return {
      id: channel.id,
      created,
      is_archived: false,
      is_im: true,
      is_org_shared: false,
      user: channel.members[0],
      is_user_deleted: false,
      priority: 0,
    };
  }
  const blank = { value: '', creator: '', last_set: 0 };
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    created,
    creator: 'U0000006',
    is_channel: true,
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: channel.isPrivate ?? false,
    is_archived: channel.isArchived ?? false,
    is_general: channel.name === 'general',
    is_shared: false,
    is_org_shared: false,
    is_member: channel.members.includes(app.userId),
    unlinked: 0,
    topic: blank,
    purpose: blank,
    previous_names: [],
    num_members: channel.members.length,
    shared_team_ids: [company.slackTeamId],
  };
}

/** The channel whose messages are to be read: Latchkey must be in it. */
function readableChannel({ workspace, args }: Call): Channel | SlackError {
  const channel = workspace.channels.get(args.text('channel') ?? '');
  if (channel === undefined) return { ok: false, error: 'channel_not_found' };
  if (!channel.members.includes(app.userId)) return { ok: false, error: 'not_in_channel' };
  return channel;
}

function withinBounds({ args }: Call): (message: Message) => boolean {
  const oldest = args.text('oldest');
  const latest = args.text('latest');
  const inclusive = args.flag('inclusive');
  return ({ ts }) => {
    const at = Number(ts);
    // As texts too: a double does not hold all sixteen digits of a time stamp.
    if (oldest !== null && (ts === oldest ? !inclusive : at < Number(oldest))) return false;
    return !(latest !== null && (ts === latest ? !inclusive : at > Number(latest)));
  };
}

export const conversationMethods: Record<string, Method> = {
  'conversations.open'({ workspace, args, isDropped }) {
    const channelId = args.text('channel');
    if (channelId !== null) {
      const channel = workspace.channels.get(channelId);
      if (channel === undefined) return { ok: false, error: 'channel_not_found' };
      return { ok: true, no_op: true, already_open: true, channel: { id: channel.id } };
    }
    const users = (args.text('users') ?? '').split(',').filter((id) => id !== '');
    if (users.length === 0) return { ok: false, error: 'users_list_not_supplied' };
    if (users.length > 1) return { ok: false, error: 'method_not_supported_for_channel_type' };
    const person = workspace.directory.byId(users[0] ?? '');
    if (person === null) return { ok: false, error: 'user_not_found' };
    if (person.slackKind === 'bot') return { ok: false, error: 'cannot_dm_bot' };
    if (person.slackKind === 'deactivated') return { ok: false, error: 'user_disabled' };
    const { channel, wasOpen } = workspace.im(person);
    if (!wasOpen && !isDropped) workspace.changed();
    return {
      ok: true,
      ...(wasOpen ? { no_op: true, already_open: true } : {}),
      channel: args.flag('return_im') ? { ...shownChannel(channel), is_open: true } : { id: channel.id },
    };
  },

  'conversations.list'({ workspace, args }) {
    if (lacksTeam(workspace, args)) return { ok: false, error: 'missing_argument' };
    const types = (args.text('types') ?? 'public_channel').split(',').map((t) => t.trim());
    const isWithoutArchived = args.text('exclude_archived') === 'true';
    const wanted = [...workspace.channels.values()].filter(
      (c) =>
        types.includes(
          c.kind === 'im' ? 'im' : c.isPrivate === true ? 'private_channel' : 'public_channel',
        ) && !(isWithoutArchived && c.isArchived === true),
    );
    const { items, nextCursor } = page(wanted, args, CHANNELS_USUAL, CHANNELS_MOST);
    return {
      ok: true,
      channels: items.map(shownChannel),
      response_metadata: { next_cursor: nextCursor },
    };
  },

  'conversations.info'({ workspace, args }) {
    const channel = workspace.channels.get(args.text('channel') ?? '');
    if (channel === undefined) return { ok: false, error: 'channel_not_found' };
    return { ok: true, channel: shownChannel(channel) };
  },

  'conversations.history'(call) {
    const channel = readableChannel(call);
    if ('ok' in channel) return channel;
    const isWanted = withinBounds(call);
    const newestFirst = channel.messages
      .filter((m) => m.ephemeralTo === undefined && (m.threadTs === undefined || m.threadTs === m.ts))
      .filter(isWanted)
      .reverse();
    const { items, nextCursor } = page(newestFirst, call.args, MESSAGES_USUAL, MESSAGES_MOST);
    const withMetadata = call.args.flag('include_all_metadata');
    return {
      ok: true,
      messages: items.map((m) => shownMessage(call.workspace, m, { withMetadata })),
      has_more: nextCursor !== '',
      pin_count: 0,
      channel_actions_ts: null,
      channel_actions_count: 0,
      ...(nextCursor === '' ? {} : { response_metadata: { next_cursor: nextCursor } }),
    };
  },

  'conversations.replies'(call) {
    const channel = readableChannel(call);
    if ('ok' in channel) return channel;
    const asked = call.workspace.message(channel.id, call.args.text('ts') ?? '');
    if (asked === null || asked.ephemeralTo !== undefined) return { ok: false, error: 'thread_not_found' };
    const parent = call.workspace.message(channel.id, asked.threadTs ?? asked.ts) ?? asked;
    const thread = [
      parent,
      ...call.workspace
        .replies(channel.id, parent.ts)
        .filter((m) => m.ephemeralTo === undefined && withinBounds(call)(m)),
    ];
    const { items, nextCursor } = page(thread, call.args, MESSAGES_USUAL, MESSAGES_MOST);
    const withMetadata = call.args.flag('include_all_metadata');
    return {
      ok: true,
      messages: items.map((m) => shownMessage(call.workspace, m, { withMetadata })),
      has_more: nextCursor !== '',
      ...(nextCursor === '' ? {} : { response_metadata: { next_cursor: nextCursor } }),
    };
  },

  'conversations.members'({ workspace, args }) {
    const channel = workspace.channels.get(args.text('channel') ?? '');
    if (channel === undefined) return { ok: false, error: 'channel_not_found' };
    const { items, nextCursor } = page(channel.members, args, CHANNELS_USUAL, CHANNELS_MOST);
    return { ok: true, members: items, response_metadata: { next_cursor: nextCursor } };
  },
};
