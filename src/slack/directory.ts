import type { WebClient } from '@slack/web-api';
import { Fault } from '../core/fault.ts';
import { oneLine } from '../core/storable.ts';
import type { ChatAccount, ChatAccountKind, ChatDirectory } from '../flow/ports.ts';
import { slackCall } from './call.ts';
import { proveBotToken } from './scopes.ts';
import { createUserGroups } from './user-groups.ts';

type SlackUser = {
  id?: string;
  team_id?: string;
  deleted?: boolean;
  is_bot?: boolean;
  is_restricted?: boolean;
  is_ultra_restricted?: boolean;
  is_stranger?: boolean;
  is_email_confirmed?: boolean;
  tz?: string;
  profile?: { email?: string; real_name?: string };
};

/** Who is who in our workspace, asked of Slack at the moment it matters. */
export function createSlackDirectory(client: WebClient): ChatDirectory {
  const userGroups = createUserGroups(client);
  let ownTeam: Promise<string> | null = null;

  /** The workspace the bot token belongs to; people of others are strangers. */
  async function teamId(): Promise<string> {
    ownTeam ??= slackCall(false, () => client.auth.test()).then((answer) => answer.team_id as string);
    try {
      return await ownTeam;
    } catch (error) {
      ownTeam = null;
      throw error;
    }
  }

  function kindOf(user: SlackUser, team: string): ChatAccountKind {
    if (user.is_bot === true || user.id === 'USLACKBOT') return 'bot';
    if (user.deleted === true) return 'deactivated';
    if (user.is_stranger === true || user.team_id !== team) return 'stranger';
    if (user.is_restricted === true || user.is_ultra_restricted === true) return 'guest';
    return 'member';
  }

  return {
    async whoIs(accountId): Promise<ChatAccount | null> {
      try {
        const [team, { user }] = await Promise.all([
          teamId(),
          slackCall(false, () => client.users.info({ user: accountId })),
        ]);
        if (user?.id === undefined) return null;
        return {
          id: user.id,
          name: oneLine(user.profile?.real_name ?? '') || user.id,
          kind: kindOf(user, team),
          verifiedEmail: user.is_email_confirmed === true ? (user.profile?.email ?? null) : null,
          timeZone: user.tz ?? null,
        };
      } catch (error) {
        if (error instanceof Fault && error.code === 'slack.not_found') return null;
        throw error;
      }
    },
    async findByEmail(email): Promise<string | null> {
      try {
        const [team, { user }] = await Promise.all([
          teamId(),
          slackCall(false, () => client.users.lookupByEmail({ email })),
        ]);
        return user?.id !== undefined && kindOf(user, team) === 'member' ? user.id : null;
      } catch (error) {
        if (error instanceof Fault && error.code === 'slack.not_found') return null;
        throw error;
      }
    },
    membersOfUserGroup: userGroups.membersOf,
    check: () => proveBotToken(client),
  };
}
