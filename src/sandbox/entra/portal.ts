import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AppCredentials } from './credentials.ts';
import type { Changes } from './delta-api.ts';
import { notFound } from './errors.ts';
import type { EntraGroupClaim } from './group-claim.ts';
import type { EntraLogs } from './logs-api.ts';
import type { Notifier } from './notifier.ts';
import { mostFailed, type Provisioning } from './provisioning.ts';
import type { Subscriptions } from './subscriptions-api.ts';
import type { EntraGroup, EntraUser, Tenant } from './tenant.ts';
import type { Limit, Throttle } from './throttle.ts';
import { type EntraTokens, entraApp } from './token.ts';

export type EntraParts = {
  tenant: Tenant;
  tokens: EntraTokens;
  credentials: AppCredentials;
  subscriptions: Subscriptions;
  notifier: Notifier;
  provisioning: Provisioning;
  logs: EntraLogs;
  throttle: Throttle;
  groupClaim: EntraGroupClaim;
  changes: Changes;
  /** Answers of Graph from now on; null: as usual. */
  refusing: { now: Refusal | null };
};

const refusalSchema = z.strictObject({
  status: z.int(),
  retryAfterSeconds: z.int().optional(),
  /** How the path below `/v1.0` begins; without, all of them. */
  below: z.string().optional(),
});
export type Refusal = z.infer<typeof refusalSchema>;

const settingsSchema = z.strictObject({
  firstRetryMs: z.int().min(1).optional(),
  copies: z.int().min(1).optional(),
  ids: z.boolean().optional(),
  delta: z.boolean().optional(),
  lose: z.boolean().optional(),
  paused: z.boolean().optional(),
  /** So long after something happened the audit log has it, in milliseconds. */
  auditLagMs: z.int().min(0).optional(),
  refuse: refusalSchema.nullish(),
  /** How far the slower copy of the directory is behind. */
  lagMs: z.int().min(0).optional(),
  limit: z.strictObject({ requests: z.int().min(0), perMs: z.int().min(1) }).nullish(),
});
/** Whoever clicks in the portal, unless somebody is named. They are no person of the company. */
const portalAdmin = {
  id: '3a000000-0000-4000-8000-0000000000ad',
  userPrincipalName: 'admin@acme.onmicrosoft.com',
};
/** `by`: the key of who does it; `program`: what they use for it, where that is not the portal. */
const memberSchema = z.strictObject({
  group: z.string(),
  key: z.string(),
  isMember: z.boolean(),
  by: z.string().optional(),
  program: z.string().optional(),
});
/** The manager by key. */
const fieldsSchema = z.strictObject({
  department: z.string().min(1).optional(),
  title: z.string().min(1).optional(),
  manager: z.string().min(1).optional(),
  login: z.string().min(1).optional(),
  email: z.string().min(1).optional(),
});
const userSchema = z.strictObject({
  key: z.string(),
  happening: z.enum(['updated', 'deleted', 'restored', 'purged', 'blocked', 'unblocked']),
  fields: fieldsSchema.optional(),
});
const lifecycleSchema = z.strictObject({
  resource: z.string(),
  event: z.enum(['reauthorizationRequired', 'subscriptionRemoved', 'missed']),
});
const syncSchema = z.strictObject({
  cycleMs: z.int().min(1).optional(),
  isPaused: z.boolean().optional(),
  isCompliant: z.boolean().optional(),
  externalId: z.enum(['mailNickname', 'objectId']).optional(),
  secretToken: z.string().min(1).optional(),
});
const renameSchema = z.strictObject({ group: z.string(), name: z.string().trim().min(1) });
/** Null: out of it again. */
const quarantineSchema = z
  .strictObject({
    reason: z.string().default(mostFailed.reason),
    code: z.string().default(mostFailed.code),
    message: z.string().default(''),
  })
  .nullable();
const assignmentSchema = z.strictObject({ group: z.string(), isAssigned: z.boolean() });
const credentialsSchema = z.strictObject({
  secrets: z.array(z.string()).optional(),
  certificates: z.array(z.string()).optional(),
  federated: z.strictObject({ issuer: z.string(), subject: z.string(), publicKey: z.string() }).nullish(),
});

