import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { company } from '../seed.ts';
import { contains, notFound, page, type Query, readBody } from './answers.ts';
import type { Applications, ConnectedApp } from './applications.ts';
import type { Organization } from './state.ts';
import type { Tokens } from './token-routes.ts';

/** Paging of connected apps (mulesoft-dx, apis/access-management/api.yaml). */
const CONNECTED_APPS_PAGE = { usual: 20, most: 20 };

type OfApp = { Params: { orgId: string; clientId: string } };

const changeSchema = z.strictObject({
  client_name: z.string().min(1).optional(),
  enabled: z.boolean().optional(),
  owner_user_id: z.string().min(1).max(255).optional(),
});

const scopesSchema = z.strictObject({
  scopes: z.array(
    z.object({ scope: z.string(), context_params: z.record(z.string(), z.string()).optional() }),
  ),
});

/** `GET /accounts/api/connectedApplications`. */
export function connectedAppListRoutes(app: FastifyInstance, applications: Applications): void {
  app.get<{ Querystring: Query }>('/accounts/api/connectedApplications', async (request, reply) => {
    const { query } = request;
    const found = applications.connectedApps().filter((known) => contains(known.name, query.search));
    found.sort((a, b) => a.name.localeCompare(b.name) * (query.ascending === 'false' ? -1 : 1));
    return page(found.map(asJson), query, reply, CONNECTED_APPS_PAGE);
  });
}

/** Single connected apps, under `/organizations/:orgId`. */
export function connectedAppRoutes(
  app: FastifyInstance,
  organization: Organization,
  applications: Applications,
  tokens: Tokens,
): void {
  changeRoutes(app, organization, applications);
  scopeRoutes(app, applications);
  app.delete<OfApp>('/connectedApplications/:clientId/revoke', async (request, reply) => {
    const found = applications.connectedApp(request.params.clientId);
    if (found === null) return notFound(reply, 'Connected application');
    if (!request.dropWrite) tokens.revoke(found.clientId);
    return reply.code(204).send();
  });
}

/** One connected app: read, changed, deleted. */
function changeRoutes(app: FastifyInstance, organization: Organization, applications: Applications): void {
  app.get<OfApp>('/connectedApplications/:clientId', async (request, reply) => {
    const found = applications.connectedApp(request.params.clientId);
    return found === null ? notFound(reply, 'Connected application') : asJson(found);
  });

  app.patch<OfApp>('/connectedApplications/:clientId', async (request, reply) => {
    const found = applications.connectedApp(request.params.clientId);
    if (found === null) return notFound(reply, 'Connected application');
    const change = await readBody(changeSchema, request, reply);
    if (change === null) return reply;
    const owner = change.owner_user_id;
    if (owner !== undefined) {
      const refusal =
        found.owner === null
          ? 'Ownerless Connected Apps cannot be given owners'
          : organization.user(owner)?.deleted !== false || !applications.mayOwnConnectedApp(owner)
            ? 'Only Organization Administrators may own an application'
            : null;
      if (refusal !== null) return reply.code(400).send({ status: 400, message: refusal });
    }
    if (!request.dropWrite)
      applications.changeConnectedApp(found, {
        ...(change.client_name === undefined ? {} : { name: change.client_name }),
        ...(change.enabled === undefined ? {} : { enabled: change.enabled }),
        ...(owner === undefined ? {} : { owner }),
      });
    return asJson(found);
  });

  /** Nobody says that the tokens of a deleted app end with it: here they don't. */
  app.delete<OfApp>('/connectedApplications/:clientId', async (request, reply) => {
    const found = applications.connectedApp(request.params.clientId);
    if (found === null) return notFound(reply, 'Connected application');
    if (!request.dropWrite) applications.deleteConnectedApp(found.clientId);
    return reply.code(204).send();
  });
}

function scopeRoutes(app: FastifyInstance, applications: Applications): void {
  app.get<OfApp & { Querystring: Query }>(
    '/connectedApplications/:clientId/scopes',
    async (request, reply) => {
      const found = applications.connectedApp(request.params.clientId);
      if (found === null) return notFound(reply, 'Connected application');
      const scopes = found.scopes.map((scope) => ({ scope, context_params: { org: company.anypointOrgId } }));
      return page(scopes, request.query, reply);
    },
  );

  app.put<OfApp>('/connectedApplications/:clientId/scopes', async (request, reply) => {
    const found = applications.connectedApp(request.params.clientId);
    if (found === null) return notFound(reply, 'Connected application');
    const body = await readBody(scopesSchema, request, reply);
    if (body === null) return reply;
    if (!request.dropWrite)
      applications.changeConnectedApp(found, { scopes: body.scopes.map(({ scope }) => scope) });
    return reply.code(204).send();
  });
}

function asJson(app: ConnectedApp) {
  return {
    client_id: app.clientId,
    client_secret: app.clientSecret,
    client_name: app.name,
    org_id: company.anypointOrgId,
    owner_org_id: company.anypointOrgId,
    owner_user_id: app.owner,
    public_keys: [],
    redirect_uris: [],
    grant_types: ['client_credentials'],
    scopes: app.scopes,
    enabled: app.enabled,
    audience: 'internal',
    generate_iss_claim_without_token: true,
  };
}
