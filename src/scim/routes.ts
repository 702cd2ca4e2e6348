import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Db } from '../store/database.ts';
import { listBody, resourceTypes, schemas, serviceProviderConfig } from './discovery.ts';
import { type Json, openDoor, send } from './door.ts';
import {
  type Answer,
  DEFAULT_COUNT,
  type Endpoint,
  type ListQuery,
  MAX_COUNT,
  namesVersion,
} from './endpoint.ts';
import { groups } from './groups.ts';
import type { Observe } from './observed.ts';
import { readWanted, type Wanted } from './projection.ts';
import { invalidFilter, invalidValue, notFound, ScimError } from './scim-error.ts';
import { users } from './users.ts';

export type ScimOptions = {
  db: Db;
  /** The bearer token that the IdP sends. */
  token: string;
  observe: Observe;
  /** Called after a commit that left work in the outbox. */
  onCommitted?: () => void;
  /** Public address of Latchkey without a trailing slash, e.g. `https://latchkey.example`. */
  baseUrl: string;
};

/** A wildcard, because Fastify answers a long `:id` itself and not with an Error body. */
const ID = '*';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof methods)[number];
type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** A SCIM 2.0 service provider (RFC 7643, 7644) under `/scim/v2`, with what Okta and Entra make of the protocol. */
export async function scimRoutes(app: FastifyInstance, options: ScimOptions): Promise<void> {
  const { db, observe, onCommitted } = options;
  const root = `${options.baseUrl.replace(/\/+$/, '')}/scim/v2`;
  await app.register(
    async (scope) => {
      openDoor(scope, options.token);
      resourceRoutes(scope, users({ db, observe, onCommitted, root }));
      resourceRoutes(scope, groups({ db, observe, onCommitted, root }));
      discoveryRoutes(scope, root);
      for (const path of ['/Me', '/Bulk', '/.search'])
        scope.all(path, async () => {
          throw new ScimError(501, `${path} is not supported`);
        });
    },
    { prefix: '/scim/v2' },
  );
}

/** Routes of one path; every other method answers 405 with those that there are. */
function pathRoutes(scope: FastifyInstance, url: string, handlers: Partial<Record<Method, Handler>>): void {
  const allowed = methods.filter((method) => handlers[method] !== undefined);
  for (const method of methods)
    scope.route({
      method,
      url,
      handler:
        handlers[method] ??
        (async (request, reply) => {
          reply.header('allow', allowed.join(', '));
          throw new ScimError(405, `${request.method} is not possible here`);
        }),
    });
}

function resourceRoutes(scope: FastifyInstance, endpoint: Endpoint): void {
  const wantedOf = (request: FastifyRequest): Wanted =>
    readWanted(endpoint.type, parameter(request, 'attributes'), parameter(request, 'excludedAttributes'));
  const { endpoint: path, name } = endpoint.type;

  pathRoutes(scope, path, {
    GET: async (request, reply) => {
      const query = listQuery(request);
      const { total, resources } = await endpoint.list(query, wantedOf(request));
      return send(reply, 200, listBody(total, query.startIndex, resources));
    },
    POST: async (request, reply) => {
      const answer = await endpoint.create(request.body, wantedOf(request));
      return sendResource(reply, 201, answer);
    },
  });

  pathRoutes(scope, `${path}/${ID}`, {
    GET: async (request, reply) => {
      const answer = await endpoint.read(idOf(request), wantedOf(request));
      const known = request.headers['if-none-match'];
      if (known !== undefined && namesVersion(known, answer.version))
        return reply.code(304).header('etag', answer.etag).send();
      return sendResource(reply, 200, answer);
    },
    PUT: async (request, reply) =>
      sendResource(
        reply,
        200,
        await endpoint.replace(idOf(request), request.body, request.headers['if-match'], wantedOf(request)),
      ),
    PATCH: async (request, reply) => {
      // Okta and Entra want 204 for a group, whose members may be many; `attributes` asks for a body.
      const isSilent = name === 'Group' && parameter(request, 'attributes') === undefined;
      const wanted = isSilent ? null : wantedOf(request);
      const answer = await endpoint.patch(idOf(request), request.body, request.headers['if-match'], wanted);
      if (answer.resource === null) return reply.code(204).header('etag', answer.etag).send();
      return sendResource(reply, 200, { ...answer, resource: answer.resource });
    },
    DELETE: async (request, reply) => {
      await endpoint.remove(idOf(request), request.headers['if-match']);
      return reply.code(204).send();
    },
  });
}

/** RFC 7644 section 4. A filter there must be refused with 403. */
function discoveryRoutes(scope: FastifyInstance, root: string): void {
  pathRoutes(scope, '/ServiceProviderConfig', {
    GET: async (_request, reply) => send(reply, 200, serviceProviderConfig(root)),
  });
  for (const [path, all] of [
    ['/ResourceTypes', resourceTypes(root)],
    ['/Schemas', schemas(root)],
  ] as const) {
    pathRoutes(scope, path, {
      GET: async (request, reply) => {
        if (parameter(request, 'filter') !== undefined)
          throw new ScimError(403, 'filters are not possible here');
        return send(reply, 200, listBody(all.size, 1, [...all.values()]));
      },
    });
    pathRoutes(scope, `${path}/${ID}`, {
      GET: async (request, reply) => {
        const found = all.get(idOf(request));
        if (found === undefined) throw notFound(`there is no ${idOf(request)} here`);
        return send(reply, 200, found);
      },
    });
  }
}

function sendResource(reply: FastifyReply, status: number, answer: Answer): FastifyReply {
  reply.header('etag', answer.etag).header('location', answer.location);
  return send(reply, status, answer.resource as Json);
}

function idOf(request: FastifyRequest): string {
  return (request.params as { [ID]: string })[ID];
}

/** One query parameter. Throws 400 `invalidValue` when it comes twice. */
function parameter(request: FastifyRequest, name: string): string | undefined {
  const query = request.query as Record<string, string | string[] | undefined>;
  const value = query[name];
  if (Array.isArray(value)) throw invalidValue(`${name} comes more than once`);
  return value;
}

function listQuery(request: FastifyRequest): ListQuery {
  const filter = parameter(request, 'filter');
  if (filter !== undefined && filter.trim() === '') throw invalidFilter('the filter is empty');
  const sortOrder = parameter(request, 'sortOrder')?.toLowerCase() ?? 'ascending';
  if (sortOrder !== 'ascending' && sortOrder !== 'descending')
    throw invalidValue('sortOrder is ascending or descending');
  return {
    filter,
    sortBy: parameter(request, 'sortBy'),
    sortOrder,
    startIndex: Math.max(1, integer(request, 'startIndex') ?? 1),
    count: Math.min(MAX_COUNT, Math.max(0, integer(request, 'count') ?? DEFAULT_COUNT)),
  };
}

function integer(request: FastifyRequest, name: string): number | undefined {
  const text = parameter(request, name);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,9}$/.test(text)) throw invalidValue(`${name} is not an integer`);
  return Number(text);
}