/** What people do in Entra's portal. */
export function portal(sim: FastifyInstance, parts: EntraParts): void {
  directoryPortal(sim, parts);
  groupPortal(sim, parts);
  subscriptionPortal(sim, parts);
  appPortal(sim, parts);
}

function directoryPortal(sim: FastifyInstance, { tenant, logs }: EntraParts): void {
  sim.post('/members', async (request) => {
    const { group, key, isMember, by, program } = memberSchema.parse(request.body);
    const found = tenant.groupNamed(group);
    const user = tenant.userKeyed(key);
    if (found === null || user === null) throw notFound(found === null ? group : key);
    if (found.members.has(user.id) !== isMember)
      logs.addAudit({ groupId: found.id, memberId: user.id, isMember }, whoClicks(tenant, by), program);
    tenant.setMember(found, user.id, isMember);
    return { groupId: found.id, userId: user.id };
  });
  sim.get('/members', async () =>
    Object.fromEntries(
      [...tenant.groups.values()].map((group) => [
        group.displayName,
        [...group.members].map((id) => tenant.users.get(id)?.key ?? id),
      ]),
    ),
  );
  sim.post('/users', async (request) => {
    const { key, happening, fields } = userSchema.parse(request.body);
    const user =
      tenant.userKeyed(key) ?? [...tenant.deleted.values()].find((one) => one.user.key === key)?.user;
    if (user === undefined) throw notFound(key);
    if (happening === 'deleted') tenant.deleteUser(user.id);
    else if (happening === 'restored') tenant.restoreUser(user.id);
    else if (happening === 'purged') tenant.purgeUser(user.id);
    else {
      if (happening !== 'updated') user.accountEnabled = happening === 'unblocked';
      if (fields !== undefined) changeFields(tenant, user, fields);
      tenant.touchUser(user.id);
    }
    return { userId: user.id };
  });
  sim.post('/users/new', async (request) =>
    tenant.addUser(request.body as Partial<EntraUser> & Pick<EntraUser, 'userPrincipalName'>),
  );
  sim.post('/groups/new', async (request) => {
    const group = tenant.addGroup(
      request.body as Partial<Omit<EntraGroup, 'members'>> & { displayName: string; members?: string[] },
    );
    return { ...group, members: [...group.members] };
  });
  sim.post('/sign-ins', async (request) => {
    const { key, ...signIn } = request.body as { key: string } & Partial<
      Parameters<EntraLogs['addSignIn']>[0]
    >;
    logs.addSignIn({
      createdDateTime: new Date().toISOString(),
      appId: entraApp.clientId,
      status: { errorCode: 0 },
      location: null,
      ...signIn,
      userId: tenant.userKeyed(key)?.id ?? key,
    });
    return { ok: true };
  });
}

function whoClicks(tenant: Tenant, by: string | undefined): typeof portalAdmin | EntraUser | null {
  return by === undefined ? portalAdmin : tenant.userKeyed(by);
}

function changeFields(tenant: Tenant, user: EntraUser, fields: z.infer<typeof fieldsSchema>): void {
  const { department, title, manager, login, email } = fields;
  if (department !== undefined) user.department = department;
  if (title !== undefined) user.jobTitle = title;
  if (manager !== undefined) user.managerId = tenant.userKeyed(manager)?.id ?? null;
  if (login !== undefined) user.userPrincipalName = login;
  if (email !== undefined) Object.assign(user, { mail: email, proxyAddresses: [`SMTP:${email}`] });
}

