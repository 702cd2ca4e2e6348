import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Emulator, World } from '../emulator.ts';
import { GraphError, notFound, sendGraphError } from './errors.ts';
import { graphRoutes, Subscriptions } from './graph-api.ts';
import { Notifier } from './notifier.ts';
import { Tenant } from './tenant.ts';
import { EntraTokens, entraApp, tokenRoute } from './token.ts';

const PREFIX = '/entra';

const settingsSchema = z.strictObject({
  firstRetryMs: z.int().min(1).optional(),
  copies: z.int().min(1).optional(),
  ids: z.boolean().optional(),
  delta: z.boolean().optional(),
  /** Answers of Graph from now on; null: as usual. */
  refuse: z
    .strictObject({
      status: z.int(),
      retryAfterSeconds: z.int().optional(),
      /** How the path below `/v1.0` begins; without, all of them. */
      below: z.string().optional(),
    })
    .nullish(),
});
const memberSchema = z.strictObject({ group: z.string(), key: z.string(), isMember: z.boolean() });
const userSchema = z.strictObject({ key: z.string(), happening: z.enum(['updated', 'deleted']) });
const lifecycleSchema = z.strictObject({
  resource: z.string(),
  event: z.enum(['reauthorizationRequired', 'subscriptionRemoved', 'missed']),
});

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

/**
 * Microsoft Entra ID as far as it tells of changes:
 * - the token endpoint below `/entra/login`
 * - Graph below `/entra/v1.0`
 * - the portal below `/entra/sim`
 *
 * It stands beside Okta and has a directory of its own.
 */
export function createEntraEmulator(world: World): Emulator {
  const tenant = new Tenant(world);
  const tokens = new EntraTokens();
  const subscriptions = new Subscriptions();
  const notifier = new Notifier();
  let refusing: NonNullable<z.infer<typeof settingsSchema>['refuse']> | null = null;
  let asked: string[] = [];
  tenant.listener = (happening) => {
    for (const subscription of subscriptions.fitting(happening)) notifier.change(subscription, happening);
    world.changed();
  };

  function portal(sim: FastifyInstance): void {
    sim.post('/members', async (request) => {
      const { group, key, isMember } = memberSchema.parse(request.body);
      const found = tenant.groupNamed(group);
      const user = tenant.userKeyed(key);
      if (found === null || user === null) throw notFound(found === null ? group : key);
      tenant.setMember(found, user.id, isMember);
      return { groupId: found.id, userId: user.id };
    });
    sim.post('/users', async (request) => {
      const { key, happening } = userSchema.parse(request.body);
      const user = tenant.userKeyed(key);
      if (user === null) throw notFound(key);
      if (happening === 'deleted') tenant.deleteUser(user.id);
      else tenant.touchUser(user.id);
      return { userId: user.id };
    });
    sim.post('/lifecycle', async (request) => {
      const { resource, event } = lifecycleSchema.parse(request.body);
      const subscription = subscriptions.all().find((one) => one.resource === resource);
      if (subscription === undefined) throw notFound(resource);
      if (event === 'subscriptionRemoved') subscriptions.remove(subscription.id);
      notifier.lifecycle(subscription, event);
      return { id: subscription.id };
    });
    sim.post('/settings', async (request) => {
      const { refuse, ...settings } = settingsSchema.parse(request.body);
      if (refuse !== undefined) refusing = refuse;
      Object.assign(notifier.settings, settings);
      return notifier.settings;
    });
    sim.post('/tokens/revoke', async () => {
      tokens.revokeAll();
      return { ok: true };
    });
    sim.get('/subscriptions', async () => subscriptions.all());
    sim.get('/deliveries', async () => notifier.deliveries);
    sim.get('/requests', async () => asked);
  }

  return {
    async routes(app) {
      await app.register(
        async (entra) => {
          entra.addContentTypeParser(
            'application/x-www-form-urlencoded',
            { parseAs: 'string' },
            (_request, body, done) => done(null, body),
          );
          entra.setErrorHandler((error, _request, reply) =>
            sendGraphError(
              reply,
              error instanceof GraphError
                ? error
                : new GraphError(
                    (error as { statusCode?: number }).statusCode ?? 500,
                    'BadRequest',
                    'Refused.',
                  ),
            ),
          );
          await entra.register(async (login) => tokenRoute(login, tokens, () => `${world.url()}${PREFIX}`), {
            prefix: '/login',
          });
          await entra.register(
            async (graph) => {
              graph.addHook('onRequest', async (request, reply) => {
                const path = request.url.slice(`${PREFIX}/v1.0`.length);
                asked = [...asked, `${request.method} ${path}`].slice(-1_000);
                const refused = refusing !== null && path.startsWith(refusing.below ?? '') ? refusing : null;
                if (refused?.retryAfterSeconds !== undefined)
                  reply.header('retry-after', String(refused.retryAfterSeconds));
                if (refused !== null) throw new GraphError(refused.status, 'Refused', 'Refused as told.');
                tokens.require(request);
              });
              graphRoutes(graph, { tenant, subscriptions, notifier });
            },
            { prefix: '/v1.0' },
          );
          await entra.register(async (sim) => portal(sim), { prefix: '/sim' });
        },
        { prefix: PREFIX },
      );
    },
    snapshot: () => null,
    restore: () => {},
    close: () => notifier.close(),
  };
}
