import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GivenSecret } from '../secrets/secret.ts';
import type { Db } from '../store/postgres/database.ts';
import type { ScimSource } from '../store/schema/scim-tables.ts';
import { type Guard, unguarded } from '../web/guard.ts';
import { runBulk } from './bulk.ts';
import { createCursors } from './cursor.ts';
import { listBody, resourceTypes, schemas, serviceProviderConfig } from './discovery.ts';
import { type Json, openDoor, refuse, send, sourceOf } from './door.ts';
import { type Answer, type Endpoint, namesVersion, type Scim } from './endpoint.ts';
import { groups } from './groups.ts';
import { listResources } from './listing.ts';
import { readWanted, type Wanted } from './projection.ts';
import { tellRefused, tellRefusedAll } from './refused.ts';
import { groupType, type ResourceType, userType } from './schema.ts';
import { notFound, ScimError } from './scim-error.ts';
import { type Parameters, parametersInBody, parametersOf, readListQuery } from './search.ts';
import { clientOf, createTokenCheck, OTHER_SOURCE } from './tokens.ts';
import { users } from './users.ts';

export type ScimOptions = {
  db: Db;
  /** The bearer token of the environment, the first identity provider's; others are in the database (tokens.ts). */
  token: GivenSecret;
  /** The sources that are identity providers of entitlements: only what they push is evidence, and carried on. */
  idps: readonly ScimSource[];
  /** Names of the groups of a source whose members are observed; null: all. */
  observedGroups: (source: ScimSource) => string[] | null;
  /** Whether a newcomer of this department is observed; nobody unless told. */
  awaits?: (department: string | null) => boolean;
  /** Called after a commit that left work in the outbox. */
  onCommitted?: () => void;
  guard?: Guard;
  /** Public address of Latchkey without a trailing slash, e.g. `https://latchkey.example`. */
  baseUrl: string;
};

/** A wildcard, because Fastify answers a long `:id` itself and not with an Error body. */
const ID = '*';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof methods)[number];
type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * A SCIM 2.0 service provider (RFC 7643, 7644, 9865) under `/scim/v2`, with what Okta and Entra make of the protocol.
 */
export async function scimRoutes(app: FastifyInstance, options: ScimOptions): Promise<void> {
  const { db, idps, awaits = () => false, onCommitted, token } = options;
  const root = `${options.baseUrl.replace(/\/+$/, '')}/scim/v2`;
  const cursors = createCursors(token);
  const entrances = new Map<ScimSource, Entrance>();
  const entranceOf = (request: FastifyRequest): Entrance => {
    const source = sourceOf(request);
    const known = entrances.get(source);
    if (known !== undefined) return known;
    const isIdp = idps.includes(source);
    const scim: Scim = {
      ...{ db, onCommitted, root, cursors, source, idps, isIdp, client: clientOf(source) },
      observedGroups: isIdp ? () => options.observedGroups(source) : () => [],
      awaits: isIdp ? awaits : () => false,
    };
    const entrance = { scim, users: users(scim), groups: groups(scim) };
    entrances.set(source, entrance);
    return entrance;
  };
  await app.register(
    async (scope) => {
      openDoor(
        scope,
        createTokenCheck(db, token, idps[0] ?? OTHER_SOURCE),
        options.guard ?? unguarded,
        async (request, unread, refused) => {
          const { scim } = entranceOf(request);
          const { method, url: path, body } = request;
          await tellRefused(
            scim,
            { method, path, body, ...(unread === undefined ? {} : { unread }) },
            refused,
          );
          if (/\/Bulk\/?$/i.test(path.split('?')[0] ?? '')) await tellRefusedAll(scim, body, refused);
        },
      );
      resourceRoutes(scope, userType, entranceOf, ({ users }) => users);
      resourceRoutes(scope, groupType, entranceOf, ({ groups }) => groups);
      rootRoutes(scope, entranceOf);
      discoveryRoutes(scope, root);
    },
    { prefix: '/scim/v2' },
  );
}

/** The endpoints as one source's client sees them: what it does is noted as done by it. */
type Entrance = { scim: Scim; users: Endpoint; groups: Endpoint };
type EntranceOf = (request: FastifyRequest) => Entrance;

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

