import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { company } from '../seed.ts';
import type { AnypointConnector } from './anypoint-connector.ts';
import type { Authorization } from './authorization.ts';
import { notFound, OktaError } from './errors.ts';
import type { EventHooks } from './event-hooks.ts';
import type { OktaOrg } from './org.ts';
import type { PushQueue } from './push-queue.ts';
import type { RateLimit } from './rate-limit.ts';
import { type LogActor, type OktaGroup, type OktaUser, userStatuses } from './records.ts';

/** Whoever clicks in the admin console, unless `?by=` names somebody. */
export const consoleAdmin: LogActor = {
  id: '00uconsoleadmin00000',
  type: 'User',
  alternateId: 'admin@acme.example',
  displayName: 'Okta administrator',
};

const pushSchema = z.strictObject({
  latencyMs: z.number().min(0).optional(),
  jitterMs: z.number().min(0).optional(),
  drop: z.enum(['none', 'add', 'remove', 'all']).optional(),
  paused: z.boolean().optional(),
});
const connectorSchema = z.strictObject({
  teams: z.record(z.string(), z.string()).optional(),
  latencyMs: z.number().min(0).optional(),
  leavesMembers: z.boolean().optional(),
  paused: z.boolean().optional(),
});
const connectorPushSchema = z.strictObject({ group: z.string().min(1) });
const hooksSchema = z.strictObject({
  latencyMs: z.number().min(0).optional(),
  batch: z.int().min(1).optional(),
  copies: z.int().min(1).optional(),
  reorder: z.boolean().optional(),
  lose: z.boolean().optional(),
  paused: z.boolean().optional(),
});
const logSchema = z.strictObject({ lagMs: z.number().min(0) });
/** The manager by key. */
const profileSchema = z.strictObject({
  department: z.string().min(1).optional(),
  title: z.string().min(1).optional(),
  manager: z.string().min(1).optional(),
  login: z.string().min(1).optional(),
  email: z.string().min(1).optional(),
  timezone: z.string().min(1).optional(),
});
const renameSchema = z.strictObject({ name: z.string().trim().min(1) });
const pushNowSchema = z.strictObject({ group: z.string().optional() });
const statusSchema = z.strictObject({ status: z.enum(userStatuses) });
/** Country null: Okta can't tell from where. */
/** `at`: when, if not now. */
const openedSchema = z.strictObject({ at: z.iso.datetime().optional() });

const signInSchema = z.strictObject({
  country: z.string().min(1).nullable(),
  result: z.enum(['SUCCESS', 'FAILURE']).default('SUCCESS'),
});
const assignSchema = z.strictObject({ key: z.string(), assigned: z.boolean() });
const rateLimitSchema = z.strictObject({ perMinute: z.int().min(0) });
const serviceAppSchema = z.strictObject({
  clientId: z.string().min(1),
  publicJwk: z.record(z.string(), z.unknown()),
  scopes: z.array(z.string()),
  tokenTtlSeconds: z.int().min(1).optional(),
});

type By = { Querystring: { by?: string } };
type MemberParams = By & { Params: { name: string; key: string } };
type GroupParams = By & { Params: { name: string } };
type UserParams = By & { Params: { key: string } };

/** Administrators' acts by hand: groups, people, app assignment, group push, event hooks and service apps. */
export function consoleRoutes(app: FastifyInstance, parts: ConsoleParts): void {
  listRoutes(app, parts);
  pushRoutes(app, parts);
  connectorRoutes(app, parts);
  groupRoutes(app, parts);
  userRoutes(app, parts);
  eventRoutes(app, parts);
  apiRoutes(app, parts);
}

/** By the names that people in the console go by. Throws 404. */
function findersIn(org: OktaOrg) {
  const groupNamed = (name: string): OktaGroup => {
    const group = org.groupByName(name);
    if (group === undefined) throw notFound(name, 'UserGroup');
    return group;
  };
  const userKeyed = (key: string): OktaUser => {
    const user = org.userByKey(key);
    if (user === undefined) throw notFound(key, 'User');
    return user;
  };
  /** Who does it: an administrator of the company, by key. */
  const admin = (by: string | undefined): LogActor => {
    if (by === undefined) return consoleAdmin;
    const { id, profile } = userKeyed(by);
    return { id, type: 'User', alternateId: profile.login, displayName: profile.displayName };
  };
  return { groupNamed, userKeyed, admin };
}

function listRoutes(app: FastifyInstance, { org }: ConsoleParts): void {
  app.get('/groups', async () =>
    [...org.groups.values()].map((group) => ({
      id: group.id,
      name: group.profile.name,
      type: group.type,
      pushed: group.pushed,
      ruled: org.rules.some((r) => r.status === 'ACTIVE' && r.groupIds.includes(group.id)),
      members: [...group.members].map((id) => {
        const user = org.user(id);
        return { key: user.key, name: user.profile.displayName, email: user.profile.email };
      }),
    })),
  );

  app.get('/users', async () =>
    [...org.users.values()].map((user) => ({
      id: user.id,
      key: user.key,
      name: user.profile.displayName,
      email: user.profile.email,
      login: user.profile.login,
      status: user.status,
      assigned: user.assigned,
      department: user.profile.department ?? null,
      manager: user.profile.managerId ?? null,
      groups: org.groupsOf(user.id).map((g) => g.profile.name),
    })),
  );
}

function pushRoutes(app: FastifyInstance, { org, push }: ConsoleParts): void {
  const { groupNamed } = findersIn(org);
  const showPush = () => ({ ...push.settings, pending: push.pending, lastError: push.lastError });
  app.get('/push', async () => showPush());
  app.post('/push', async (request) => {
    push.configure(definedOnly(read(pushSchema, request.body)));
    return showPush();
  });
  app.post('/push-now', async (request, reply) => {
    const { group } = read(pushNowSchema, request.body ?? {});
    return reply
      .code(202)
      .send({ queued: push.pushNow(group === undefined ? undefined : groupNamed(group)) });
  });
}

