import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { contains, invalid, list, notFound, page, type Query, readBody, teamTime } from './answers.ts';
import { type AuditLog, connectedApp } from './audit.ts';
import { type Organization, type Team, typeOf } from './state.ts';

/** Users of one bulk call (mulesoft-dx, apis/access-management/api.yaml: TeamMemberBulkAdd, TeamMemberIdArray). */
const MEMBERS_PER_CALL_MAX = 100;

type OfTeam = { Params: { orgId: string; teamId: string }; Querystring: Query };
type OfMember = { Params: { orgId: string; teamId: string; userId: string } };

const membershipType = z.enum(['member', 'maintainer']);
const memberSchema = z.strictObject({ membership_type: membershipType });
const membersSchema = z
  .array(z.strictObject({ id: z.string().min(1).max(255), membership_type: membershipType }))
  .min(1)
  .max(MEMBERS_PER_CALL_MAX);
const idsSchema = z.array(z.string().min(1).max(255)).min(1).max(MEMBERS_PER_CALL_MAX);

/** Members of teams, under `/organizations/:orgId`. */
export function memberRoutes(app: FastifyInstance, organization: Organization, audit: AuditLog): void {
  listRoute(app, organization);
  singleMemberRoutes(app, organization, audit);
  bulkRoutes(app, organization, audit);
  teamsOfUserRoute(app, organization);
}

function listRoute(app: FastifyInstance, organization: Organization): void {
  app.get<OfTeam>('/teams/:teamId/members', async (request, reply) => {
    const team = organization.team(request.params.teamId);
    if (team === null) return notFound(reply, 'Team');
    const { query } = request;
    const ids = list(query.member_ids);
    const types = list(query.membership_type);
    const kinds = list(query.identity_type);
    const rows = [...nestedTeams(organization, team), ...userRows(organization, team, ids)].filter(
      (row) =>
        contains(row.name, query.search) &&
        (ids === null || ids.includes(row.id)) &&
        (types === null || types.includes(row.membership_type)) &&
        (kinds === null || kinds.includes(row.identity_type)),
    );
    if (query.sort === 'name') rows.sort((a, b) => a.name.localeCompare(b.name));
    if (query.ascending === 'false') rows.reverse();
    return page(rows, query, reply);
  });
}

function singleMemberRoutes(app: FastifyInstance, organization: Organization, audit: AuditLog): void {
  app.put<OfMember>('/teams/:teamId/members/:userId', async (request, reply) => {
    const { teamId, userId } = request.params;
    const team = organization.team(teamId);
    if (team === null) return notFound(reply, 'Team');
    if (organization.team(userId) !== null) return methodNotAllowed(reply);
    const body = await readBody(memberSchema, request, reply);
    if (body === null) return reply;
    if (!isLiveUser(organization, userId)) return notFound(reply, 'User');
    if (!request.dropWrite) {
      organization.setMember(teamId, userId, { explicit: body.membership_type });
      audit.team(connectedApp, 'Edit', team, {
        subaction: 'Add Members',
        payload: [{ id: userId, membership_type: body.membership_type }],
      });
    }
    return reply.code(204).send();
  });

  app.delete<OfMember>('/teams/:teamId/members/:userId', async (request, reply) => {
    const { teamId, userId } = request.params;
    const team = organization.team(teamId);
    if (team === null) return notFound(reply, 'Team');
    if (organization.team(userId) !== null) return methodNotAllowed(reply);
    if (organization.member(teamId, userId) === null) return notFound(reply, 'Member');
    if (!request.dropWrite) {
      organization.removeMember(teamId, userId);
      audit.team(connectedApp, 'Edit', team, { subaction: 'Remove Members', payload: [userId] });
    }
    return reply.code(204).send();
  });
}

