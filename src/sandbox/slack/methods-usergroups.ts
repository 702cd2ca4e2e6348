import { company } from '../seed.ts';
import type { Method } from './call.ts';
import { app } from './directory.ts';
import { lacksTeam } from './grid.ts';
import type { UserGroup, Workspace } from './workspace.ts';

const DAY_SECONDS = 1_767_225_600;

/** [docs.slack.dev/reference/methods] a group that is switched off is there only for who asks for it. */
export const userGroupMethods: Record<string, Method> = {
  'usergroups.list': ({ workspace, args }) => {
    if (lacksTeam(workspace, args)) return { ok: false, error: 'missing_argument' };
    return {
      ok: true,
      usergroups: workspace.userGroups
        .filter((group) => !group.isDisabled || args.flag('include_disabled'))
        .map((group) => ({
          ...shown(group),
          ...(args.flag('include_users') ? { users: activeMembers(workspace, group) } : {}),
          ...(args.flag('include_count') ? { user_count: group.members.length } : {}),
        })),
    };
  },

  'usergroups.users.list'({ workspace, args }) {
    const id = args.text('usergroup');
    if (id === null || lacksTeam(workspace, args)) return { ok: false, error: 'missing_argument' };
    const group = workspace.userGroups.find((g) => g.id === id);
    if (group === undefined || (group.isDisabled && !args.flag('include_disabled')))
      return { ok: false, error: 'no_such_subteam' };
    return { ok: true, users: activeMembers(workspace, group) };
  },
};

/** Whoever is deactivated is no longer in any group. */
function activeMembers(workspace: Workspace, group: UserGroup): string[] {
  return group.members.filter((id) => workspace.directory.byId(id)?.slackKind !== 'deactivated');
}

function shown({ id, handle, name, isDisabled }: UserGroup): Record<string, unknown> {
  return {
    id,
    team_id: company.slackTeamId,
    is_usergroup: true,
    is_subteam: true,
    name,
    description: '',
    handle,
    is_external: false,
    date_create: DAY_SECONDS,
    date_update: DAY_SECONDS,
    date_delete: isDisabled ? DAY_SECONDS : 0,
    auto_type: null,
    auto_provision: false,
    created_by: app.userId,
    updated_by: app.userId,
    deleted_by: isDisabled ? app.userId : null,
    prefs: { channels: [], groups: [] },
  };
}
