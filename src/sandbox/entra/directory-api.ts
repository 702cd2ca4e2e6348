import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GraphError, notFound } from './errors.ts';
import { checkQuery, filtered, GRAPH_PREFIX, paged, selected, unsupported } from './odata.ts';
import type { EntraGroup, EntraUser, Tenant } from './tenant.ts';
import type { EntraTokens } from './token.ts';

type ById = { Params: { id: string } };
type Member = { Params: { id: string; memberId: string } };

export type Directory = {
  tenant: Tenant;
  tokens: EntraTokens;
  worldUrl: () => string;
  /** Told of a membership that an app wrote. */
  wrote: (group: EntraGroup, memberId: string, isMember: boolean) => void;
};

const readsUsers = ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All'];
const writesMembers = ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All'];
const readsGroups = ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All', ...writesMembers];

/** Users, groups and members of Graph v1.0 (api-reference/v1.0/api). */
export function directoryRoutes(app: FastifyInstance, directory: Directory): void {
  userRoutes(app, directory);
  groupRoutes(app, directory);
  memberWrites(app, directory);
}

function userRoutes(app: FastifyInstance, { tenant, tokens, worldUrl }: Directory): void {
  app.get('/users', async (request) => {
    tokens.mustHave(request, readsUsers);
    const query = checkQuery(request);
    const page = paged(filtered([...tenant.users.values()], query.$filter), request, worldUrl());
    return { ...page, value: page.value.map((user) => showUser(tenant, user, request)) };
  });

  app.get<ById>('/users/:id', async (request) => {
    tokens.mustHave(request, readsUsers);
    return showUser(tenant, userOf(tenant, request.params.id), request);
  });

  app.delete<ById>('/users/:id', async (request, reply) => {
    tokens.mustHave(request, ['User.ReadWrite.All', 'User.DeleteRestore.All']);
    tenant.deleteUser(userOf(tenant, request.params.id).id);
    return reply.code(204).send();
  });

  app.get<ById>('/users/:id/memberOf', async (request) => {
    tokens.mustHave(request, [...readsUsers, 'GroupMember.Read.All']);
    const query = checkQuery(request);
    const user = userOf(tenant, request.params.id);
    const groups = [...tenant.groups.values()].filter(
      (group) => group.visibility !== 'HiddenMembership' && tenant.membersSeen(group).has(user.id),
    );
    const page = paged(groups, request, worldUrl());
    return { ...page, value: page.value.map((group) => selected(group, 'group', query, true)) };
  });

  app.get<ById>('/users/:id/transitiveMemberOf', async (request) => {
    tokens.mustHave(request, [...readsUsers, 'GroupMember.Read.All']);
    const user = userOf(tenant, request.params.id);
    const page = paged(tenant.groupsOf(user.id), request, worldUrl());
    return { ...page, value: page.value.map((group) => selected(group, 'group', checkQuery(request), true)) };
  });

  app.get<ById>('/directory/deletedItems/microsoft.graph.user/:id', async (request) => {
    tokens.mustHave(request, readsUsers);
    const found = tenant.deleted.get(request.params.id.toLowerCase());
    if (found === undefined) throw notFound(request.params.id);
    const { user, deletedDateTime } = found;
    const userPrincipalName = `${user.id.replaceAll('-', '')}${user.userPrincipalName}`;
    return selected({ ...user, userPrincipalName, deletedDateTime }, 'user', checkQuery(request));
  });
}

function groupRoutes(app: FastifyInstance, { tenant, tokens, worldUrl }: Directory): void {
  app.get('/groups', async (request) => {
    tokens.mustHave(request, readsGroups);
    const query = checkQuery(request);
    const page = paged(filtered([...tenant.groups.values()], query.$filter), request, worldUrl());
    return { ...page, value: page.value.map((group) => selected(group, 'group', query)) };
  });

  app.get<ById>('/groups/:id', async (request) => {
    tokens.mustHave(request, readsGroups);
    return selected(groupOf(tenant, request.params.id), 'group', checkQuery(request));
  });

  app.delete<ById>('/groups/:id', async (request, reply) => {
    tokens.mustHave(request, ['Group.ReadWrite.All']);
    tenant.groups.delete(groupOf(tenant, request.params.id).id);
    return reply.code(204).send();
  });

  for (const kind of ['', '/microsoft.graph.user', '/microsoft.graph.group'])
    app.get<ById>(`/groups/:id/members${kind}`, async (request) => {
      tokens.mustHave(request, readsGroups);
      const query = checkQuery(request);
      const group = groupOf(tenant, request.params.id);
      if (group.visibility === 'HiddenMembership') return { value: [] };
      const wanted = kind.split('.').at(-1);
      const members = [...tenant.membersSeen(group)].flatMap((id) => {
        const type = tenant.typeOf(id);
        const row = tenant.users.get(id) ?? tenant.groups.get(id) ?? tenant.others.get(id);
        // Graph v1.0 leaves service principals out of this list (known issue).
        if (type === null || row === undefined || type === 'servicePrincipal') return [];
        return wanted === '' || wanted === type ? [{ id, type, row }] : [];
      });
      const page = paged(members, request, worldUrl());
      return { ...page, value: page.value.map(({ row, type }) => selected(row, type, query, true)) };
    });
}

const referenceSchema = z.object({ '@odata.id': z.string() });