function bulkRoutes(app: FastifyInstance, organization: Organization, audit: AuditLog): void {
  app.patch<OfTeam>('/teams/:teamId/members', async (request, reply) => {
    const team = organization.team(request.params.teamId);
    if (team === null) return notFound(reply, 'Team');
    const members = await readBody(membersSchema, request, reply);
    if (members === null) return reply;
    const wrong = members.find((member) => !isLiveUser(organization, member.id));
    if (wrong !== undefined)
      return invalid(reply, {
        dataPath: 'id',
        keyword: 'user',
        message: 'is not the id of a user',
        data: wrong.id,
      });
    if (!request.dropWrite) {
      for (const { id, membership_type } of members)
        organization.setMember(team.id, id, { explicit: membership_type });
      audit.team(connectedApp, 'Edit', team, { subaction: 'Add Members', payload: members });
    }
    return reply.code(204).send();
  });

  app.delete<OfTeam>('/teams/:teamId/members', async (request, reply) => {
    const team = organization.team(request.params.teamId);
    if (team === null) return notFound(reply, 'Team');
    const ids = await readBody(idsSchema, request, reply);
    if (ids === null) return reply;
    const nested = ids.find((id) => organization.team(id) !== null);
    if (nested !== undefined)
      return invalid(reply, {
        dataPath: 'id',
        keyword: 'user',
        message: 'is the id of a team',
        data: nested,
      });
    if (!request.dropWrite) {
      const present = ids.filter((id) => organization.member(team.id, id) !== null);
      for (const id of present) organization.removeMember(team.id, id);
      if (present.length > 0)
        audit.team(connectedApp, 'Edit', team, { subaction: 'Remove Members', payload: present });
    }
    return reply.code(204).send();
  });
}

function teamsOfUserRoute(app: FastifyInstance, organization: Organization): void {
  app.get<{ Params: { orgId: string; userId: string }; Querystring: Query }>(
    '/users/:userId/teams',
    async (request, reply) => {
      const { query } = request;
      if (organization.user(request.params.userId) === null) return notFound(reply, 'User');
      const types = list(query.membership_type);
      const rows = organization.teams().flatMap((team) => {
        const row = userRows(organization, team, null).find((member) => member.id === request.params.userId);
        if (row === undefined || !contains(team.name, query.search)) return [];
        if (types !== null && !types.includes(row.membership_type)) return [];
        return [
          {
            team_id: team.id,
            team_name: team.name,
            org_id: request.params.orgId,
            team_type: 'internal',
            ancestor_team_ids: organization.ancestors(team),
            membership_type: row.membership_type,
            is_assigned_via_external_groups: row.is_assigned_via_external_groups,
            created_at: row.created_at,
            updated_at: row.updated_at,
          },
        ];
      });
      return page(rows, query, reply);
    },
  );
}

type MemberRow = {
  identity_type: 'user' | 'team';
  id: string;
  /** The name in the published description, for users too; the live API says `name`. */
  team_name: string;
  name: string;
  membership_type: 'member' | 'maintainer';
  is_assigned_via_external_groups: boolean;
  created_at: string;
  updated_at: string;
};

function nestedTeams(organization: Organization, parent: Team): MemberRow[] {
  return organization
    .teams()
    .filter((team) => team.parentId === parent.id)
    .map((team) => ({
      identity_type: 'team',
      id: team.id,
      team_name: team.name,
      name: team.name,
      membership_type: 'member',
      is_assigned_via_external_groups: false,
      created_at: teamTime(team.createdAt),
      updated_at: teamTime(team.updatedAt),
    }));
}

/** Members as reads see them now, which may be behind the truth; of some only, where `ids` names them. */
function userRows(organization: Organization, team: Team, ids: readonly string[] | null): MemberRow[] {
  return organization.members(team.id).flatMap(({ userId, seen }): MemberRow[] => {
    if (ids?.includes(userId) === false) return [];
    const user = organization.user(userId);
    if (seen === null || user === null || user.deleted) return [];
    const name = `${user.firstName} ${user.lastName}`.trim();
    return [
      {
        identity_type: 'user',
        id: userId,
        team_name: name,
        name,
        membership_type: typeOf(seen),
        is_assigned_via_external_groups: seen.explicit === null,
        created_at: teamTime(seen.createdAt),
        updated_at: teamTime(seen.updatedAt),
      },
    ];
  });
}

function isLiveUser(organization: Organization, id: string): boolean {
  return organization.user(id)?.deleted === false;
}

function methodNotAllowed(reply: FastifyReply): { name: string; message: string } {
  reply.code(405);
  return { name: 'MethodNotAllowedError', message: 'Use the team endpoints to move or delete a team' };
}
