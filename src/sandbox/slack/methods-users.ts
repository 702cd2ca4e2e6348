import { company } from '../seed.ts';
import type { Method } from './call.ts';
import { app, appUser, slackUser } from './directory.ts';
import { page } from './paging.ts';

const MEMBERS_PER_PAGE = 1_000;

export const userMethods: Record<string, Method> = {
  'auth.test': () => ({
    ok: true,
    url: `https://${company.slackTeamName.toLowerCase()}.slack.com/`,
    team: company.slackTeamName,
    user: app.name,
    team_id: company.slackTeamId,
    user_id: app.userId,
    bot_id: app.botId,
    is_enterprise_install: false,
  }),

  'users.info'({ workspace, args }) {
    const id = args.text('user') ?? '';
    if (id === app.userId) return { ok: true, user: appUser() };
    const person = workspace.directory.byId(id);
    return person === null ? { ok: false, error: 'user_not_found' } : { ok: true, user: slackUser(person) };
  },

  /** Like Slack's, it does not find bots, strangers or deactivated people. */
  'users.lookupByEmail'({ workspace, args }) {
    const person = workspace.directory.byEmail(args.text('email') ?? '');
    if (person === null || (person.slackKind !== 'member' && person.slackKind !== 'guest')) {
      return { ok: false, error: 'users_not_found' };
    }
    return { ok: true, user: slackUser(person) };
  },

  'users.list'({ workspace, args }) {
    const everybody = [...workspace.directory.all().map(slackUser), appUser()];
    const { items, nextCursor } = page(everybody, args, MEMBERS_PER_PAGE, MEMBERS_PER_PAGE);
    return {
      ok: true,
      members: items,
      cache_ts: Math.floor(Date.now() / 1_000),
      response_metadata: { next_cursor: nextCursor },
    };
  },
};
