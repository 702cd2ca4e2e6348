import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Observation, Told } from '../core/drift/observation.ts';
import { isStorable } from '../core/storable.ts';
import { recordWithin } from '../flow/drift/record-observations.ts';
import { commit } from '../flow/kernel/commit.ts';
import type { Context } from '../flow/kernel/context.ts';
import { GRAPH_LIFECYCLE_PATH, GRAPH_NOTIFICATIONS_PATH } from '../idp/entra/graph.ts';
import {
  dueGraphRenewals,
  forgetGraphSubscriptions,
  graphSubscriptionsOf,
  type KnownSubscription,
} from '../store/graph-subscriptions.ts';
import { type Guard, tooMany, unguarded } from '../web/guard.ts';
import { readNotification } from './graph-observations.ts';

/** Many notifications come in one POST, each about a kilobyte. */
const BODY_MAX = 2 * 1024 * 1024;
/** Graph's tokens are a sentence with a request id; far below this. */
const TOKEN_MAX_CHARS = 1_024;
/** Of what was left out, so many subscriptions are named in the log. */
const IDS_LOGGED = 5;
/** Printable, and nothing that means something in HTML: the token is echoed. */
const TOKEN = /^[ !#$%()*+,\-./0-9:;=?@A-Z[\]^_a-z{|}~]+$/;

const deliverySchema = z.object({ value: z.array(z.unknown()).max(10_000) });
const text = z.string().min(1).max(500).refine(isStorable);
const addressedSchema = z.looseObject({ subscriptionId: text, clientState: z.string().max(1_000).nullish() });
const lifecycleSchema = z.looseObject({ lifecycleEvent: text });

type Addressed = z.infer<typeof addressedSchema>;
type Delivered = { notification: Addressed; subscription: KnownSubscription };
type GraphContext = Pick<Context, 'db' | 'nudge' | 'log'> & {
  /** The identity provider that tells by them; left out: a directory beside it. */
  system?: string;
  catalogue: Pick<Context['catalogue'], 'current'>;
};

/**
 * Where Microsoft Graph delivers change notifications and tells of its subscriptions' life. An address is validated by
 * echoing a token within 10 s. A delivery is answered 202 once it is stored, and 503 while it can't be (Graph repeats
 * for four hours). A notification without its subscription's secret is left out and noted. Graph wants 2xx, and a
 * forger learns nothing. `keep` looks after the subscriptions.
 */
export async function graphNotifications(
  app: FastifyInstance,
  context: GraphContext,
  keep: () => void,
  guard: Guard = unguarded,
): Promise<void> {
  await app.register(async (graph) => {
    // A validation says text/plain, a delivery JSON; both are read as text.
    graph.removeAllContentTypeParsers();
    graph.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_MAX }, (_request, body, done) =>
      done(null, body),
    );
    graph.post(GRAPH_NOTIFICATIONS_PATH, (request, reply) =>
      answer(context, guard, { request, reply }, (delivered) => takeIn(context, delivered)),
    );
    graph.post(GRAPH_LIFECYCLE_PATH, (request, reply) =>
      answer(context, guard, { request, reply }, async (delivered) => {
        await followLifecycle(context, delivered);
        keep();
      }),
    );
  });
}

async function answer(
  context: GraphContext,
  guard: Guard,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  take: (delivered: Delivered[]) => Promise<void>,
): Promise<FastifyReply> {
  const { validationToken } = request.query as { validationToken?: unknown };
  if (validationToken !== undefined)
    return (await guard.forAnybody(request, reply)) ?? validate(validationToken, reply);
  const notifications = readDelivery(context, request.body);
  if (notifications === null)
    return reply.code(400).send({ error: 'this is not a delivery: a JSON object with a list `value`' });
  try {
    const delivered = await addressed(context, notifications);
    if (delivered.length > 0) await take(delivered);
    else if (notifications.length > 0) {
      const seconds = await guard.refused(request, 'graph');
      if (seconds !== null) return await tooMany(reply, seconds);
    }
  } catch (error) {
    context.log.error({ err: (error as Error).message }, 'Graph notifications not stored');
    return reply
      .code(503)
      .header('retry-after', '5')
      .send({ error: 'it can’t be stored now: send it again' });
  }
  return reply.code(202).send();
}

