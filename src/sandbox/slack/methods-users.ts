import { company } from '../seed.ts';
import type { Method } from './call.ts';
import { app, appUser, slackUser } from './directory.ts';
import { inGrid, installationInGrid } from './grid.ts';
import { page } from './paging.ts';

const MEMBERS_PER_PAGE = 1_000;

export const userMethods: Record<string, Method> = {
  'auth.test': ({ workspace }) => ({
    ok: true,
    url: `https://${company.slackTeamName.toLowerCase()}.slack.com/`,
    team: company.slackTeamName,
    user: app.name,
    team_id: company.slackTeamId,
    user_id: app.userId,
    bot_id: app.botId,
    ...installationInGrid(workspace.grid),
  }),

  'auth.teams.list': ({ workspace }) => ({
    ok: true,
    teams: (workspace.grid?.workspaces ?? [company.slackTeamId]).map((id) => ({ id, name: id })),
    response_metadata: { next_cursor: '' },
  }),

  'users.info'({ workspace, args }) {
    const id = args.text('user') ?? '';
    if (id === app.userId) return { ok: true, user: appUser() };
    const person = workspace.directory.byId(id);
    return person === null
      ? { ok: false, error: 'user_not_found' }
      : {
          ok: true,
          user: inGrid(
            slackUser(person, workspace.directory.statuses.get(person.slackId)),
            person,
            workspace.grid,
          ),
        };
  },

  /** Like Slack's, it does not find bots, strangers or deactivated people. */
  'users.lookupByEmail'({ workspace, args }) {
    const person = workspace.directory.byEmail(args.text('email') ?? '');
    if (person === null || (person.slackKind !== 'member' && person.slackKind !== 'guest')) {
      return { ok: false, error: 'users_not_found' };
    }
    return { ok: true, user: inGrid(slackUser(person), person, workspace.grid) };
  },

  'users.list'({ workspace, args }) {
    const everybody = [
      ...workspace.directory.all().map((p) => inGrid(slackUser(p), p, workspace.grid)),
      appUser(),
    ];
    const { items, nextCursor } = page(everybody, args, MEMBERS_PER_PAGE, MEMBERS_PER_PAGE);
    return {
      ok: true,
      members: items,
      cache_ts: Math.floor(Date.now() / 1_000),
      response_metadata: { next_cursor: nextCursor },
    };
  },
};
