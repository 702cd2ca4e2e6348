import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { company } from '../seed.ts';
import { notFound, page, type Query, readBody } from './answers.ts';
import type { Applications, ClientApplication, Contract, ContractStatus } from './applications.ts';
import { audit } from './client-application-routes.ts';
import { environments } from './roles.ts';

type OfApi = { Params: { orgId: string; envId: string; apiId: string }; Querystring: Query };
type OfContract = { Params: OfApi['Params'] & { contractId: string } };
type OfAction = { Params: OfContract['Params'] & { action: string } };

const newContractSchema = z.object({ applicationId: z.int() });

/** From which states an action leads where; every other one is a conflict. */
const actions: Record<string, { from: ContractStatus[]; to: ContractStatus }> = {
  approve: { from: ['PENDING', 'REJECTED'], to: 'APPROVED' },
  reject: { from: ['PENDING'], to: 'REJECTED' },
  revoke: { from: ['APPROVED'], to: 'REVOKED' },
  restore: { from: ['REVOKED'], to: 'APPROVED' },
};

/** Contracts between client applications and one API: API Manager, and what its pages call under `xapi`. */
export function contractRoutes(app: FastifyInstance, applications: Applications): void {
  const contracts = '/organizations/:orgId/environments/:envId/apis/:apiId/contracts';
  const apiOf = ({ envId, apiId }: OfApi['Params']) =>
    envId === environments[0].id ? applications.api(Number(apiId)) : null;
  const find = (params: OfContract['Params']) => {
    const api = apiOf(params);
    return api === null ? null : applications.contract(api.id, params.contractId);
  };

  app.get<OfApi>(`/apimanager/api/v1${contracts}`, async (request, reply) => {
    const api = apiOf(request.params);
    if (api === null) return notFound(reply, 'API');
    const found = applications
      .clients()
      .flatMap((application) =>
        application.contracts
          .filter(({ apiId }) => apiId === api.id)
          .map((contract) => rowJson(contract, application)),
      );
    const paged = page(found, request.query, reply);
    return 'errors' in paged ? paged : { total: paged.total, contracts: paged.data };
  });

  app.post<OfApi>(`/apimanager/api/v1${contracts}`, async (request, reply) => {
    const api = apiOf(request.params);
    if (api === null) return notFound(reply, 'API');
    const body = await readBody(newContractSchema, request, reply);
    if (body === null) return reply;
    const application = applications.client(body.applicationId);
    if (application === null) return notFound(reply, 'Application');
    if (application.contracts.some(({ apiId }) => apiId === api.id))
      return reply.code(409).send({ name: 'ConflictError', message: 'The contract already exists' });
    const contract = applications.addContract(application, api, 'APPROVED');
    return reply.code(201).send(detailJson(contract, application));
  });

  app.get<OfContract>(`/apimanager/api/v1${contracts}/:contractId`, async (request, reply) => {
    const found = find(request.params);
    return found === null ? notFound(reply, 'Contract') : detailJson(found.contract, found.application);
  });

  app.delete<OfContract>(`/apimanager/api/v1${contracts}/:contractId`, async (request, reply) => {
    const found = find(request.params);
    if (found === null) return notFound(reply, 'Contract');
    const { contract, application } = found;
    if (contract.status !== 'REVOKED' && contract.status !== 'REJECTED')
      return reply
        .code(409)
        .send({ name: 'ConflictError', message: 'Before you delete a contract, you must first revoke it' });
    if (!request.dropWrite) applications.deleteContract(application, contract.id);
    return reply.code(204).send();
  });

  app.post<OfAction>(`/apimanager/xapi/v1${contracts}/:contractId/:action`, async (request, reply) => {
    const found = find(request.params);
    const action = actions[request.params.action];
    if (found === null || action === undefined) return notFound(reply, 'Contract');
    const { contract, application } = found;
    if (!action.from.includes(contract.status))
      return reply
        .code(409)
        .send({ name: 'ConflictError', message: `Contract is ${contract.status.toLowerCase()}` });
    if (!request.dropWrite) applications.setStatus(contract, action.to);
    return reply.code(201).send(detailJson(contract, application));
  });
}

function rowJson(contract: Contract, application: ClientApplication) {
  const changed = new Date(contract.updatedAt).toISOString();
  const dateOf = (status: ContractStatus) => (contract.status === status ? changed : null);
  return {
    audit: audit(contract),
    masterOrganizationId: company.anypointOrgId,
    organizationId: company.anypointOrgId,
    id: contract.id,
    status: contract.status,
    approvedDate: dateOf('APPROVED'),
    rejectedDate: dateOf('REJECTED'),
    revokedDate: dateOf('REVOKED'),
    applicationId: application.id,
    application: {
      audit: audit(application),
      id: application.id,
      name: application.name,
      description: null,
      clientProvider: { providerId: null },
      coreServicesId: application.clientId,
      url: null,
    },
    apiId: contract.apiId,
    api: { audit: { created: {}, updated: {} }, organizationId: company.anypointOrgId, id: contract.apiId },
  };
}

function detailJson(contract: Contract, application: ClientApplication) {
  const row = rowJson(contract, application);
  return {
    ...row,
    application: {
      masterOrganizationId: company.anypointOrgId,
      ...row.application,
      clientId: application.clientId,
      owner: 'N/A',
      email: 'N/A',
      redirectUri: [],
      grantTypes: [],
      owners: [],
    },
    requestedTierId: null,
    condition: 'APPLIED',
  };
}
