import type { FastifyInstance } from 'fastify';
import { actorOf } from './authorization.ts';
import { OktaError } from './errors.ts';
import { parseExpression } from './expression.ts';
import type { OktaOrg } from './org.ts';
import { page } from './paging.ts';
import type { GroupRule } from './records.ts';
import { showGroup, showUser } from './resources.ts';

/** Page sizes of the lists (OpenAPI description 2026.06.3). */
const GROUPS_PAGE = { default: 10_000, max: 10_000 };
const MEMBERS_PAGE = { default: 1_000, max: 1_000 };
const RULES_PAGE = { default: 50, max: 200 };

type GroupParams = { Params: { groupId: string } };
type MemberParams = { Params: { groupId: string; userId: string } };
type ListQuery = { search?: string; filter?: string; q?: string };

/** `/api/v1/groups` and below. */
export function groupRoutes(app: FastifyInstance, org: OktaOrg, worldUrl: () => string): void {
  const read = { config: { oktaScope: 'okta.groups.read' } } as const;
  const manage = { config: { oktaScope: 'okta.groups.manage' } } as const;

  app.get<{ Querystring: ListQuery }>('/groups', read, async (request, reply) => {
    const { search, filter, q } = request.query;
    let shown = [...org.groups.values()].map((g) => showGroup(g, worldUrl()));
    const expression = search ?? filter;
    if (expression !== undefined) shown = shown.filter(parseExpression(expression));
    else if (q !== undefined)
      shown = shown.filter((g) => g.profile.name.toLowerCase().startsWith(q.toLowerCase()));
    return page(shown, request, reply, GROUPS_PAGE);
  });

  app.post<{ Body: { profile?: { name?: string; description?: string } } | null }>(
    '/groups',
    manage,
    async (request) => {
      const name = request.body?.profile?.name?.trim() ?? '';
      if (name === '')
        throw new OktaError('E0000001', 'Api validation failed: name', [
          'name: The field cannot be left blank',
        ]);
      if (org.groupByName(name)?.type === 'OKTA_GROUP')
        throw new OktaError('E0000001', 'Api validation failed: name', [
          'name: An object with this field already exists in the current organization',
        ]);
      const group = org.createGroup(name, request.body?.profile?.description ?? null, actorOf(request));
      return showGroup(group, worldUrl());
    },
  );

  app.get('/groups/rules', read, async (request, reply) =>
    page(org.rules.map(showRule), request, reply, RULES_PAGE),
  );

  app.get<GroupParams>('/groups/:groupId', read, async (request) =>
    showGroup(org.group(request.params.groupId), worldUrl()),
  );

  app.get<GroupParams>('/groups/:groupId/users', read, async (request, reply) => {
    const members = [...org.group(request.params.groupId).members].map((id) => org.user(id));
    return page(members, request, reply, MEMBERS_PAGE).map((u) => showUser(u, worldUrl()));
  });

  app.put<MemberParams>('/groups/:groupId/users/:userId', manage, async (request, reply) => {
    const { groupId, userId } = request.params;
    org.setMember({ groupId, userId }, true, actorOf(request), request.dropWrite);
    return reply.code(204).send();
  });

  app.delete<MemberParams>('/groups/:groupId/users/:userId', manage, async (request, reply) => {
    const { groupId, userId } = request.params;
    org.setMember({ groupId, userId }, false, actorOf(request), request.dropWrite);
    return reply.code(204).send();
  });
}

function showRule(rule: GroupRule) {
  return {
    type: 'group_rule',
    id: rule.id,
    status: rule.status,
    name: rule.name,
    conditions: { expression: { type: 'urn:okta:expression:1.0', value: rule.expression } },
    actions: { assignUserToGroups: { groupIds: rule.groupIds } },
  };
}
