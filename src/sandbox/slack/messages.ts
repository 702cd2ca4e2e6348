import { company } from '../seed.ts';
import { app, slackbotId } from './directory.ts';
import type { Message, Workspace } from './workspace.ts';

const botProfile = {
  id: app.botId,
  deleted: false,
  name: app.realName,
  updated: 1_767_225_600,
  app_id: app.id,
  icons: {
    image_36: 'https://a.slack-edge.com/80588/img/plugins/app/bot_36.png',
    image_48: 'https://a.slack-edge.com/80588/img/plugins/app/bot_48.png',
    image_72: 'https://a.slack-edge.com/80588/img/plugins/app/service_72.png',
  },
  team_id: company.slackTeamId,
};

/** A message as the Web API and interaction payloads show it. */
export function shownMessage(
  workspace: Workspace,
  message: Message,
  { withMetadata }: { withMetadata: boolean },
): Record<string, unknown> {
  const replies = workspace
    .replies(message.channel, message.ts)
    .filter((reply) => reply.ephemeralTo === undefined);
  const last = replies.at(-1);
  return {
    type: 'message',
    user: message.user,
    ts: message.ts,
    text: message.text,
    team: company.slackTeamId,
    ...(message.user === app.userId ? { bot_id: app.botId, app_id: app.id, bot_profile: botProfile } : {}),
    ...(message.user === slackbotId ? { bot_id: 'BSLACKBOT' } : {}),
    ...(message.blocks === undefined ? {} : { blocks: message.blocks }),
    ...(message.files === undefined ? {} : { files: message.files }),
    ...(message.edited === undefined ? {} : { edited: message.edited }),
    ...(message.threadTs === undefined
      ? {}
      : {
          thread_ts: message.threadTs,
          parent_user_id: workspace.message(message.channel, message.threadTs)?.user ?? message.user,
        }),
    ...(last === undefined
      ? {}
      : {
          thread_ts: message.ts,
          reply_count: replies.length,
          reply_users: [...new Set(replies.map((r) => r.user))],
          reply_users_count: new Set(replies.map((r) => r.user)).size,
          latest_reply: last.ts,
          subscribed: false,
        }),
    ...(message.reactions === undefined
      ? {}
      : { reactions: message.reactions.map((r) => ({ ...r, count: r.users.length })) }),
    ...(withMetadata && message.metadata !== undefined ? { metadata: message.metadata } : {}),
  };
}
