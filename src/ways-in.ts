import type { Logger } from 'pino';
import type { Outside } from './config/config.ts';
import type { Context } from './flow/kernel/context.ts';
import { every } from './flow/timers.ts';
import { GRAPH_LIFECYCLE_PATH, GRAPH_NOTIFICATIONS_PATH, type Graph } from './idp/entra/graph.ts';
import { eventHook } from './inbound/event-hook.ts';
import { graphNotifications } from './inbound/graph-notifications.ts';
import { createKeeper } from './inbound/graph-subscriptions.ts';
import { setReceiver } from './inbound/set-receiver.ts';
import { mcpRoutes } from './mcp/routes.ts';
import { scimRoutes } from './scim/routes.ts';
import type { createSlackClient } from './slack/api/client.ts';
import { listen } from './slack/app/listen.ts';
import { httpReceiver, mountSlack } from './slack/app/mount.ts';
import { connectSocket, socketReceiver } from './slack/app/socket.ts';
import { auditApi } from './web/audit-api.ts';
import { canaryApi } from './web/canary-api.ts';
import type { createGuard } from './web/guard.ts';
import type { createMetrics } from './web/metrics.ts';
import { pageApi } from './web/page/api.ts';
import { pageRoutes } from './web/page/routes.ts';
import { behindReadToken, type createReadCheck } from './web/read-door.ts';
import type { Readiness } from './web/readiness.ts';
import type { createServer } from './web/server.ts';
import { stepUpRoutes } from './web/step-up.ts';

/** Whether Graph still has the subscriptions we need is looked at this often. */
const KEEP_EVERY_MS = 300_000;
/** Slack's own path; one for commands, interactions and events. */
const SLACK_PATH = '/slack/events';

/** What every way in is opened with. */
export type Doors = {
  app: ReturnType<typeof createServer>;
  context: Context;
  guard: Awaited<ReturnType<typeof createGuard>>;
  metrics: ReturnType<typeof createMetrics>;
  mayRead: ReturnType<typeof createReadCheck>;
  /** Whether the main job can be done, and what can’t. */
  report: () => Promise<Readiness>;
};
/** How Slack reaches us. `trouble`: why it does not; null while it does. */
export type WayIn = { stop: () => Promise<void>; trouble: () => string | null };

type OpenOptions = {
  outside: Outside;
  log: Logger;
  only?: 'web' | 'worker' | null;
};
type Reached = {
  notified: { graph: Graph; system?: string } | null;
  slack: ReturnType<typeof createSlackClient>;
};

/** The ways in, but for a worker's: it answers for its health alone. */
export async function openWays(
  options: OpenOptions,
  doors: Doors,
  { notified, slack }: Reached,
  address: () => string,
) {
  const isWorker = options.only === 'worker';
  if (!isWorker) await openDoors(options, doors, address());
  await openReadDoor(doors);
  return {
    subscriptions: await keepSubscriptions(doors, isWorker ? null : notified, address),
    slack: isWorker ? noWayIn : await openSlack(options, doors, slack),
  };
}

/** For a process that Slack does not reach. */
const noWayIn: WayIn = { stop: async () => {}, trouble: () => null };

/** The ways in beside Slack's: SCIM, copilots, event hooks and security event tokens. */
async function openDoors(
  { outside }: { outside: Outside },
  { app, context, guard, report }: Doors,
  baseUrl: string,
): Promise<void> {
  await scimRoutes(app, {
    db: context.db,
    token: outside.scimToken,
    idps: context.idps.all.map(({ system }) => system),
    observedGroups: (source) => groupsOf(context, source),
    awaits: (department) =>
      department !== null &&
      context.catalogue.current().entitlements.some((e) => e.birthright?.departments.includes(department)),
    onCommitted: context.nudge,
    baseUrl,
    guard,
  });
  await mcpRoutes(app, context, guard);
  if (context.stepUp !== undefined) {
    const at = { guard, isSecure: baseUrl.startsWith('https:') };
    await stepUpRoutes(app, context, at);
    await pageRoutes(app, { context, report }, at);
  }
  for (const { hook } of outside.idps) if (hook !== null) await eventHook(app, context, hook, guard);
  if (outside.sets !== null) await setReceiver(app, context, { ...outside.sets, guard });
}

/** What tokens open: the lists, proofs of the audit, and by the read token metrics too. */
async function openReadDoor({ app, context, guard, metrics, mayRead, report }: Doors): Promise<void> {
  await behindReadToken(app, { guard, mayRead, data: context }, (api) => {
    pageApi(api, { context, report });
    canaryApi(api, context);
    auditApi(api, context);
    metrics.routes(api);
  });
}

/** Graph's subscriptions, looked after while Latchkey runs; nothing where there is no Graph. */
async function keepSubscriptions(
  { app, context, guard }: Doors,
  notified: { graph: Graph; system?: string } | null,
  address: () => string,
): Promise<{ start: () => void; stop: () => Promise<void> }> {
  if (notified === null) return { start: () => {}, stop: async () => {} };
  const { graph, ...by } = notified;
  const paths = { notifications: GRAPH_NOTIFICATIONS_PATH, lifecycle: GRAPH_LIFECYCLE_PATH };
  const groupNames = () => groupsOf(context, by.system);
  const keeper = createKeeper(context, graph, { address, paths, groupNames });
  const keeping = every({ firstMs: 0, ms: KEEP_EVERY_MS }, context, 'Graph subscriptions', () =>
    keeper.look(),
  );
  await graphNotifications(app, { ...context, ...by }, keeper.lookSoon, guard);
  return {
    start: () => keeping.start(),
    async stop() {
      await Promise.all([keeping.stop(), keeper.stop()]);
    },
  };
}

/** Over HTTP where there is a signing secret, else over Socket Mode. */
async function openSlack(
  { outside, log }: { outside: Outside; log: Logger },
  { app, context, guard, metrics }: Doors,
  client: ReturnType<typeof createSlackClient>,
): Promise<WayIn> {
  if ('signingSecret' in outside.slack) {
    const { signingSecret } = outside.slack;
    const receiver = httpReceiver(SLACK_PATH, log);
    await mountSlack(app, receiver, { path: SLACK_PATH, signingSecret, db: context.db, guard });
    listen(context, receiver, client, metrics.traffic.slack);
    return noWayIn;
  }
  const receiver = socketReceiver(outside.slack.appToken, outside.slack.apiUrl, log);
  return await connectSocket(
    listen(context, receiver, client, metrics.traffic.slack),
    receiver,
    outside.slack.appToken,
    log,
  );
}

/** Names of the groups of an IdP that carry an entitlement; left out: of all. */
function groupsOf({ catalogue, idps }: Context, system?: string): string[] {
  const { entitlements } = catalogue.current();
  const own = entitlements.filter(({ idp = idps.first.system }) => idp === (system ?? idp));
  return own.map((e) => e.idpGroup);
}