function memberWrites(app: FastifyInstance, directory: Directory): void {
  const { tenant, tokens, wrote } = directory;
  app.post<ById>('/groups/:id/members/$ref', async (request, reply) => {
    tokens.mustHave(request, writesMembers);
    if (request.body == null)
      throw badRequest(
        "An unexpected 'EndOfInput' node was found when reading from the JSON reader. A 'StartObject' node was expected.",
      );
    const reference = referenceSchema.safeParse(request.body);
    const id = /\/(?:directoryObjects|users|groups)\/([0-9a-f-]{36})$/i.exec(
      reference.success ? reference.data['@odata.id'] : '',
    )?.[1];
    if (id === undefined) throw badRequest("Invalid URL format specified in '@odata.id' for members.");
    const group = writableGroup(directory, request);
    if (tenant.typeOf(id) === null) throw notFound(id);
    if (group.members.has(id))
      throw badRequest(
        "One or more added object references already exist for the following modified properties: 'members'.",
      );
    if (request.dropWrite !== true) wrote(group, id, true);
    return reply.code(204).send();
  });

  app.delete<Member>('/groups/:id/members/:memberId/$ref', async (request, reply) => {
    tokens.mustHave(request, writesMembers);
    const group = writableGroup(directory, request);
    // Not there, gone, or not yet in this copy: the same text.
    if (
      !group.members.has(request.params.memberId) ||
      !tenant.membersSeen(group).has(request.params.memberId)
    )
      throw notFound(request.params.memberId);
    if (request.dropWrite !== true) wrote(group, request.params.memberId, false);
    return reply.code(204).send();
  });

  // Without `/$ref` the same address is the person: this is how people are deleted by mistake (msgraph-sdk-dotnet#1106).
  app.delete<Member>('/groups/:id/members/:memberId', async (request, reply) => {
    tokens.mustHave(request, ['User.ReadWrite.All']);
    tenant.deleteUser(userOf(tenant, request.params.memberId).id);
    return reply.code(204).send();
  });
}

/** Refuses as Graph does for each kind of group that it can't write. */
function writableGroup({ tenant, tokens }: Directory, request: FastifyRequest<ById>): EntraGroup {
  const group = groupOf(tenant, request.params.id);
  if (group.groupTypes.includes('DynamicMembership'))
    throw new GraphError(
      403,
      'Authorization_RequestDenied',
      'Insufficient privileges to complete the operation.',
    );
  if (group.onPremisesSyncEnabled === true)
    throw badRequest(
      'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
    );
  if (group.mailEnabled && !group.groupTypes.includes('Unified'))
    throw badRequest('Cannot Update a mail-enabled security groups and or distribution list.');
  if (group.isAssignableToRole === true) tokens.mustHave(request, ['RoleManagement.ReadWrite.Directory']);
  return group;
}

function showUser(tenant: Tenant, user: EntraUser, request: FastifyRequest): Record<string, unknown> {
  const query = checkQuery(request);
  const expand = /^manager\(\$select=([\w,]+)\)$/.exec(query.$expand ?? '')?.[1];
  if (query.$expand !== undefined && expand === undefined) throw unsupported('Unsupported Query.');
  const manager = user.managerId === null ? undefined : tenant.users.get(user.managerId);
  return {
    ...selected(user, 'user', query),
    ...(expand === undefined || manager === undefined
      ? {}
      : { manager: selected(manager, 'user', { $select: expand }, true) }),
  };
}

function userOf(tenant: Tenant, idOrName: string): EntraUser {
  const wanted = idOrName.toLowerCase();
  const found =
    tenant.users.get(wanted) ??
    [...tenant.users.values()].find((user) => user.userPrincipalName.toLowerCase() === wanted);
  if (found === undefined) throw notFound(idOrName);
  return found;
}

function groupOf(tenant: Tenant, id: string): EntraGroup {
  const found = tenant.groups.get(id.toLowerCase());
  if (found === undefined) throw notFound(id);
  return found;
}

function badRequest(message: string): GraphError {
  return new GraphError(400, 'Request_BadRequest', message);
}

const batchSchema = z.object({
  requests: z
    .array(
      z.object({
        id: z.string(),
        method: z.string(),
        url: z.string().startsWith('/'),
        headers: z.record(z.string(), z.string()).optional(),
      }),
    )
    .min(1),
});
const BATCH_MAX = 20;

/** `$batch`: up to twenty requests in one, each with its own status (concepts/json-batching). */
export function batchRoute(app: FastifyInstance): void {
  app.post('/$batch', async (request) => {
    const parsed = batchSchema.safeParse(request.body);
    if (!parsed.success) throw new GraphError(400, 'BadRequest', 'Invalid batch payload format.');
    const { requests } = parsed.data;
    if (requests.length > BATCH_MAX)
      throw new GraphError(
        400,
        'MaximumValueExceeded',
        'Number of batch request steps exceeds the maximum value of 20.',
      );
    const responses = await Promise.all(
      requests.map(async ({ id, method, url, headers }) => {
        const answer = await app.inject({
          method: method as 'GET',
          url: `${GRAPH_PREFIX}${url}`,
          headers: {
            host: request.headers.host ?? '',
            authorization: request.headers.authorization ?? '',
            ...headers,
          },
        });
        return {
          id,
          status: answer.statusCode,
          headers: { 'content-type': 'application/json', ...retryAfterOf(answer.headers) },
          body: answer.body === '' ? null : JSON.parse(answer.body),
        };
      }),
    );
    // In any order.
    return { responses: responses.reverse() };
  });
}

function retryAfterOf(headers: Record<string, unknown>): Record<string, string> {
  const value = headers['retry-after'];
  return value === undefined ? {} : { 'retry-after': String(value) };
}
