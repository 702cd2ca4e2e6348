import { company } from '../seed.ts';
import { blockComplaints } from './block-kit.ts';
import { type Args, type Call, type Method, type SlackError, slackError } from './call.ts';
import { app } from './directory.ts';
import { withIds } from './elements.ts';
import { shownMessage } from './messages.ts';
import type { Block, Channel, Message } from './workspace.ts';

/**
 * Longer ones are refused (slackapi/bolt-js and others); [docs.slack.dev/reference/methods/chat.postMessage] advises no
 * more.
 */
const MESSAGE_TEXT_CHARS = 4_000;
/** All texts of a message’s blocks together: not published, seen by others (slackapi/bolt-js #2509, #2867). */
const ALL_BLOCKS_CHARS = 11_300;

export type Content = { text: string | null; blocks: Block[] | null; metadata: Message['metadata'] | null };

function charactersIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + charactersIn(one), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [key, inner]) =>
      sum + (key === 'text' && typeof inner === 'string' ? inner.length : charactersIn(inner)),
    0,
  );
}

/** The text and blocks of a message, checked. */
export function contentOf(args: Args): Content | SlackError {
  const text = args.text('text');
  if (text !== null && text.length > MESSAGE_TEXT_CHARS) return slackError('msg_too_long');
  const raw = args.structure('blocks');
  if (raw === undefined) return slackError('invalid_blocks_format');
  let blocks: Block[] | null = null;
  if (raw !== null) {
    if (!Array.isArray(raw)) return slackError('invalid_blocks_format');
    const complaints = blockComplaints(raw);
    if (complaints.length > 0) return slackError('invalid_blocks', complaints);
    if (charactersIn(raw) > ALL_BLOCKS_CHARS) return slackError('msg_blocks_too_long');
    blocks = withIds(raw as Block[]);
  }
  const metadata = args.structure('metadata');
  if (metadata === undefined) return slackError('invalid_metadata_format');
  if (metadata !== null && typeof (metadata as { event_type?: unknown }).event_type !== 'string') {
    if (Object.keys(metadata).length > 0) return slackError('invalid_metadata_schema');
  }
  return { text, blocks, metadata: metadata as Message['metadata'] | null };
}

/** Where to post: a channel's id or #name, or a person's id, which opens the direct conversation. */
function destination({ workspace, args }: Call): Channel | SlackError {
  const name = args.text('channel') ?? '';
  const person = workspace.directory.byId(name);
  if (person !== null) {
    if (person.slackKind === 'bot' || person.slackKind === 'deactivated')
      return slackError('channel_not_found');
    return workspace.im(person).channel;
  }
  // In a whole organisation a name may be several channels'.
  const isByName = workspace.grid?.isOrgWide !== true;
  const channel = workspace.channels.get(name) ?? (isByName ? workspace.channelNamed(name) : null);
  if (channel === null) return slackError('channel_not_found');
  if (channel.isArchived === true) return slackError('is_archived');
  return channel.members.includes(app.userId) ? channel : slackError('not_in_channel');
}

/** Latchkey's own message that is to be changed; ephemeral ones can't be found again. */
function ownMessage(
  { workspace, args }: Call,
  refusal: 'cant_update_message' | 'cant_delete_message',
): Message | SlackError {
  const channel = workspace.channels.get(args.text('channel') ?? '');
  if (channel === undefined) return slackError('channel_not_found');
  if (channel.isArchived === true) return slackError('is_archived');
  const message = workspace.message(channel.id, args.text('ts') ?? '');
  if (message === null || message.ephemeralTo !== undefined) return slackError('message_not_found');
  return message.user === app.userId ? message : slackError(refusal);
}

function newMessage(call: Call, channel: Channel, content: Content): Message {
  const threadTs = call.args.text('thread_ts');
  return {
    ts: call.workspace.nextTs(),
    channel: channel.id,
    user: app.userId,
    text: content.text ?? '',
    ...(content.blocks === null || content.blocks.length === 0 ? {} : { blocks: content.blocks }),
    ...(threadTs === null ? {} : { threadTs }),
    ...(content.metadata === null || content.metadata === undefined ? {} : { metadata: content.metadata }),
  };
}

function isBlank(content: Content, args: Args): boolean {
  const hasBlocks = content.blocks !== null && content.blocks.length > 0;
  return (content.text === null || content.text === '') && !hasBlocks && !args.has('attachments');
}

