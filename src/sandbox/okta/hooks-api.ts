import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { actorOf } from './authorization.ts';
import { notFound, OktaError } from './errors.ts';
import type { EventHook, EventHooks } from './event-hooks.ts';

/** Active hooks of an organisation, at most (okta-developer-docs, docs/concepts/event-hooks). */
const HOOKS_MAX = 25;

type HookParams = { Params: { id: string } };

const hookSchema = z.object({
  name: z.string().min(1),
  events: z.object({ type: z.literal('EVENT_TYPE'), items: z.array(z.string()).min(1) }),
  channel: z.object({
    type: z.literal('HTTP'),
    version: z.literal('1.0.0'),
    config: z.object({
      uri: z.url(),
      authScheme: z
        .object({ type: z.literal('HEADER'), key: z.string().min(1), value: z.string().min(1) })
        .optional(),
    }),
  }),
});

/** `/api/v1/eventHooks` and below. */
export function hookRoutes(app: FastifyInstance, hooks: EventHooks, worldUrl: () => string): void {
  const read = { config: { oktaScope: 'okta.eventHooks.read' } } as const;
  const manage = { config: { oktaScope: 'okta.eventHooks.manage' } } as const;
  const hookOf = (id: string): EventHook => {
    const hook = hooks.hooks.get(id);
    if (hook === undefined) throw notFound(id, 'EventHook');
    return hook;
  };
  const show = (hook: EventHook) => showHook(hook, worldUrl());

  app.get('/eventHooks', read, async () => [...hooks.hooks.values()].map(show));

  app.post('/eventHooks', manage, async (request) => {
    const parsed = hookSchema.safeParse(request.body);
    if (!parsed.success)
      throw new OktaError(
        'E0000001',
        'Api validation failed: eventHook',
        parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
      );
    if ([...hooks.hooks.values()].filter((h) => h.status === 'ACTIVE').length >= HOOKS_MAX)
      throw new OktaError('E0000001', 'Api validation failed: eventHook', ['Too many active event hooks.']);
    const { name, events, channel } = parsed.data;
    const { uri, authScheme } = channel.config;
    return show(
      hooks.create({
        name,
        uri,
        auth: authScheme === undefined ? null : { key: authScheme.key, value: authScheme.value },
        eventTypes: events.items,
        createdBy: actorOf(request).id,
      }),
    );
  });

  app.get<HookParams>('/eventHooks/:id', read, async (request) => show(hookOf(request.params.id)));

  app.delete<HookParams>('/eventHooks/:id', manage, async (request, reply) => {
    hooks.hooks.delete(hookOf(request.params.id).id);
    return reply.code(204).send();
  });

  app.post<HookParams>('/eventHooks/:id/lifecycle/verify', manage, async (request) => {
    const hook = hookOf(request.params.id);
    if (!(await hooks.verify(hook)))
      throw new OktaError('E0000001', 'Api validation failed: eventHook', [
        'The endpoint did not answer the verification.',
      ]);
    return show(hook);
  });
}

function showHook(hook: EventHook, worldUrl: string) {
  const self = `${worldUrl}/okta/api/v1/eventHooks/${hook.id}`;
  return {
    id: hook.id,
    status: hook.status,
    verificationStatus: hook.isVerified ? 'VERIFIED' : 'UNVERIFIED',
    name: hook.name,
    created: hook.created,
    createdBy: hook.createdBy,
    lastUpdated: hook.lastUpdated,
    events: { type: 'EVENT_TYPE', items: hook.eventTypes },
    channel: {
      type: 'HTTP',
      version: '1.0.0',
      config: {
        uri: hook.uri,
        method: 'POST',
        ...(hook.auth === null ? {} : { authScheme: { type: 'HEADER', key: hook.auth.key } }),
      },
    },
    _links: { self: { href: self }, verify: { href: `${self}/lifecycle/verify` } },
  };
}
