import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { readBody } from './answers.ts';
import type { Api, Applications } from './applications.ts';
import { environments } from './roles.ts';
import type { Organization } from './state.ts';

const newApplicationSchema = z.strictObject({
  kind: z.enum(['clientApplication', 'connectedApp']).default('clientApplication'),
  name: z.string().min(1),
  /** Keys of people; a connected app takes the first, or none. */
  owners: z.array(z.string()).default([]),
  /** Assets of the APIs it has a contract with. */
  apis: z.array(z.string()).default([]),
  status: z.enum(['APPROVED', 'PENDING', 'REJECTED', 'REVOKED']).default('APPROVED'),
});

/**
 * The console's page of applications, and the gateway in front of the APIs: what proves whether somebody's
 * credentials still open anything. Never under faults.
 */
export function applicationConsole(
  app: FastifyInstance,
  organization: Organization,
  applications: Applications,
): void {
  app.get('/sim/applications', async () => applicationsInTruth(organization, applications));

  app.post('/sim/applications', async (request, reply) => {
    const body = await readBody(newApplicationSchema, request, reply);
    if (body === null) return reply;
    const owners = body.owners.map((key) => organization.userOfPerson(key)?.id);
    const apis = body.apis.map((asset) => applications.api(asset));
    if (owners.includes(undefined)) return reply.code(409).send({ message: 'An owner has no Anypoint user' });
    if (apis.includes(null)) return reply.code(404).send({ message: 'There is no such API' });
    const { name, status, kind } = body;
    const users = owners.filter((id) => id !== undefined);
    if (kind === 'connectedApp') {
      const { clientId, clientSecret } = applications.addConnectedApp(name, users[0] ?? null);
      return reply.code(201).send({ kind, id: clientId, clientId, clientSecret });
    }
    const contracts = apis.map((api) => ({ api: api as Api, status }));
    const { id, clientId, clientSecret } = applications.addClient(name, users, contracts);
    return reply.code(201).send({ kind, id: String(id), clientId, clientSecret });
  });

  /** The policy "client ID enforcement" with credentials in headers. `:api` is the asset's or the instance's id. */
  app.get<{ Params: { api: string } }>('/gateway/:api', async (request, reply) => {
    const api = applications.api(request.params.api);
    if (api === null) return reply.code(404).send({ error: 'No API here' });
    const { client_id: clientId, client_secret: clientSecret } = request.headers;
    if (!applications.opens(api, String(clientId), String(clientSecret)))
      return reply.code(401).send({ error: 'Invalid client id or secret' });
    return { api: api.name, version: api.version };
  });
}

/** Everything there is, in truth, secrets included: this console belongs to the sandbox. */
function applicationsInTruth(organization: Organization, applications: Applications) {
  const keyOf = (userId: string) => organization.user(userId)?.key ?? null;
  return [
    ...applications.clients().map((application) => ({
      kind: 'clientApplication',
      id: String(application.id),
      name: application.name,
      clientId: application.clientId,
      clientSecret: application.clientSecret,
      owners: application.owners.map(keyOf),
      contracts: application.contracts.map(({ id, apiId, status }) => ({
        id: String(id),
        api: applications.api(apiId)?.assetId,
        environment: environments[0].name,
        status,
      })),
      opens: applications
        .apis()
        .filter((api) => applications.opens(api, application.clientId, application.clientSecret))
        .map((api) => api.assetId),
    })),
    ...applications.connectedApps().map((connected) => ({
      kind: 'connectedApp',
      id: connected.clientId,
      name: connected.name,
      clientId: connected.clientId,
      clientSecret: connected.clientSecret,
      owners: connected.owner === null ? [] : [keyOf(connected.owner)],
      contracts: [],
      opens: connected.enabled ? ['anypoint'] : [],
    })),
  ];
}
