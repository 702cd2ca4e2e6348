import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { company, credentials } from '../seed.ts';
import { contains, notFound, page, type Query, readBody } from './answers.ts';
import type { Api, Applications, ClientApplication, Contract } from './applications.ts';
import { environments } from './roles.ts';
import type { Organization } from './state.ts';

/** Paging of API Platform lists (mulesoft-dx, apis/api-platform/api.yaml). */
const PLATFORM_PAGE = { usual: 100, most: 250 };
const production = environments[0];

type OfApplication = { Params: { orgId: string; appId: string }; Querystring: Query };
type OfOwner = { Params: { orgId: string; appId: string; userId: string } };

const ownerSchema = z.object({ id: z.string().min(1) });

const platform = '/apiplatform/repository/v2/organizations/:orgId/applications';
const exchange = '/exchange/api/v2/organizations/:orgId/applications';

/**
 * Client applications, their owners and contracts: API Platform and Exchange, which show the same ones each its way.
 */
export function clientApplicationRoutes(
  app: FastifyInstance,
  organization: Organization,
  applications: Applications,
): void {
  platformRoutes(app, organization, applications);
  ownerRoutes(app, organization, applications);
  exchangeRoutes(app, applications);
}

function platformJson(organization: Organization, application: ClientApplication) {
  return {
    ...exchangeJson(application),
    audit: audit(application),
    coreServicesId: application.clientId,
    clientId: application.clientId,
    clientSecret: application.clientSecret,
    owner: 'N/A',
    email: 'N/A',
    owners: application.owners.flatMap((id) => {
      const user = organization.user(id);
      if (user === null) return [];
      const { firstName, lastName, email, username } = user;
      const organizationId = company.anypointOrgId;
      return [{ id, organizationId, firstName, lastName, email, username, entityType: 'user' }];
    }),
  };
}

/** Without `targetAdminSite`, or the scope, only the caller's own; and a connected app owns none (KB 005385409). */
function wanted(applications: Applications, query: Query): ClientApplication[] {
  const scopes = applications.connectedApp(credentials.anypointClientId)?.scopes ?? [];
  const maySee = scopes.some((scope) => scope.endsWith(':client_applications'));
  return query.targetAdminSite === 'true' && maySee
    ? applications.clients().filter((application) => contains(application.name, query.query))
    : [];
}

function platformRoutes(app: FastifyInstance, organization: Organization, applications: Applications): void {
  const asJson = (application: ClientApplication) => platformJson(organization, application);
  app.get<OfApplication>(platform, async (request, reply) => {
    const paged = page(wanted(applications, request.query), request.query, reply, PLATFORM_PAGE);
    return 'errors' in paged ? paged : { total: paged.total, applications: paged.data.map(asJson) };
  });

  app.get<OfApplication>(`${platform}/:appId`, async (request, reply) => {
    const application = applications.client(request.params.appId);
    return application === null ? notFound(reply, 'Application') : asJson(application);
  });

  app.get<OfApplication>(`${platform}/:appId/contracts`, async (request, reply) => {
    const application = applications.client(request.params.appId);
    if (application === null) return notFound(reply, 'Application');
    const paged = page(application.contracts, request.query, reply, PLATFORM_PAGE);
    if ('errors' in paged) return paged;
    return paged.data.map((contract) =>
      platformContractJson(contract, applications.api(contract.apiId) as Api),
    );
  });
}

function ownerRoutes(app: FastifyInstance, organization: Organization, applications: Applications): void {
  app.post<OfApplication>(`${platform}/:appId/owners`, async (request, reply) => {
    const application = applications.client(request.params.appId);
    if (application === null) return notFound(reply, 'Application');
    const body = await readBody(ownerSchema, request, reply);
    if (body === null) return reply;
    const user = organization.user(body.id);
    if (user === null || user.deleted) return notFound(reply, 'User');
    if (application.owners.includes(user.id))
      return reply
        .code(409)
        .send({ name: 'ConflictError', message: 'The user already owns this application' });
    if (!request.dropWrite)
      applications.changeClient(application, { owners: [...application.owners, user.id] });
    return reply.code(201).send(platformJson(organization, application));
  });

  app.delete<OfOwner>(`${platform}/:appId/owners/:userId`, async (request, reply) => {
    const application = applications.client(request.params.appId);
    if (application === null || !application.owners.includes(request.params.userId))
      return notFound(reply, 'Owner');
    if (!request.dropWrite)
      applications.changeClient(application, {
        owners: application.owners.filter((id) => id !== request.params.userId),
      });
    return reply.code(204).send();
  });
}