/** The groups and the people as lists of the portal show them. */
function groupPortal(sim: FastifyInstance, { tenant, provisioning }: EntraParts): void {
  sim.post('/groups/delete', async (request) => {
    const found = tenant.groupNamed(z.strictObject({ group: z.string() }).parse(request.body).group);
    if (found !== null) tenant.groups.delete(found.id);
    return { groupId: found?.id ?? null };
  });
  sim.get('/users', async () =>
    [...tenant.users.values()].map(({ id, key, displayName, mail, userPrincipalName }) => ({
      id,
      key,
      name: displayName,
      email: mail ?? userPrincipalName,
      login: userPrincipalName,
    })),
  );
  sim.post('/groups/rename', async (request) => {
    const { group, name } = renameSchema.parse(request.body);
    const found = tenant.groupNamed(group);
    if (found === null) throw notFound(group);
    found.displayName = name;
    return { groupId: found.id };
  });
  sim.get('/groups', async () =>
    [...tenant.groups.values()].map((group) => ({
      id: group.id,
      name: group.displayName,
      type: group.onPremisesSyncEnabled === true ? 'SYNCED' : 'ASSIGNED',
      pushed: provisioning.assigned.has(group.id),
      ruled: group.groupTypes.includes('DynamicMembership'),
      members: [...group.members].map((id) => {
        const user = tenant.users.get(id);
        return { key: user?.key ?? null, name: user?.displayName ?? id, email: user?.mail ?? null };
      }),
    })),
  );
}

function subscriptionPortal(sim: FastifyInstance, parts: EntraParts): void {
  const { subscriptions, notifier, tenant, throttle, changes, refusing, logs } = parts;
  sim.post('/lifecycle', async (request) => {
    const { resource, event } = lifecycleSchema.parse(request.body);
    const subscription = subscriptions.all().find((one) => one.resource === resource);
    if (subscription === undefined) throw notFound(resource);
    if (event === 'subscriptionRemoved') subscriptions.remove(subscription.id);
    notifier.lifecycle(subscription, event);
    return { id: subscription.id };
  });
  sim.post('/settings', async (request) => {
    const { refuse, lagMs, limit, auditLagMs, ...settings } = settingsSchema.parse(request.body);
    if (refuse !== undefined) refusing.now = refuse;
    if (lagMs !== undefined) tenant.lagMs = lagMs;
    if (auditLagMs !== undefined) logs.auditLagMs = auditLagMs;
    if (limit !== undefined) {
      throttle.limit = limit satisfies Limit | null;
      throttle.reset();
    }
    Object.assign(notifier.settings, settings);
    return notifier.settings;
  });
  sim.post('/forget', async () => {
    changes.forgottenTo = changes.last;
    return { ok: true };
  });
  sim.get('/subscriptions', async () => subscriptions.all());
  sim.get('/deliveries', async () => notifier.deliveries);
}

function appPortal(
  sim: FastifyInstance,
  { tokens, credentials, provisioning, tenant, logs, groupClaim }: EntraParts,
): void {
  sim.post('/claim', async (request) => {
    groupClaim.set(request.body);
    return { ok: true };
  });
  sim.post('/tokens/revoke', async () => {
    tokens.revokeAll();
    return { ok: true };
  });
  sim.post('/permissions', async (request) => {
    tokens.granted = z.array(z.string()).parse(request.body);
    tokens.revokeAll();
    return tokens.granted;
  });
  sim.post('/credentials', async (request) => {
    const { secrets, certificates, federated } = credentialsSchema.parse(request.body);
    if (secrets !== undefined) credentials.secrets = secrets;
    if (certificates !== undefined) credentials.certificates = certificates;
    if (federated !== undefined) credentials.federated = federated;
    return { ok: true };
  });
  sim.post('/licence', async (request) => {
    logs.isPremium = z.strictObject({ isPremium: z.boolean() }).parse(request.body).isPremium;
    return { ok: true };
  });
  sim.post('/sync', async (request) => {
    Object.assign(provisioning.settings, syncSchema.parse(request.body));
    provisioning.start();
    return provisioning.settings;
  });
  const synced = () => ({
    lastRun: provisioning.lastRun,
    quarantinedAt: provisioning.quarantined?.since ?? null,
  });
  sim.get('/sync', async () => synced());
  sim.post('/sync/run', async () => {
    await provisioning.run();
    return synced();
  });
  sim.post('/sync/quarantine', async (request) => {
    provisioning.quarantine(quarantineSchema.parse(request.body ?? null));
    return synced();
  });
  sim.post('/sync/assignments', async (request) => {
    const { group, isAssigned } = assignmentSchema.parse(request.body);
    const found = tenant.groupNamed(group);
    if (found === null) throw notFound(group);
    if (isAssigned) provisioning.assigned.add(found.id);
    else provisioning.assigned.delete(found.id);
    return { groupId: found.id };
  });
}
