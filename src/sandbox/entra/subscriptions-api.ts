import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GraphError } from './errors.ts';
import type { Notifier, Subscription } from './notifier.ts';
import type { Happening } from './tenant.ts';
import type { EntraTokens } from './token.ts';

/** Users and groups: under 29 days (graph/api/resources/subscription). */
const MINUTES_MAX = 41_760;
const CLIENT_STATE_MAX = 128;

const freeTextSchema = z.object({
  changeType: z.string(),
  notificationUrl: z.url(),
  lifecycleNotificationUrl: z.url().optional(),
  resource: z.string(),
  expirationDateTime: z.iso.datetime({ offset: true }),
  clientState: z.string().optional(),
});
const renewalSchema = z.object({ expirationDateTime: z.iso.datetime({ offset: true }) });

type ById = { Params: { id: string } };

/** Every subscription of the app registration that has not expired. */
export class Subscriptions {
  readonly #all = new Map<string, Subscription>();

  all(): Subscription[] {
    for (const [id, { expiresAt }] of this.#all) if (expiresAt <= Date.now()) this.#all.delete(id);
    return [...this.#all.values()];
  }

  has(resource: string, changeType: string): boolean {
    return this.all().some((one) => one.resource === resource && one.changeType === changeType);
  }

  byId(id: string): Subscription | null {
    return this.all().find((one) => one.id === id) ?? null;
  }

  add(subscription: Subscription): void {
    this.#all.set(subscription.id, subscription);
  }

  remove(id: string): boolean {
    return this.#all.delete(id);
  }

  /** Those whose resource and change type this happening fits. */
  fitting({ of, id, changeType }: Happening): Subscription[] {
    const resources =
      of === 'user' ? ['users', `users/${id}`] : ['groups', `groups/${id}`, `groups/${id}/members`];
    return this.all().filter(
      (one) => resources.includes(one.resource) && one.changeType.split(',').includes(changeType),
    );
  }
}

/** Graph gives no subscription for a right to write (graph/api/subscription-post-subscriptions, Permissions). */
function mustRead(tokens: EntraTokens, request: FastifyRequest, resource: string): void {
  const { roles } = tokens.require(request);
  const reads = [resource.startsWith('users') ? 'User.Read.All' : 'Group.Read.All', 'Directory.Read.All'];
  if (!reads.some((one) => roles.includes(one)))
    throw new GraphError(
      403,
      'ExtensionError',
      'Operation: Create; Exception: [Status Code: Forbidden; Reason: ]',
    );
}

/** Subscriptions of Graph v1.0. */
export function subscriptionRoutes(
  app: FastifyInstance,
  subscriptions: Subscriptions,
  notifier: Notifier,
  tokens: EntraTokens,
): void {
  app.get('/subscriptions', async () => ({ value: subscriptions.all().map(shown) }));

  app.post('/subscriptions', async (request, reply) => {
    const freeText = freeTextSchema.safeParse(request.body);
    if (!freeText.success) throw invalid(z.prettifyError(freeText.error));
    const { changeType, notificationUrl, resource, clientState = null } = freeText.data;
    const lifecycleNotificationUrl = freeText.data.lifecycleNotificationUrl ?? null;
    if (!/^(users|groups)(\/[0-9a-f-]{36}(\/members)?)?$/.test(resource))
      throw invalid(`The resource ${resource} can't be subscribed to.`);
    mustRead(tokens, request, resource);
    if (!changeType.split(',').every((type) => type === 'updated' || type === 'deleted'))
      throw invalid(`The change type ${changeType} is not supported for ${resource}.`);
    if (clientState !== null && clientState.length > CLIENT_STATE_MAX)
      throw invalid(`clientState must be at most ${CLIENT_STATE_MAX} characters.`);
    if (subscriptions.has(resource, changeType)) throw twice();
    const expiresAt = expiryOf(freeText.data.expirationDateTime);
    for (const url of [notificationUrl, lifecycleNotificationUrl])
      if (url !== null && !(await notifier.validate(url)))
        throw invalid(
          'Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request.',
        );
    const id = randomUUID();
    const made = {
      id,
      resource,
      changeType,
      notificationUrl,
      lifecycleNotificationUrl,
      clientState,
      expiresAt,
    };
    subscriptions.add(made);
    return reply.code(201).send(shown(made));
  });

  app.patch<ById>('/subscriptions/:id', async (request) => {
    const subscription = subscriptions.byId(request.params.id);
    if (subscription === null) throw gone();
    const renewal = renewalSchema.safeParse(request.body);
    if (!renewal.success) throw invalid(z.prettifyError(renewal.error));
    subscription.expiresAt = expiryOf(renewal.data.expirationDateTime);
    return shown(subscription);
  });

  app.delete<ById>('/subscriptions/:id', async (request, reply) => {
    if (!subscriptions.remove(request.params.id)) throw gone();
    return reply.code(204).send();
  });
}

function expiryOf(text: string): number {
  const expiresAt = Date.parse(text);
  if (expiresAt > Date.now() + MINUTES_MAX * 60_000)
    throw invalid(`Subscription expiration can only be ${MINUTES_MAX} minutes in the future.`);
  if (expiresAt <= Date.now()) throw invalid('Subscription expiration must be in the future.');
  return expiresAt;
}

/** The secret is never shown again. */
function shown({ expiresAt, ...subscription }: Subscription) {
  return { ...subscription, clientState: null, expirationDateTime: new Date(expiresAt).toISOString() };
}

function invalid(message: string): GraphError {
  return new GraphError(400, 'ValidationError', message);
}

/** Graph has one for a resource and its change types (graph/api/subscription-post-subscriptions, duplicates). */
function twice(): GraphError {
  return new GraphError(409, 'Conflict', 'Subscription already exists for the requested combination.');
}

function gone(): GraphError {
  return new GraphError(404, 'ResourceNotFound', 'The object was not found.');
}
