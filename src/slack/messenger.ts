import type { WebClient } from '@slack/web-api';
import { Fault } from '../core/fault.ts';
import type { Messenger, Place } from '../ports/messenger.ts';
import { slackCall } from './api/call.ts';
import { installationOf } from './api/installation.ts';
import { linkButton, type SlackContent, section } from './blocks.ts';
import { fitted, shortened } from './fit.ts';
import { escapeMrkdwn, mrkdwn, plain } from './mrkdwn.ts';
import { withMentions } from './said.ts';

/** Metadata on every message of ours: after a post of unknown outcome it is how the message is found again. */
const MARKER_EVENT = 'latchkey_message';
/** One page of a listing; Slack advises no more than 200. */
const PAGE = 200;
/** Pages of a channel looked through for a marker: what it sees while Slack is away, at most. */
const HISTORY_PAGES_MAX = 10;
/** Slack's clock and ours may differ by this, in seconds. */
const CLOCK_SLACK_SECONDS = 60;

/** Slack's error names that speak of the one person written to, not of us or a channel (conversations.open). */
const aboutThePerson = [
  'user_not_found',
  'users_not_found',
  'user_disabled',
  'user_not_visible',
  'cannot_dm_bot',
];
/** And those that say so of the conversation with them, once it is known (chat.postMessage). */
const aboutTheirConversation = [...aboutThePerson, 'channel_not_found', 'is_archived'];
/** This account has no Home tab of ours, or nobody has (views.publish). */
const noHome = [...aboutThePerson, 'not_enabled', 'invalid_user_id', 'user_is_restricted'];
/** Nobody can be told there for their eyes alone (chat.postEphemeral). */
const notThere = ['channel_not_found', 'not_in_channel', 'user_not_in_channel', 'is_archived'];
/** The channel itself is gone: another may go by its name, or the catalogue name another. */
const aboutTheChannel = ['channel_not_found', 'is_archived'];
/** Nothing can be said in the thread: its first message was deleted, or is of a kind that takes no replies. */
const aboutTheThread = ['thread_not_found', 'cannot_reply_to_message'];
/** Slack's errors for a message that keeps to all its published limits and is too much all the same. */
const tooMuch = ['msg_blocks_too_long', 'msg_too_long', 'invalid_blocks'];
/** The message is gone, or no edit of it is taken any more (chat.update). */
const aboutTheMessage = ['message_not_found', 'cant_update_message', 'edit_window_closed'];