export const chatMethods: Record<string, Method> = {
  'chat.postMessage'(call) {
    const channel = destination(call);
    if ('ok' in channel) return channel;
    const content = contentOf(call.args);
    if ('ok' in content) return content;
    if (isBlank(content, call.args)) return slackError('no_text');
    const message = newMessage(call, channel, content);
    // A reply to a reply lands in the same thread, as in Slack.
    const parent =
      message.threadTs === undefined ? null : call.workspace.message(channel.id, message.threadTs);
    if (message.threadTs !== undefined && parent === null) return slackError('thread_not_found');
    if (parent?.threadTs !== undefined) message.threadTs = parent.threadTs;
    if (!call.isDropped) call.workspace.post(message);
    return {
      ok: true,
      channel: channel.id,
      ts: message.ts,
      message: shownMessage(call.workspace, message, { withMetadata: true }),
    };
  },

  'chat.postEphemeral'(call) {
    // Unlike chat.postMessage it takes no account in the place of a conversation.
    if (call.workspace.directory.byId(call.args.text('channel') ?? '') !== null)
      return slackError('channel_not_found');
    const channel = destination(call);
    if ('ok' in channel) return channel;
    const user = call.args.text('user') ?? '';
    if (!channel.members.includes(user)) return slackError('user_not_in_channel');
    const content = contentOf(call.args);
    if ('ok' in content) return content;
    if (isBlank(content, call.args)) return slackError('no_text');
    const message: Message = { ...newMessage(call, channel, content), ephemeralTo: user };
    if (!call.isDropped) call.workspace.post(message);
    return { ok: true, message_ts: message.ts };
  },

  'chat.update'(call) {
    const message = ownMessage(call, 'cant_update_message');
    if ('ok' in message) return message;
    const content = contentOf(call.args);
    if ('ok' in content) return content;
    if (isBlank(content, call.args) && content.blocks === null) return slackError('no_text');
    const text = content.text ?? message.text;
    if (!call.isDropped) {
      message.text = text;
      // Text without blocks takes the blocks away; blocks leave no mark of the edit.
      if (content.blocks === null || content.blocks.length === 0) {
        delete message.blocks;
        message.edited = { user: app.userId, ts: call.workspace.nextTs() };
      } else message.blocks = content.blocks;
      if (content.metadata !== null && content.metadata !== undefined) {
        if (Object.keys(content.metadata).length === 0) delete message.metadata;
        else message.metadata = content.metadata;
      }
      call.workspace.changed();
    }
    return {
      ok: true,
      channel: message.channel,
      ts: message.ts,
      text,
      message: shownMessage(call.workspace, message, { withMetadata: true }),
    };
  },

  'chat.delete'(call) {
    const message = ownMessage(call, 'cant_delete_message');
    if ('ok' in message) return message;
    if (!call.isDropped) call.workspace.remove(message);
    return { ok: true, channel: message.channel, ts: message.ts };
  },

  'chat.getPermalink'({ workspace, args }) {
    const channel = workspace.channels.get(args.text('channel') ?? '');
    if (channel === undefined) return slackError('channel_not_found');
    const ts = args.text('message_ts') ?? '';
    const message = workspace.message(channel.id, ts);
    if (message === null) return slackError('message_not_found');
    const base = `https://${company.slackTeamName.toLowerCase()}.slack.com/archives/${channel.id}`;
    const thread = message.threadTs === undefined ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
    return { ok: true, channel: channel.id, permalink: `${base}/p${ts.replace('.', '')}${thread}` };
  },

  'reactions.add'({ workspace, args, isDropped }) {
    const channel = workspace.channels.get(args.text('channel') ?? '');
    if (channel === undefined) return slackError('channel_not_found');
    const message = workspace.message(channel.id, args.text('timestamp') ?? '');
    if (message === null || message.ephemeralTo !== undefined) return slackError('message_not_found');
    const name = (args.text('name') ?? '').replaceAll(':', '');
    if (!/^[a-z0-9_+-]+$/.test(name)) return slackError('invalid_name');
    const reaction = message.reactions?.find((r) => r.name === name);
    if (reaction?.users.includes(app.userId) === true) return slackError('already_reacted');
    if (!isDropped) {
      if (reaction !== undefined) reaction.users.push(app.userId);
      else message.reactions = [...(message.reactions ?? []), { name, users: [app.userId] }];
      workspace.changed();
    }
    return { ok: true };
  },
};
