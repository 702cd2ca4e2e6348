import type { FastifyInstance } from 'fastify';
import type { Emulator, World } from '../emulator.ts';
import { underFaults } from '../fault-plan.ts';
import { AppCredentials } from './credentials.ts';
import { Changes, deltaRoutes } from './delta-api.ts';
import { batchRoute, directoryRoutes } from './directory-api.ts';
import { GraphError, graphErrorBody, sendGraphError } from './errors.ts';
import { EntraGroupClaim } from './group-claim.ts';
import { EntraLogs, logRoutes } from './logs-api.ts';
import { Notifier } from './notifier.ts';
import { type EntraParts, portal } from './portal.ts';
import { Provisioning } from './provisioning.ts';
import { entraSignIn } from './sign-in.ts';
import { Subscriptions, subscriptionRoutes } from './subscriptions-api.ts';
import { synchronizationRoutes } from './synchronization-api.ts';
import { Tenant } from './tenant.ts';
import { Throttle } from './throttle.ts';
import { EntraTokens, entraApp, tokenRoute } from './token.ts';

const PREFIX = '/entra';
const REQUESTS_KEPT = 5_000;

/** How to reach it, as the configuration has it. */
export function entraSettings(worldUrl: string) {
  const { tenantId, clientId, clientSecret } = entraApp;
  return {
    tenantId,
    clientId,
    auth: { secret: clientSecret },
    url: `${worldUrl}${PREFIX}`,
    loginUrl: `${worldUrl}${PREFIX}/login`,
  };
}

export type EntraEmulator = Emulator & {
  /** Names of the groups that somebody who can sign in is directly in, by key: what its group claim sends. */
  groupsOf(key: string): string[];
  /** The groups claim of somebody's sign-in to Anypoint now; undefined: there is none. */
  claimOf(key: string): string[] | undefined;
};

/**
 * Microsoft Entra ID:
 * - the token endpoint below `/entra/login`
 * - signing in, with its page below `/entra/sign-in`
 * - Graph below `/entra/v1.0`
 * - the portal below `/entra/sim`
 * - an enterprise app that provisions to Latchkey by SCIM
 *
 * It has a directory of its own, of the same company.
 */
export function createEntraEmulator(world: World): EntraEmulator {
  const tenant = new Tenant(world);
  const parts: EntraParts = {
    tenant,
    tokens: new EntraTokens(),
    credentials: new AppCredentials(),
    subscriptions: new Subscriptions(),
    notifier: new Notifier(),
    provisioning: new Provisioning(world, tenant),
    logs: new EntraLogs(),
    throttle: new Throttle(null),
    groupClaim: new EntraGroupClaim(tenant),
    changes: new Changes(),
    refusing: { now: null },
  };
  const signIn = entraSignIn(tenant, world);
  let asked: string[] = [];
  tenant.listener = (happening) => {
    parts.changes.note(happening);
    for (const subscription of parts.subscriptions.fitting(happening))
      parts.notifier.change(subscription, happening);
    world.changed();
  };

  const graph = async (app: FastifyInstance) => {
    app.addHook('onRequest', async (request, reply) => {
      const path = request.url.slice(`${PREFIX}/v1.0`.length);
      asked = [...asked, `${request.method} ${path}`].slice(-REQUESTS_KEPT);
      const refusal = parts.refusing.now;
      const refused = refusal !== null && path.startsWith(refusal.below ?? '') ? refusal : null;
      if (refused?.retryAfterSeconds !== undefined)
        reply.header('retry-after', String(refused.retryAfterSeconds));
      if (refused !== null) throw new GraphError(refused.status, 'Refused', 'Refused as told.');
      tenant.takeTurns();
      parts.tokens.require(request);
      parts.throttle.take();
    });
    underFaults(app, world.faults, { vendor: 'entra', prefix: PREFIX }, (status, reply) => {
      // Every other resource says how long to wait.
      if (status === 429) reply.header('retry-after', '1');
      return graphErrorBody(
        new GraphError(status, codes[status] ?? 'UnknownError', 'The sandbox was told to fail.'),
      );
    });
    const worldUrl = world.url;
    directoryRoutes(app, {
      ...parts,
      worldUrl,
      wrote: (group, memberId, isMember) => {
        parts.logs.addAudit({ groupId: group.id, memberId, isMember }, null);
        tenant.setMember(group, memberId, isMember);
      },
    });
    deltaRoutes(app, { ...parts, worldUrl });
    batchRoute(app);
    subscriptionRoutes(app, parts.subscriptions, parts.notifier, parts.tokens);
    logRoutes(app, { ...parts, worldUrl });
    await app.register(async (sync) => synchronizationRoutes(sync, { ...parts, worldUrl }));
  };

  return {
    async routes(app) {
      await app.register(
        async (entra) => {
          entra.addContentTypeParser(
            'application/x-www-form-urlencoded',
            { parseAs: 'string' },
            (_request, body, done) => done(null, body),
          );
          entra.setErrorHandler((error, _request, reply) => sendGraphError(reply, asGraphError(error)));
          await entra.register(
            async (login) => tokenRoute(login, { ...parts, graphUrl: () => `${world.url()}${PREFIX}` }),
            { prefix: '/login' },
          );
          await entra.register(async (signingIn) => {
            underFaults(signingIn, world.faults, { vendor: 'entra', prefix: PREFIX }, () => ({
              error: 'temporarily_unavailable',
              error_description: 'The sandbox was told to fail.',
            }));
            await signIn.routes(signingIn);
          });
          await entra.register(graph, { prefix: '/v1.0' });
          await entra.register(
            async (sim) => {
              portal(sim, parts);
              sim.get('/requests', async () => asked);
            },
            { prefix: '/sim' },
          );
        },
        { prefix: PREFIX },
      );
    },
    claimOf: (key) => parts.groupClaim.of(key),
    snapshot: () => ({ tenant: tenant.snapshot(), provisioning: parts.provisioning.snapshot() }),
    restore(saved) {
      const { tenant: directory, provisioning } = saved as {
        tenant: ReturnType<Tenant['snapshot']>;
        provisioning: ReturnType<Provisioning['snapshot']>;
      };
      tenant.restore(directory);
      parts.provisioning.restore(provisioning);
      parts.tokens.reset();
      parts.credentials.reset();
      parts.logs.reset();
      parts.changes.forgottenTo = 0;
      parts.throttle.limit = null;
      parts.refusing.now = null;
      asked = [];
    },
    groupsOf(key) {
      const user = tenant.userKeyed(key);
      return user?.accountEnabled === true
        ? [...tenant.groups.values()].filter(({ members }) => members.has(user.id)).map((g) => g.displayName)
        : [];
    },
    async close() {
      await parts.provisioning.close();
      await parts.notifier.close();
    },
  };
}

const codes: Record<number, string> = {
  401: 'InvalidAuthenticationToken',
  403: 'Authorization_RequestDenied',
  404: 'Request_ResourceNotFound',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

function asGraphError(error: unknown): GraphError {
  if (error instanceof GraphError) return error;
  return new GraphError((error as { statusCode?: number }).statusCode ?? 500, 'BadRequest', 'Refused.');
}
