import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { company } from '../seed.ts';
import { contains, invalid, list, notFound, page, type Query, readBody, teamTime } from './answers.ts';
import { type AuditLog, connectedApp } from './audit.ts';
import { knownRoles } from './roles.ts';
import type { GroupMapping, Organization, Team } from './state.ts';

/** docs-access-management, troubleshooting-anypoint-platform-access.adoc. */
const MAPPINGS_PER_TEAM_MAX = 100;
const TEAM_NAME_MAX = 255;

type OfTeam = { Params: { orgId: string; teamId: string }; Querystring: Query };

const membershipType = z.enum(['member', 'maintainer']);
const newTeamSchema = z.strictObject({
  team_name: z.string().min(1).max(TEAM_NAME_MAX),
  parent_team_id: z.string().optional(),
  team_type: z.string().optional(),
});
const mappingsSchema = z.array(
  z.strictObject({
    membership_type: membershipType,
    external_group_name: z.string().min(1),
    provider_id: z.string().min(1),
  }),
);
const rolesSchema = z
  .array(
    z.object({
      role_id: z.string(),
      context_params: z.object({ org: z.string().optional(), envId: z.string().optional() }).default({}),
    }),
  )
  .min(1);

/** Teams, their external group mappings and their permissions, under `/organizations/:orgId`. */
export function teamRoutes(app: FastifyInstance, organization: Organization, audit: AuditLog): void {
  listRoute(app, organization);
  singleTeamRoutes(app, organization, audit);
  mappingRoutes(app, organization, audit);
  roleRoutes(app, organization, audit);
}

function teamJson(organization: Organization, team: Team) {
  return {
    org_id: company.anypointOrgId,
    team_id: team.id,
    team_name: team.name,
    team_type: 'internal',
    ancestor_team_ids: organization.ancestors(team),
    created_at: teamTime(team.createdAt),
    updated_at: teamTime(team.updatedAt),
  };
}

function listRoute(app: FastifyInstance, organization: Organization): void {
  app.get<OfTeam>('/teams', async (request, reply) => {
    const { query } = request;
    const ids = list(query.team_id);
    const parents = list(query.parent_team_id);
    const ancestors = list(query.ancestor_team_id);
    const types = list(query.team_type);
    const teams = organization
      .teams()
      .filter(
        (team) =>
          contains(team.name, query.search) &&
          (ids === null || ids.includes(team.id)) &&
          (parents === null || (team.parentId !== null && parents.includes(team.parentId))) &&
          (ancestors === null || organization.ancestors(team).some((id) => ancestors.includes(id))) &&
          (types === null || types.includes('internal')),
      )
      .sort((a, b) => a.name.localeCompare(b.name) * (query.ascending === 'false' ? -1 : 1));
    return page(
      teams.map((team) => teamJson(organization, team)),
      query,
      reply,
    );
  });
}

function singleTeamRoutes(app: FastifyInstance, organization: Organization, audit: AuditLog): void {
  app.post<OfTeam>('/teams', async (request, reply) => {
    const body = await readBody(newTeamSchema, request, reply);
    if (body === null) return reply;
    const parentId = body.parent_team_id ?? null;
    if (parentId !== null && organization.team(parentId) === null) return notFound(reply, 'Parent team');
    if (organization.teams().some((team) => team.name === body.team_name))
      return reply.code(409).send({ name: 'ConflictError', message: 'Team name is already in use' });
    const team = organization.addTeam(body.team_name, parentId);
    audit.team(connectedApp, 'Create', team, { team_name: team.name });
    return reply.code(201).send(teamJson(organization, team));
  });

  app.get<OfTeam>('/teams/:teamId', async (request, reply) => {
    const team = organization.team(request.params.teamId);
    return team === null ? notFound(reply, 'Team') : teamJson(organization, team);
  });

  app.delete<OfTeam>('/teams/:teamId', async (request, reply) => {
    const team = organization.team(request.params.teamId);
    if (team === null) return notFound(reply, 'Team');
    if (!request.dropWrite) {
      organization.deleteTeam(team.id);
      audit.team(connectedApp, 'Delete', team, { team_name: team.name });
    }
    return reply.code(204).send();
  });
}

const isSame = (a: GroupMapping) => (b: GroupMapping) =>
  a.external_group_name === b.external_group_name && a.provider_id === b.provider_id;