/** Messages by the Web API; one call each, so that a retry is the outbox's to decide. */
export function createSlackMessenger(client: WebClient): Messenger<SlackContent> {
  const installation = installationOf(client);
  const directMessages = new Map<string, string>();
  const channels = new Map<string, string>();

  /** The id of the conversation with a person; null when they can't be written to. */
  async function directMessage(account: string): Promise<string | null> {
    const known = directMessages.get(account);
    if (known !== undefined) return known;
    const opened = await unlessRefused(aboutThePerson, () =>
      slackCall(false, () => client.conversations.open({ users: account })),
    );
    const id = opened?.channel?.id;
    if (id === undefined) return null;
    directMessages.set(account, id);
    return id;
  }

  /** The id of a channel that was named; null when Slack shows us none of that name. */
  async function channelId(name: string): Promise<string | null> {
    const known = channels.get(name);
    if (known !== undefined) return known;
    const teams = await installation.workspaces();
    for (const at of teams.length === 0 ? [{}] : teams.map((team_id) => ({ team_id }))) {
      const id = await channelIdIn(name, at);
      if (id !== null) return id;
    }
    return null;
  }

  /** `at`: the workspace, where it has to be named. */
  async function channelIdIn(name: string, at: { team_id?: string }): Promise<string | null> {
    let cursor: string | undefined;
    do {
      const page = await slackCall(false, () =>
        client.conversations.list({
          types: 'public_channel,private_channel',
          limit: PAGE,
          exclude_archived: true,
          ...at,
          ...(cursor === undefined ? {} : { cursor }),
        }),
      );
      const id = page.channels?.find((c) => c.name === name)?.id;
      if (id !== undefined) {
        channels.set(name, id);
        return id;
      }
      cursor = page.response_metadata?.next_cursor || undefined;
    } while (cursor !== undefined);
    return null;
  }

  /** By name, as Slack takes it; where one name may be several channels', by id. */
  async function namedChannel(name: string): Promise<string> {
    const byId = (await installation.read()).isOrgWide ? await channelId(name) : null;
    return byId ?? `#${name}`;
  }

  async function findInThread(
    channel: string,
    thread: string,
    marker: string,
    oldest: string,
  ): Promise<Place | null> {
    for (let cursor: string | undefined, pages = 0; pages < HISTORY_PAGES_MAX; pages++) {
      const replies = await unlessRefused(['thread_not_found'], () =>
        slackCall(false, () =>
          client.conversations.replies({
            channel,
            ts: thread,
            oldest,
            limit: PAGE,
            include_all_metadata: true,
            ...(cursor === undefined ? {} : { cursor }),
          }),
        ),
      );
      const ts = replies?.messages?.find((m) => markerOf(m) === marker)?.ts;
      if (ts !== undefined) return { channel, ts };
      cursor = replies?.response_metadata?.next_cursor || undefined;
      if (cursor === undefined) return null;
    }
    return null;
  }

  async function findInChannel(channel: string, marker: string, oldest: string): Promise<Place | null> {
    for (let cursor: string | undefined, pages = 0; pages < HISTORY_PAGES_MAX; pages++) {
      const history = await slackCall(false, () =>
        client.conversations.history({
          channel,
          oldest,
          limit: PAGE,
          include_all_metadata: true,
          ...(cursor === undefined ? {} : { cursor }),
        }),
      );
      const ts = history.messages?.find((m) => markerOf(m) === marker)?.ts;
      if (ts !== undefined) return { channel, ts };
      cursor = history.response_metadata?.next_cursor || undefined;
      if (cursor === undefined) return null;
    }
    return null;
  }

  /** Whether the channel of this name is another one by now, asked anew. */
  async function isElsewhereNow(name: string, id: string): Promise<boolean> {
    channels.delete(name);
    const now = await channelId(name);
    return now !== null && now !== id;
  }

  return {
    async post(to, content, marker, thread): Promise<Place | null> {
      const isPerson = 'account' in to;
      // Posting to a channel takes its name, and the answer tells its id.
      const channel = isPerson
        ? await directMessage(to.account)
        : (channels.get(to.channel) ?? (await namedChannel(to.channel)));
      if (channel === null) return null;
      const send = (reply: { thread_ts?: string }) =>
        orShort(content, (sent) =>
          client.chat.postMessage({
            channel,
            ...sent,
            metadata: { event_type: MARKER_EVENT, event_payload: { marker } },
            unfurl_links: false,
            unfurl_media: false,
            ...reply,
          }),
        );
      const posted = await unlessRefused(isPerson ? aboutTheirConversation : [], async () =>
        thread === null
          ? await send({})
          : // Beside the thread it is read; never posted it would hold up everything else about the matter.
            ((await unlessRefused(aboutTheThread, () => send({ thread_ts: thread }))) ?? (await send({}))),
      ).catch((error: Fault) => {
        // A channel of this name may be another one by now.
        if (!isPerson && aboutTheChannel.includes(error.vendorCode ?? '')) channels.delete(to.channel);
        throw error;
      });
      if (posted === null) {
        if (isPerson) directMessages.delete(to.account);
        return null;
      }
      const place = { channel: posted.channel as string, ts: posted.ts as string };
      if (!isPerson) channels.set(to.channel, place.channel);
      return place;
    },

    async update(place, content, to): Promise<boolean> {
      // The ids of conversations with one person begin with D; there a missing one is the person's matter.
      const gone = place.channel.startsWith('D')
        ? [...aboutTheMessage, ...aboutTheirConversation]
        : aboutTheMessage;
      const updated = await unlessRefused(gone, () =>
        orShort(content, (sent) => client.chat.update({ channel: place.channel, ts: place.ts, ...sent })),
      ).catch(async (error: Fault) => {
        const isGone = 'channel' in to && aboutTheChannel.includes(error.vendorCode ?? '');
        if (isGone && (await isElsewhereNow(to.channel, place.channel))) return null;
        throw error;
      });
      return updated !== null;
    },

    async find(to, marker, since, thread): Promise<Place | null> {
      const channel = 'account' in to ? await directMessage(to.account) : await channelId(to.channel);
      if (channel === null) return null;
      const oldest = String(Math.floor(since.getTime() / 1_000) - CLOCK_SLACK_SECONDS);
      // A channel's history holds no replies, and not the parent either when it is older than the post.
      const reply = thread === null ? null : await findInThread(channel, thread, marker, oldest);
      return reply ?? (await findInChannel(channel, marker, oldest));
    },

    async publishHome(account, content): Promise<boolean> {
      const published = await unlessRefused(noHome, () =>
        slackCall(true, () =>
          client.views.publish({ user_id: account, view: { type: 'home', blocks: content.blocks } }),
        ),
      );
      return published !== null;
    },

    async sendFiles(account, words, files): Promise<boolean> {
      const channel = await directMessage(account);
      if (channel === null) return false;
      await slackCall(true, () =>
        client.filesUploadV2({
          channel_id: channel,
          initial_comment: escapeMrkdwn(words),
          file_uploads: files.map(({ name, text }) => ({ filename: name, file: Buffer.from(text) })),
        }),
      );
      return true;
    },

    async linkTo({ channel, ts }): Promise<string | null> {
      const { url } = await installation.read();
      // chat.getPermalink answers this for a message that is no reply. To ask for each would be a call for each.
      return url === undefined ? null : new URL(`archives/${channel}/p${ts.replace('.', '')}`, url).href;
    },

    async whisper(channel, account, text, link) {
      // The text is for notifications; in the block Slack makes no links of what looks like one.
      const isBare = typeof text === 'string';
      const shownText = isBare ? plain(text) : mrkdwn(withMentions(text));
      const blocks = [section(shownText), ...(link === undefined ? [] : [linkButton(link)])];
      // Slack fetches no address that a message of ours names: a preview is nobody's visit.
      const inShort = isBare ? escapeMrkdwn(text) : withMentions(text);
      const said = { ...fitted({ text: inShort, blocks }), unfurl_links: false, unfurl_media: false };
      // Outside a conversation (the Home tab) there is no place for it but one of their own.
      const shown = isAccount(channel)
        ? null
        : await unlessRefused(notThere, () =>
            slackCall(true, () =>
              client.chat.postEphemeral({ channel, user: account, text: said.text, blocks }),
            ),
          );
      const own = shown === null ? await directMessage(account) : null;
      if (own !== null) await slackCall(true, () => client.chat.postMessage({ channel: own, ...said }));
    },
  };
}

function isAccount(id: string): boolean {
  return id.startsWith('U') || id.startsWith('W');
}

/**
 * Sends it. Where Slack finds it too much all the same, its outcome and buttons are sent, so that it can be decided on.
 */
async function orShort<T>(content: SlackContent, send: (sent: SlackContent) => Promise<T>): Promise<T> {
  try {
    return await slackCall(true, () => send(fitted(content)));
  } catch (error) {
    if (!(error instanceof Fault) || !tooMuch.includes(error.vendorCode ?? '')) throw error;
    return await slackCall(true, () => send(shortened(content)));
  }
}

/** The answer, or null when Slack refused with one of these error names. */
async function unlessRefused<T>(vendorCodes: readonly string[], work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault && error.vendorCode !== undefined && vendorCodes.includes(error.vendorCode))
      return null;
    throw error;
  }
}

function markerOf(message: unknown): unknown {
  return (message as { metadata?: { event_payload?: { marker?: unknown } } }).metadata?.event_payload?.marker;
}