function validate(token: unknown, reply: FastifyReply): FastifyReply {
  reply.header('content-type', 'text/plain; charset=utf-8').header('x-content-type-options', 'nosniff');
  if (typeof token !== 'string' || token.length > TOKEN_MAX_CHARS || !TOKEN.test(token))
    return reply.code(400).send('validationToken does not look like one');
  return reply.code(200).send(token);
}

function readDelivery(context: GraphContext, body: unknown): Addressed[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(body ?? ''));
  } catch {
    return null;
  }
  const delivery = deliverySchema.safeParse(parsed);
  if (!delivery.success) return null;
  const addressed = delivery.data.value.flatMap((one) => addressedSchema.safeParse(one).data ?? []);
  const unread = delivery.data.value.length - addressed.length;
  if (unread > 0) context.log.warn({ unread }, 'Graph notifications not understood');
  return addressed;
}

/** Those that carry the secret of a subscription of ours, or of one that we have replaced not long ago. */
async function addressed(context: GraphContext, notifications: readonly Addressed[]): Promise<Delivered[]> {
  const ids = [...new Set(notifications.map((one) => one.subscriptionId))];
  const ours = await graphSubscriptionsOf(context.db, ids);
  const delivered = notifications.flatMap((notification): Delivered[] => {
    const subscription = ours.get(notification.subscriptionId);
    const secret = createHash('sha256')
      .update(notification.clientState ?? '')
      .digest();
    const isGenuine = subscription !== undefined && timingSafeEqual(secret, subscription.clientState);
    return isGenuine ? [{ notification, subscription }] : [];
  });
  const leftOut = notifications.length - delivered.length;
  // One line for a delivery: whoever forges thousands does not fill the log.
  if (leftOut > 0)
    context.log.warn(
      { leftOut, subscriptions: ids.slice(0, IDS_LOGGED), ours: ours.size },
      'Graph notifications left out: they do not carry the secret of a subscription of ours',
    );
  return delivered;
}

async function takeIn(context: GraphContext, delivered: readonly Delivered[]): Promise<void> {
  await commit(
    context.db,
    async ({ tx, now }) => {
      const observations = delivered.flatMap(({ notification, subscription }) => {
        const read = readNotification(notification, subscription, now);
        if (read === null)
          context.log.warn({ subscription: subscription.id }, 'Graph notification not understood');
        return (read ?? []).map((one) => ({ ...one, payload: asOwn(context, one.payload) }));
      });
      const { jobs } = await recordWithin(tx, observations);
      return { result: null, jobs };
    },
    context.nudge,
  );
}

/**
 * Each event is noted first, so that it is not lost with the process.
 * - A subscription to be renewed is due.
 * - A subscription that Graph has removed is forgotten, and so made anew.
 * - Where notifications were missed, the groups are checked.
 */
async function followLifecycle(context: GraphContext, delivered: readonly Delivered[]): Promise<void> {
  const of = (event: string) =>
    delivered
      .filter(({ notification }) => lifecycleSchema.safeParse(notification).data?.lifecycleEvent === event)
      .map(({ subscription }) => subscription);
  const ids = (subscriptions: KnownSubscription[]) => subscriptions.map(({ id }) => id);
  await commit(
    context.db,
    async ({ tx, now }) => {
      await dueGraphRenewals(tx, ids(of('reauthorizationRequired')));
      await forgetGraphSubscriptions(tx, ids(of('subscriptionRemoved')));
      const { jobs } = await recordWithin(
        tx,
        of('missed').flatMap((subscription) => missed(context, subscription, now)),
      );
      return { result: null, jobs };
    },
    context.nudge,
  );
}

/** Where Entra is an identity provider itself, its ids and names are its own. Beside another it only tells. */
function asOwn({ system }: GraphContext, told: Told): Told {
  if (system === undefined) return told;
  const person = 'person' in told && 'entraId' in told.person ? { person: { id: told.person.entraId } } : {};
  return { ...told, ...person, idp: system } as Told;
}

/** Of people nobody can say who was missed: all groups, where it would show, are looked at. */
function missed(context: GraphContext, { id, groupName }: KnownSubscription, now: Date): Observation[] {
  const names =
    groupName === null ? context.catalogue.current().entitlements.map((e) => e.idpGroup) : [groupName];
  return [...new Set(names)].map((name) => ({
    key: `graph:${id}:missed:${now.getTime()}:${name}`.slice(0, 500),
    eventSource: 'graph',
    payload: asOwn(context, { kind: 'group', group: { name } }),
    actor: null,
    occurredAt: now,
  }));
}