function exchangeRoutes(app: FastifyInstance, applications: Applications): void {
  app.get<OfApplication>(exchange, async (request, reply) => {
    const paged = page(wanted(applications, request.query), request.query, reply, PLATFORM_PAGE);
    return 'errors' in paged
      ? paged
      : paged.data.map((application) => ({
          ...exchangeJson(application),
          clientId: application.clientId,
          clientSecret: application.clientSecret,
        }));
  });

  app.get<OfApplication>(`${exchange}/:appId`, async (request, reply) => {
    const application = applications.client(request.params.appId);
    if (application === null) return exchangeNotFound(reply);
    const { clientId, clientSecret } = application;
    return { ...exchangeJson(application), clientId, clientSecret };
  });

  app.get<OfApplication>(`${exchange}/:appId/contracts`, async (request, reply) => {
    const application = applications.client(request.params.appId);
    if (application === null) return exchangeNotFound(reply);
    return application.contracts.map(({ id, status }) => ({ id, status }));
  });

  /** Whatever contracts it still has go with it. */
  app.delete<OfApplication>(`${exchange}/:appId`, async (request, reply) => {
    const application = applications.client(request.params.appId);
    if (application === null) return exchangeNotFound(reply);
    if (!request.dropWrite) applications.deleteClient(application.id);
    return reply.code(204).send();
  });
}

/** `GET /exchange/api/v2/assets/:groupId/:assetId/asset`, of which the contact matters here. */
export function assetRoutes(
  app: FastifyInstance,
  organization: Organization,
  applications: Applications,
): void {
  app.get<{ Params: { groupId: string; assetId: string } }>(
    '/exchange/api/v2/assets/:groupId/:assetId/asset',
    async (request, reply) => {
      const api = applications.api(request.params.assetId);
      if (api === null || request.params.groupId !== company.anypointOrgId) return exchangeNotFound(reply);
      const contact = organization.userOfPerson(api.contact);
      return {
        groupId: request.params.groupId,
        assetId: api.assetId,
        version: '1.0.0',
        minorVersion: '1.0',
        organizationId: company.anypointOrgId,
        description: '',
        versionGroup: api.version,
        isPublic: false,
        name: api.name,
        type: 'rest-api',
        status: 'published',
        contactEmail: contact?.email ?? null,
        contactName: contact === null ? null : `${contact.firstName} ${contact.lastName}`.trim(),
      };
    },
  );
}

function exchangeJson(application: ClientApplication) {
  return {
    masterOrganizationId: company.anypointOrgId,
    id: application.id,
    name: application.name,
    description: null,
    clientProvider: { name: 'Anypoint', providerId: null, type: null },
    url: null,
    grantTypes: [],
    redirectUri: [],
  };
}

function platformContractJson(contract: Contract, api: Api) {
  return {
    audit: audit(contract),
    organizationId: company.anypointOrgId,
    id: contract.id,
    status: contract.status,
    tier: null,
    requestedTier: null,
    apiVersion: {
      audit: { created: {}, updated: {} },
      organizationId: company.anypointOrgId,
      id: api.id,
      apiId: api.id + 1_000_000,
      name: `${api.version}:${api.id}`,
      instanceLabel: null,
      productVersion: api.version,
      deprecated: false,
      environmentId: production.id,
      type: 'UNMANAGED',
      api: {
        audit: { created: {}, updated: {} },
        organizationId: company.anypointOrgId,
        id: api.id + 2_000_000,
        name: `groupId:${company.anypointOrgId}:assetId:${api.assetId}`,
        exchangeAssetName: api.name,
      },
    },
    groupInstance: null,
  };
}

export function audit(of: { createdAt: number; updatedAt: number }) {
  return {
    created: { date: new Date(of.createdAt).toISOString() },
    updated: { date: new Date(of.updatedAt).toISOString() },
  };
}

function exchangeNotFound(reply: FastifyReply): { status: number; message: string } {
  reply.code(404);
  return { status: 404, message: 'Not found' };
}