function connectorRoutes(app: FastifyInstance, { org, connector }: ConsoleParts): void {
  const { groupNamed } = findersIn(org);
  const show = () => ({ ...connector.settings, pending: connector.pending, failed: connector.failed });
  app.get('/connector', async () => show());
  app.post('/connector', async (request) => {
    connector.configure(definedOnly(read(connectorSchema, request.body)));
    return show();
  });
  app.post('/connector/push-now', async (request) => {
    const { group } = read(connectorPushSchema, request.body);
    return { left: await connector.pushNow(groupNamed(group)) };
  });
}

function groupRoutes(app: FastifyInstance, { org }: ConsoleParts): void {
  const { groupNamed, userKeyed, admin } = findersIn(org);
  const setMember = ({ params, query }: FastifyRequest<MemberParams>, isMember: boolean) =>
    org.setMember(
      { groupId: groupNamed(params.name).id, userId: userKeyed(params.key).id },
      isMember,
      admin(query.by),
    );
  app.post<MemberParams>('/groups/:name/members/:key', async (request, reply) => {
    setMember(request, true);
    return reply.code(204).send();
  });
  app.delete<MemberParams>('/groups/:name/members/:key', async (request, reply) => {
    setMember(request, false);
    return reply.code(204).send();
  });

  app.put<GroupParams>('/groups/:name', async (request, reply) => {
    const { name } = read(renameSchema, request.body);
    org.renameGroup(groupNamed(request.params.name), name, admin(request.query.by));
    return reply.code(204).send();
  });
}

function userRoutes(app: FastifyInstance, { org }: ConsoleParts): void {
  const { userKeyed, admin } = findersIn(org);
  app.post<UserParams>('/users/:key/status', async (request, reply) => {
    const { status } = read(statusSchema, request.body);
    org.setStatus(userKeyed(request.params.key), status, admin(request.query.by));
    return reply.code(204).send();
  });
  app.post<UserParams>('/users/:key/profile', async (request, reply) => {
    const { manager, ...rest } = read(profileSchema, request.body);
    const boss = manager === undefined ? null : userKeyed(manager).profile;
    org.changeProfile(
      userKeyed(request.params.key),
      {
        ...definedOnly(rest),
        ...(boss === null ? {} : { managerId: boss.login, manager: boss.displayName }),
      },
      admin(request.query.by),
    );
    return reply.code(204).send();
  });
  app.post<UserParams>('/users/:key/sign-in', async (request, reply) => {
    org.log.recordSignIn(admin(request.params.key), read(signInSchema, request.body));
    return reply.code(204).send();
  });
  app.post<UserParams>('/users/:key/open-anypoint', async (request, reply) => {
    const { at } = read(openedSchema, request.body);
    org.log.recordAppSignIn(
      admin(request.params.key),
      { id: company.oktaAppId, name: 'MuleSoft Anypoint Platform' },
      at === undefined ? new Date() : new Date(at),
    );
    return reply.code(204).send();
  });
  app.delete<UserParams>('/users/:key/sessions', async (request, reply) => {
    org.clearSessions(userKeyed(request.params.key), admin(request.query.by));
    return reply.code(204).send();
  });
  app.delete<UserParams>('/users/:key', async (request, reply) => {
    const user = userKeyed(request.params.key);
    // Deactivated first, deleted then: one click here, two there.
    if (!org.deleteUser(user, admin(request.query.by))) org.deleteUser(user, admin(request.query.by));
    return reply.code(204).send();
  });
  app.post<By>('/assign', async (request, reply) => {
    const { key, assigned } = read(assignSchema, request.body);
    org.setAssigned(userKeyed(key), assigned, admin(request.query.by));
    return reply.code(204).send();
  });
}

function eventRoutes(app: FastifyInstance, { org, hooks }: ConsoleParts): void {
  const showHooks = () => ({
    ...hooks.settings,
    pending: hooks.pending,
    lost: hooks.lost,
    hooks: [...hooks.hooks.values()].map(({ name, uri, isVerified }) => ({ name, uri, isVerified })),
  });
  app.get('/hooks', async () => showHooks());
  app.post('/hooks', async (request) => {
    hooks.configure(definedOnly(read(hooksSchema, request.body)));
    return showHooks();
  });
  app.post('/log', async (request, reply) => {
    org.log.lagMs = read(logSchema, request.body).lagMs;
    return reply.code(204).send();
  });
}

/** How the API answers whoever calls it. */
function apiRoutes(app: FastifyInstance, { limit, authorization }: ConsoleParts): void {
  app.post('/rate-limit', async (request, reply) => {
    limit.setPerMinute(read(rateLimitSchema, request.body).perMinute);
    return reply.code(204).send();
  });

  app.post('/service-apps', async (request, reply) => {
    const { tokenTtlSeconds, ...rest } = read(serviceAppSchema, request.body);
    authorization.register({ ...rest, ...(tokenTtlSeconds === undefined ? {} : { tokenTtlSeconds }) });
    return reply.code(204).send();
  });
  app.post('/tokens/revoke', async (_request, reply) => {
    authorization.revokeTokens();
    return reply.code(204).send();
  });
}

type ConsoleParts = {
  org: OktaOrg;
  push: PushQueue;
  connector: AnypointConnector;
  hooks: EventHooks;
  limit: RateLimit;
  authorization: Authorization;
};

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new OktaError(
    'E0000001',
    'Api validation failed',
    parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
  );
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function definedOnly<T extends object>(record: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(record).filter(([, v]) => v !== undefined)) as Partial<Defined<T>>;
}