function resourceRoutes(
  scope: FastifyInstance,
  type: ResourceType,
  entranceOf: EntranceOf,
  pick: (entrance: Entrance) => Endpoint,
): void {
  const endpointOf = (request: FastifyRequest) => pick(entranceOf(request));
  const wantedOf = (request: FastifyRequest): Wanted => wantedBy(parametersOf(request.url))(type);
  const { endpoint: path, name } = type;
  const list = async (request: FastifyRequest, reply: FastifyReply, parameters: Parameters) =>
    await sendList(
      reply,
      entranceOf(request).scim,
      { endpoints: [endpointOf(request)], scope: path },
      parameters,
    );

  pathRoutes(scope, path, {
    GET: async (request, reply) => await list(request, reply, parametersOf(request.url)),
    POST: async (request, reply) => {
      const answer = await endpointOf(request).create(request.body, wantedOf(request));
      return sendResource(reply, 201, answer);
    },
  });

  pathRoutes(scope, `${path}/.search`, {
    POST: async (request, reply) => await list(request, reply, parametersInBody(request.body)),
  });

  pathRoutes(scope, `${path}/${ID}`, {
    GET: async (request, reply) => {
      const answer = await endpointOf(request).read(idOf(request), wantedOf(request));
      const known = request.headers['if-none-match'];
      if (known !== undefined && namesVersion(known, answer.version))
        return reply.code(304).header('etag', answer.etag).send();
      return sendResource(reply, 200, answer);
    },
    PUT: async (request, reply) =>
      sendResource(
        reply,
        200,
        await endpointOf(request).replace(
          idOf(request),
          request.body,
          request.headers['if-match'],
          wantedOf(request),
        ),
      ),
    PATCH: async (request, reply) => {
      // Okta and Entra want 204 for a group, whose members may be many; `attributes` asks for a body.
      const isSilent = name === 'Group' && parametersOf(request.url)('attributes') === undefined;
      const wanted = isSilent ? null : wantedOf(request);
      const answer = await endpointOf(request).patch(
        idOf(request),
        request.body,
        request.headers['if-match'],
        wanted,
      );
      if (answer.resource === null) return reply.code(204).header('etag', answer.etag).send();
      return sendResource(reply, 200, { ...answer, resource: answer.resource });
    },
    DELETE: async (request, reply) => {
      await endpointOf(request).remove(idOf(request), request.headers['if-match']);
      return reply.code(204).send();
    },
  });
}

/** Queries over all resources (RFC 7644 sections 3.4.2.1 and 3.4.3), Bulk (3.7), and what there is not. */
function rootRoutes(scope: FastifyInstance, entranceOf: EntranceOf): void {
  const list = async (request: FastifyRequest, reply: FastifyReply, parameters: Parameters) => {
    const { scim, users, groups } = entranceOf(request);
    return await sendList(reply, scim, { endpoints: [users, groups], scope: '/' }, parameters);
  };
  pathRoutes(scope, '/', {
    GET: async (request, reply) => await list(request, reply, parametersOf(request.url)),
  });
  pathRoutes(scope, '/.search', {
    POST: async (request, reply) => await list(request, reply, parametersInBody(request.body)),
  });
  pathRoutes(scope, '/Bulk', {
    POST: async (request, reply) => {
      const { scim, users, groups } = entranceOf(request);
      const answer = await runBulk([users, groups], request.body, {
        refuse: (error) => refuse(request, error),
        onRefused: async (sent, refused) => await tellRefused(scim, sent, refused),
      });
      return send(reply, 200, answer);
    },
  });
  scope.all('/Me', async () => {
    throw new ScimError(501, '/Me is not supported: a bearer token stands for a client, not for a person');
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
        if (parametersOf(request.url)('filter') !== undefined)
          throw new ScimError(403, 'filters are not possible here');
        return send(reply, 200, listBody({ total: all.size, resources: [...all.values()] }, 1));
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

async function sendList(
  reply: FastifyReply,
  scim: Scim,
  { endpoints, scope }: { endpoints: readonly Endpoint[]; scope: string },
  parameters: Parameters,
): Promise<FastifyReply> {
  const query = readListQuery(scope, parameters);
  const page = await listResources(scim, endpoints, query, wantedBy(parameters));
  return send(reply, 200, listBody(page, query.cursor === null ? query.startIndex : null));
}

function wantedBy(parameters: Parameters): (type: ResourceType) => Wanted {
  const attributes = parameters('attributes');
  const excluded = parameters('excludedAttributes');
  return (type) => readWanted(type, attributes, excluded);
}

function sendResource(reply: FastifyReply, status: number, answer: Answer): FastifyReply {
  reply.header('etag', answer.etag).header('location', answer.location);
  return send(reply, status, answer.resource as Json);
}

function idOf(request: FastifyRequest): string {
  return (request.params as { [ID]: string })[ID];
}
