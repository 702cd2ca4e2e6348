import type { WebClient } from '@slack/web-api';
import { Fault } from '../../core/fault.ts';
import { slackCall } from './call.ts';

/** The bot token's scopes, and what each is for; the same as in slack-manifest.yaml. */
export const botScopes = {
  commands: '/access',
  'chat:write': 'cards and direct messages',
  'im:write': 'opening direct messages',
  'im:history': 'finding a message of ours again after a time-out',
  'channels:history': 'the same in the channel with the cards',
  'channels:read': 'finding the channel with the cards',
  'groups:history': 'finding a message again in a private channel',
  'groups:read': 'finding a private channel',
  'users:read': 'who clicked: member, guest, bot, deactivated',
  'users:read.email': 'which person in the IdP that is',
  'files:write': 'the certificate of an access review, as files',
  'usergroups:read': 'who is on call, where the catalogue names a user group for it',
} as const;

/** Without any of these no request can be asked, decided and told. */
const NEEDED: readonly string[] = ['commands', 'chat:write', 'im:write', 'users:read', 'users:read.email'];

export type BotToken = {
  /** The app's user, by which it is a member of channels. */
  botUserId: string;
  /** The workspace's or the organisation's name. */
  workspace: string;
  /** Of `botScopes`, those that the token does not have; null: Slack does not say. */
  missing: (keyof typeof botScopes)[] | null;
};

/**
 * What Slack says of the bot token; throws a Fault `slack.*`. Slack names a token's scopes in the header of every
 * answer.
 */
export async function readBotToken(client: WebClient): Promise<BotToken> {
  const answer = await slackCall(false, () => client.auth.test());
  const granted = answer.response_metadata?.scopes;
  return {
    botUserId: answer.user_id ?? '',
    workspace: answer.team ?? answer.url ?? 'the workspace',
    missing:
      granted === undefined
        ? null
        : (Object.keys(botScopes) as (keyof typeof botScopes)[]).filter((scope) => !granted.includes(scope)),
  };
}

/** Throws `slack.*` unless the token is good for asking, deciding and telling. */
export async function proveBotToken(client: WebClient): Promise<void> {
  const { missing } = await readBotToken(client);
  const lacking = (missing ?? []).filter((scope) => NEEDED.includes(scope));
  if (lacking.length > 0)
    throw new Fault('slack.forbidden', `the bot token lacks the scopes ${lacking.join(', ')}`, {
      retryable: false,
      vendorCode: `missing_scope: ${lacking.join(', ')}`,
    });
}