const mappingWrites: Record<
  'PUT' | 'PATCH' | 'DELETE',
  (now: GroupMapping[], given: GroupMapping[]) => GroupMapping[]
> = {
  PUT: (_now, given) => given,
  PATCH: (now, given) => [...now.filter((m) => !given.some(isSame(m))), ...given],
  DELETE: (now, given) => now.filter((m) => !given.some(isSame(m))),
};

function mappingRoutes(app: FastifyInstance, organization: Organization, audit: AuditLog): void {
  app.get<OfTeam>('/teams/:teamId/groupmappings', async (request, reply) => {
    const team = organization.team(request.params.teamId);
    if (team === null) return notFound(reply, 'Team');
    const { query } = request;
    const types = list(query.membership_type);
    const found = team.mappings.filter(
      (m) =>
        contains(m.external_group_name, query.search) &&
        (query.provider_id === undefined || m.provider_id === query.provider_id) &&
        (types === null || types.includes(m.membership_type)),
    );
    return page(found, query, reply);
  });

  for (const method of ['PUT', 'PATCH', 'DELETE'] as const)
    app.route<OfTeam>({
      method,
      url: '/teams/:teamId/groupmappings',
      handler: async (request, reply) => {
        const team = organization.team(request.params.teamId);
        if (team === null) return notFound(reply, 'Team');
        const given = await readBody(mappingsSchema, request, reply);
        if (given === null) return reply;
        const unknown = given.find((m) => m.provider_id !== company.anypointIdpId);
        if (unknown !== undefined)
          return invalid(reply, {
            dataPath: 'provider_id',
            keyword: 'enum',
            message: 'identity provider not found',
            data: unknown.provider_id,
          });
        const mappings = mappingWrites[method](team.mappings, given);
        if (mappings.length > MAPPINGS_PER_TEAM_MAX)
          return invalid(reply, {
            dataPath: '',
            keyword: 'maxItems',
            message: `should NOT have more than ${MAPPINGS_PER_TEAM_MAX} items`,
          });
        if (!request.dropWrite) {
          organization.changeTeam(team, { mappings });
          audit.team(connectedApp, 'Edit', team, {
            subaction: 'Edit external group mapping',
            payload: {
              data: mappings,
              total: mappings.length,
            },
          });
        }
        return reply.code(204).send();
      },
    });
}

function roleRoutes(app: FastifyInstance, organization: Organization, audit: AuditLog): void {
  app.get<OfTeam>('/teams/:teamId/roles', async (request, reply) => {
    const team = organization.team(request.params.teamId);
    if (team === null) return notFound(reply, 'Team');
    const ids = list(request.query.role_id);
    const roles = team.roles.filter(
      (role) => contains(role.name, request.query.search) && (ids === null || ids.includes(role.role_id)),
    );
    return page(roles, request.query, reply);
  });

  for (const method of ['POST', 'DELETE'] as const)
    app.route<OfTeam>({
      method,
      url: '/teams/:teamId/roles',
      handler: async (request, reply) => {
        const team = organization.team(request.params.teamId);
        if (team === null) return notFound(reply, 'Team');
        const given = await readBody(rolesSchema, request, reply);
        if (given === null) return reply;
        const unknown = given.find((role) => !knownRoles.some((known) => known.id === role.role_id));
        if (unknown !== undefined)
          return invalid(reply, {
            dataPath: 'role_id',
            keyword: 'enum',
            message: 'role not found',
            data: unknown.role_id,
          });
        if (!request.dropWrite) {
          const key = (role: {
            role_id: string;
            context_params: { org?: string | undefined; envId?: string | undefined };
          }) => `${role.role_id} ${role.context_params.org ?? ''} ${role.context_params.envId ?? ''}`;
          const keys = new Set(given.map(key));
          const others = team.roles.filter((role) => !keys.has(key(role)));
          const added = given.map(({ role_id, context_params: { org, envId } }) => ({
            role_id,
            name: knownRoles.find((known) => known.id === role_id)?.name ?? '',
            context_params: {
              ...(org === undefined ? {} : { org }),
              ...(envId === undefined ? {} : { envId }),
            },
          }));
          organization.changeTeam(team, { roles: method === 'POST' ? [...others, ...added] : others });
          const subaction = method === 'POST' ? 'Add permissions' : 'Remove permissions';
          audit.team(connectedApp, 'Permissions change', team, { subaction, payload: given });
        }
        return reply.code(method === 'POST' ? 201 : 204).send();
      },
    });
}
