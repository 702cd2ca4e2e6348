import type { Person } from '../seed.ts';
import { company } from '../seed.ts';
import { type SlackUser, teamOf } from './directory.ts';

/**
 * An Enterprise Grid organisation around the workspace [docs.slack.dev/enterprise/developing-for-enterprise-orgs]. Its
 * people may be of any of its workspaces. They have an id that is good everywhere, beside a workspace's own. Their
 * `team_id` may be another workspace's, the organisation's, or left out.
 */
export const organisation = { id: 'E00000001', name: 'Acme Group' } as const;
const otherOrganisation = { id: 'E00000099', name: 'Elsewhere' } as const;

/** The differences of one person; a field that is left out is as of somebody of the workspace. */
export type GridMember = {
  /** As `team_id` shows it; null: left out. */
  teamId?: string | null;
  /** As `enterprise_user.teams` shows them. */
  teams?: string[];
  /** The id that is good everywhere. */
  gridId?: string;
  /** `none`: without `enterprise_user`. `other`: of another organisation. */
  of?: 'ours' | 'other' | 'none';
  isStranger?: boolean;
};

export type Grid = {
  /** Installed for the whole organisation, in these workspaces of it. */
  isOrgWide: boolean;
  workspaces: string[];
  /** By the person's key. */
  members: Record<string, GridMember>;
};

/** A person as `users.info` shows them in an organisation. */
export function inGrid(user: SlackUser, person: Person, grid: Grid | null): SlackUser {
  if (grid === null) return user;
  const own = grid.members[person.key] ?? {};
  const of = own.of ?? (person.slackKind === 'stranger' ? 'other' : 'ours');
  const org = of === 'other' ? otherOrganisation : organisation;
  const { team_id, ...rest } = user;
  const teamId = own.teamId === undefined ? team_id : own.teamId;
  return {
    ...rest,
    ...(teamId === null ? {} : { team_id: teamId }),
    profile: { ...(user.profile as object), team: teamId ?? undefined },
    ...(own.isStranger === undefined ? {} : { is_stranger: own.isStranger }),
    ...(of === 'none'
      ? {}
      : {
          enterprise_user: {
            id: own.gridId ?? person.slackId,
            enterprise_id: org.id,
            enterprise_name: org.name,
            is_admin: false,
            is_owner: false,
            teams: own.teams ?? [teamOf(person)],
          },
        }),
  } as SlackUser;
}

/** What `auth.test` says of an installation in an organisation. */
export function installationInGrid(grid: Grid | null): Record<string, unknown> {
  if (grid === null) return { is_enterprise_install: false };
  return {
    enterprise_id: organisation.id,
    is_enterprise_install: grid.isOrgWide,
    ...(grid.isOrgWide ? { team: organisation.name, team_id: organisation.id } : {}),
  };
}

/** Where an interaction comes from, as its payload tells. */
export function originInGrid(grid: Grid | null, teamDomain: string): Record<string, unknown> {
  const team = { id: company.slackTeamId, domain: teamDomain };
  if (grid === null) return { team, enterprise: null, is_enterprise_install: false };
  return {
    team: grid.isOrgWide
      ? null
      : { ...team, enterprise_id: organisation.id, enterprise_name: organisation.name },
    enterprise: { ...organisation },
    is_enterprise_install: grid.isOrgWide,
  };
}

/** A slash command's fields about the Enterprise Grid; a command is sent as a form. */
export function commandInGrid(grid: Grid | null): Record<string, string> {
  if (grid === null) return { is_enterprise_install: 'false' };
  return {
    enterprise_id: organisation.id,
    enterprise_name: organisation.name,
    is_enterprise_install: String(grid.isOrgWide),
  };
}

/** A token for a whole organisation has to name the workspace [docs.slack.dev/enterprise/organization-ready-apps]. */
export function lacksTeam(
  workspace: { grid: Grid | null },
  args: { text(name: string): string | null },
): boolean {
  const { grid } = workspace;
  return grid?.isOrgWide === true && !grid.workspaces.includes(args.text('team_id') ?? '');
}
