import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { company } from '../seed.ts';
import { contains, notFound, page, type Query, readBody } from './answers.ts';
import { environments } from './roles.ts';
import type { Organization, User } from './state.ts';

type InOrg = { Params: { orgId: string }; Querystring: Query };
type OfUser = { Params: { orgId: string; userId: string }; Querystring: Query };

const bulkUpdateSchema = z
  .array(z.object({ id: z.string(), enabled: z.boolean().optional(), deleted: z.boolean().optional() }))
  .min(1);

/** Users, environments and identity providers, under `/organizations/:orgId`. Field names are camelCase here. */
export function userRoutes(app: FastifyInstance, organization: Organization): void {
  const find = (query: Query, isDeleted: boolean): User[] =>
    organization
      .users()
      .filter((user) => user.deleted === isDeleted && matches(user, query.search))
      .sort((a, b) => a.username.localeCompare(b.username));

  app.get<InOrg>('/users', async (request, reply) => {
    const { query } = request;
    // A user who signs in through the IdP is of type `proxy`: the default shows none of them.
    const type = query.type ?? 'host';
    const users = find(query, query.deleted === 'true').filter(
      (user) => type === 'all' || (user.isLocal === true) === (type === 'host'),
    );
    return page(users.map(asJson), query, reply);
  });

  app.get<InOrg>('/members', async (request, reply) =>
    page(find(request.query, false).map(asJson), request.query, reply),
  );

  app.get<OfUser>('/users/:userId', async (request, reply) => {
    const user = organization.user(request.params.userId);
    return user === null ? notFound(reply, 'User') : asJson(user);
  });

  app.put<InOrg>('/users', async (request, reply) => {
    const changes = await readBody(bulkUpdateSchema, request, reply);
    if (changes === null) return reply;
    if (changes.some(({ id }) => organization.user(id) === null))
      return reply.code(400).send({ status: 400, message: 'Not all users are part of the organization' });
    if (!request.dropWrite)
      for (const { id, enabled, deleted } of changes)
        organization.updateUser(id, {
          ...(enabled === undefined ? {} : { enabled }),
          ...(deleted === undefined ? {} : { deleted }),
        });
    return reply.code(204).send();
  });

  app.get<InOrg>('/environments', async () => ({
    data: environments.map((environment) => ({
      ...environment,
      organizationId: company.anypointOrgId,
      clientId: environment.id.replaceAll('-', ''),
    })),
    total: environments.length,
  }));

  app.get<InOrg>('/identityProviders', async (request, reply) =>
    page(
      [
        {
          provider_id: company.anypointIdpId,
          org_id: company.anypointOrgId,
          name: 'Okta',
          type: { description: 'SAML 2.0', name: 'saml' },
        },
      ],
      request.query,
      reply,
    ),
  );
}

function matches(user: User, search: string | string[] | undefined): boolean {
  return [user.username, user.email, user.firstName, user.lastName].some((text) => contains(text, search));
}

function asJson(user: User) {
  return {
    id: user.id,
    username: user.username,
    firstName: user.firstName,
    lastName: user.lastName,
    email: user.email,
    phoneNumber: '',
    organizationId: company.anypointOrgId,
    enabled: user.enabled,
    deleted: user.deleted,
    idprovider_id: user.isLocal === true ? 'mulesoft' : company.anypointIdpId,
    isFederated: user.isLocal !== true,
    type: user.isLocal === true ? 'host' : 'proxy',
    lastLogin: new Date(user.lastLogin).toISOString(),
    createdAt: new Date(user.createdAt).toISOString(),
    updatedAt: new Date(user.updatedAt).toISOString(),
    organization: { id: company.anypointOrgId, name: company.anypointOrgName },
  };
}
