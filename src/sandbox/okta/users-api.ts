import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from './authorization.ts';
import { OktaError } from './errors.ts';
import { parseExpression } from './expression.ts';

import { newId } from './ids.ts';
import type { OktaOrg } from './org.ts';
import { page } from './paging.ts';
import type { OktaUser, UserStatus } from './records.ts';
import { showGroup, showUser } from './resources.ts';

/** OpenAPI description 2026.06.3. */
const USERS_PAGE = { default: 200, max: 200 };
/** The description knows no paging here. */
const USER_GROUPS_PAGE = { default: 10_000, max: 10_000 };

type UserParams = { Params: { id: string } };
type ListQuery = { search?: string; filter?: string; q?: string };

/** From which statuses a life-cycle call is allowed, and where it leads. Any other status: 403 E0000038. */
const lifecycle = {
  activate: { from: ['STAGED', 'DEPROVISIONED'], to: 'ACTIVE' },
  deactivate: { from: null, to: 'DEPROVISIONED' },
  reactivate: { from: ['PROVISIONED', 'RECOVERY', 'DEPROVISIONED'], to: 'ACTIVE' },
  suspend: { from: ['ACTIVE'], to: 'SUSPENDED' },
  unsuspend: { from: ['SUSPENDED'], to: 'ACTIVE' },
  unlock: { from: ['LOCKED_OUT'], to: 'ACTIVE' },
} as const satisfies Record<string, { from: readonly UserStatus[] | null; to: UserStatus }>;

const newUserSchema = z.object({
  profile: z.object({
    login: z.string().min(5),
    email: z.string().min(5),
    firstName: z.string().min(1),
    lastName: z.string().min(1),
    displayName: z.string().optional(),
    title: z.string().optional(),
    department: z.string().optional(),
    managerId: z.string().optional(),
    manager: z.string().optional(),
    timezone: z.string().optional(),
  }),
});

/** `/api/v1/users` and below. */
export function userRoutes(app: FastifyInstance, org: OktaOrg, worldUrl: () => string): void {
  const read = { config: { oktaScope: 'okta.users.read' } } as const;
  const manage = { config: { oktaScope: 'okta.users.manage' } } as const;

  app.get<{ Querystring: ListQuery }>('/users', read, async (request, reply) => {
    const { search, filter, q } = request.query;
    let shown = [...org.users.values()].map((u) => showUser(u, worldUrl()));
    const expression = search ?? filter;
    if (expression !== undefined) shown = shown.filter(parseExpression(expression));
    else {
      // Without an expression Okta leaves deactivated people out.
      shown = shown.filter((u) => u.status !== 'DEPROVISIONED');
      if (q !== undefined) shown = shown.filter((u) => startsWithAny(u.profile, q.toLowerCase()));
    }
    return page(shown, request, reply, USERS_PAGE);
  });

  app.post('/users', manage, async (request) => {
    const user = newUser(request);
    const login = user.profile.login.toLowerCase();
    if ([...org.users.values()].some((u) => u.profile.login.toLowerCase() === login))
      throw new OktaError('E0000001', 'Api validation failed: login', [
        'login: An object with this field already exists in the current organization',
      ]);
    org.createUser(user, actorOf(request));
    return showUser(user, worldUrl());
  });

  app.get<UserParams>('/users/:id', read, async (request, reply) => {
    const user = org.userByAnyName(request.params.id);
    reply.header('etag', `W/"${Date.parse(user.lastUpdated).toString(16)}"`);
    return showUser(user, worldUrl());
  });

  app.get<UserParams>('/users/:id/groups', read, async (request, reply) => {
    const groups = org.groupsOf(org.userByAnyName(request.params.id).id);
    return page(groups, request, reply, USER_GROUPS_PAGE).map((g) => showGroup(g, worldUrl()));
  });

  app.delete<UserParams>('/users/:id', manage, async (request, reply) => {
    const user = org.userByAnyName(request.params.id);
    if (request.dropWrite !== true) org.deleteUser(user, actorOf(request));
    return reply.code(204).send();
  });

  app.delete<UserParams>('/users/:id/sessions', manage, async (request, reply) => {
    const user = org.userByAnyName(request.params.id);
    if (request.dropWrite !== true) org.clearSessions(user, actorOf(request));
    return reply.code(204).send();
  });

  for (const [verb, { from, to }] of Object.entries(lifecycle))
    app.post<UserParams>(`/users/:id/lifecycle/${verb}`, manage, async (request) => {
      const user = org.userByAnyName(request.params.id);
      if (from !== null && !from.some((status) => status === user.status)) throw new OktaError('E0000038');
      if (request.dropWrite !== true) org.setStatus(user, to, actorOf(request));
      return {};
    });
}

function startsWithAny(profile: OktaUser['profile'], start: string): boolean {
  return [profile.firstName, profile.lastName, profile.email].some((v) => v.toLowerCase().startsWith(start));
}

function newUser(request: FastifyRequest): OktaUser {
  const parsed = newUserSchema.safeParse(request.body);
  if (!parsed.success)
    throw new OktaError(
      'E0000001',
      'Api validation failed: user',
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    );
  const { displayName, ...profile } = parsed.data.profile;
  const now = new Date().toISOString();
  return {
    id: newId('00u'),
    key: profile.login.split('@')[0] ?? profile.login,
    status: (request.query as { activate?: string }).activate === 'false' ? 'STAGED' : 'ACTIVE',
    profile: withoutUndefined({
      ...profile,
      displayName: displayName ?? `${profile.firstName} ${profile.lastName}`,
    }) as OktaUser['profile'],
    assigned: false,
    created: now,
    statusChanged: now,
    lastUpdated: now,
  };
}

/** An attribute that was not given is absent, not empty. */
function withoutUndefined(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
