import type { WebClient } from '@slack/web-api';
import { Fault } from '../core/fault.ts';
import { oneLine } from '../core/storable.ts';
import type { ChatAccount, ChatAccountKind, ChatDirectory } from '../ports/chat.ts';
import { slackCall } from './api/call.ts';
import { type Belonging, idsOf, installationOf, isOurs } from './api/installation.ts';
import { proveBotToken } from './api/scopes.ts';
import { awayIn, type StatusProfile } from './away-status.ts';
import { createUserGroups } from './user-groups.ts';

type SlackUser = Belonging & {
  id?: string;
  deleted?: boolean;
  is_bot?: boolean;
  is_workflow_bot?: boolean;
  is_connector_bot?: boolean;
  is_restricted?: boolean;
  is_ultra_restricted?: boolean;
  is_email_confirmed?: boolean;
  tz?: string;
  profile?: { email?: string; real_name?: string; team?: string } & StatusProfile;
};

/** The people of our workspace or organisation, asked of Slack at the moment it matters. */
export function createSlackDirectory(client: WebClient): ChatDirectory {
  const installation = installationOf(client);
  const userGroups = createUserGroups(client);

  async function kindOf(user: SlackUser): Promise<ChatAccountKind> {
    if (user.is_bot === true || user.id === 'USLACKBOT') return 'bot';
    if (user.is_workflow_bot === true || user.is_connector_bot === true) return 'bot';
    if (user.deleted === true) return 'deactivated';
    if (!(await isOurs(user, installation))) return 'stranger';
    if (user.is_restricted === true || user.is_ultra_restricted === true) return 'guest';
    return 'member';
  }

  return {
    system: 'slack',
    name: 'Slack',
    async whoIs(accountId): Promise<ChatAccount | null> {
      try {
        const [, { user }] = await Promise.all([
          installation.read(),
          slackCall(false, () => client.users.info({ user: accountId })),
        ]);
        if (user?.id === undefined) return null;
        const [id, ...others] = idsOf({ ...user, id: user.id });
        return {
          id,
          alsoKnownAs: [...new Set([...others, accountId])].filter((other) => other !== id),
          name: oneLine(user.profile?.real_name ?? '') || user.id,
          kind: await kindOf(user),
          verifiedEmail: user.is_email_confirmed === true ? (user.profile?.email ?? null) : null,
          timeZone: user.tz ?? null,
          away: awayIn(user.profile),
        };
      } catch (error) {
        if (error instanceof Fault && error.code === 'slack.not_found') return null;
        throw error;
      }
    },
    async findByEmail(email): Promise<string | null> {
      try {
        const [, { user }] = await Promise.all([
          installation.read(),
          slackCall(false, () => client.users.lookupByEmail({ email })),
        ]);
        return user?.id !== undefined && (await kindOf(user)) === 'member'
          ? idsOf({ ...user, id: user.id })[0]
          : null;
      } catch (error) {
        if (error instanceof Fault && error.code === 'slack.not_found') return null;
        throw error;
      }
    },
    membersOfUserGroup: userGroups.membersOf,
    check: () => proveBotToken(client),
  };
}
