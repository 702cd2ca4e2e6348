import type { WebClient } from '@slack/web-api';
import type { Messenger, Place } from '../flow/ports.ts';
import { slackCall } from './call.ts';
import type { SlackContent } from './card.ts';

/** Metadata on every message of ours: after a post of unknown outcome it is how the message is found again. */
const MARKER_EVENT = 'latchkey_message';
/** Messages looked through for a marker: what a channel sees in the minutes between two attempts. */
const HISTORY_PAGE = 200;
/** Slack's clock and ours may differ by this, in seconds. */
const CLOCK_SLACK_SECONDS = 60;

/** Messages by the Web API; one call each, so that a retry is the outbox's to decide. */
export function createSlackMessenger(client: WebClient): Messenger<SlackContent> {
  const directMessages = new Map<string, string>();
  const channels = new Map<string, string>();

  async function channelOf(to: { channel: string } | { account: string }): Promise<string> {
    return 'account' in to ? await directMessage(to.account) : await channelNamed(to.channel);
  }

  async function directMessage(account: string): Promise<string> {
    const known = directMessages.get(account);
    if (known !== undefined) return known;
    const { channel } = await slackCall(false, () => client.conversations.open({ users: account }));
    const id = channel?.id as string;
    directMessages.set(account, id);
    return id;
  }

  /** History and updates want the id; posting takes the name, and its answer tells the id. */
  async function channelNamed(name: string): Promise<string> {
    return channels.get(name) ?? `#${name}`;
  }

  return {
    async post(to, content, marker, thread): Promise<Place> {
      const channel = await channelOf(to);
      const posted = await slackCall(true, () =>
        client.chat.postMessage({
          channel,
          text: content.text,
          blocks: content.blocks,
          metadata: { event_type: MARKER_EVENT, event_payload: { marker } },
          unfurl_links: false,
          unfurl_media: false,
          ...(thread === null ? {} : { thread_ts: thread }),
        }),
      );
      const place = { channel: posted.channel as string, ts: posted.ts as string };
      if ('channel' in to) channels.set(to.channel, place.channel);
      return place;
    },

    async update(place, content) {
      await slackCall(true, () =>
        client.chat.update({
          channel: place.channel,
          ts: place.ts,
          text: content.text,
          blocks: content.blocks,
        }),
      );
    },

    async find(to, marker, since): Promise<Place | null> {
      let channel = await channelOf(to);
      if (channel.startsWith('#')) {
        const name = channel.slice(1);
        let cursor: string | undefined;
        do {
          const page = await slackCall(false, () =>
            client.conversations.list({
              limit: HISTORY_PAGE,
              exclude_archived: true,
              ...(cursor === undefined ? {} : { cursor }),
            }),
          );
          const found = page.channels?.find((c) => c.name === name);
          if (found?.id !== undefined) {
            channel = found.id;
            channels.set(name, found.id);
            break;
          }
          cursor = page.response_metadata?.next_cursor || undefined;
        } while (cursor !== undefined);
      }
      const oldest = String(Math.floor(since.getTime() / 1_000) - CLOCK_SLACK_SECONDS);
      const history = await slackCall(false, () =>
        client.conversations.history({ channel, oldest, limit: HISTORY_PAGE, include_all_metadata: true }),
      );
      for (const message of history.messages ?? []) {
        if (markerOf(message) === marker) return { channel, ts: message.ts as string };
        if (message.reply_count === undefined || message.ts === undefined) continue;
        const thread = message.ts;
        const replies = await slackCall(false, () =>
          client.conversations.replies({
            channel,
            ts: thread,
            oldest,
            limit: HISTORY_PAGE,
            include_all_metadata: true,
          }),
        );
        const reply = replies.messages?.find((m) => markerOf(m) === marker);
        if (reply?.ts !== undefined) return { channel, ts: reply.ts };
      }
      return null;
    },

    async whisper(channel, account, text) {
      await slackCall(true, () => client.chat.postEphemeral({ channel, user: account, text }));
    },
  };
}

function markerOf(message: unknown): unknown {
  return (message as { metadata?: { event_payload?: { marker?: unknown } } }).metadata?.event_payload?.marker;
}
