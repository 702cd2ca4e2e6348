import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Outside } from './config/config.ts';
import { Fault } from './core/fault.ts';
import type { Catalogue } from './core/policy/catalogue.ts';
import type { Rules } from './core/policy/verdict.ts';
import { endInTime, step } from './ending.ts';
import { createCatalogueBook } from './flow/catalogue/catalogue-status.ts';
import { takeBaseline } from './flow/drift/baseline.ts';
import type { Context } from './flow/kernel/context.ts';
import { createRelay } from './flow/outbox-worker.ts';
import { createPartyWatch } from './flow/party-watch.ts';
import { runsOn } from './flow/steps.ts';
import { createSweeps, every } from './flow/timers.ts';
import { createGraph } from './idp/graph.ts';
import { createOkta } from './idp/okta.ts';
import { readLogEvents } from './idp/okta-events.ts';
import {
  GRAPH_LIFECYCLE_PATH,
  GRAPH_NOTIFICATIONS_PATH,
  graphNotifications,
} from './inbound/graph-notifications.ts';
import { createKeeper } from './inbound/graph-subscriptions.ts';
import { oktaHook } from './inbound/okta-hook.ts';
import { setReceiver } from './inbound/set-receiver.ts';
import { mcpRoutes } from './mcp/routes.ts';
import { createAdviser, noAdviser } from './model/adviser.ts';
import { createAnypoint } from './mulesoft/anypoint.ts';
import { createReloader } from './policy/reload.ts';
import type { Messenger } from './ports/messenger.ts';
import { createJobQueue } from './queue/job-queue.ts';
import { fitRedis } from './queue/redis-check.ts';
import { scimRoutes } from './scim/routes.ts';
import { createSlackClient } from './slack/api/client.ts';
import { cards } from './slack/app/cards.ts';
import { listen } from './slack/app/listen.ts';
import { httpReceiver, mountSlack } from './slack/app/mount.ts';
import { connectSocket, socketReceiver } from './slack/app/socket.ts';
import { createSlackDirectory } from './slack/directory.ts';
import { createSlackMessenger } from './slack/messenger.ts';
import { stampDatabase } from './store/installation.ts';
import { createModelMemory } from './store/model-memory.ts';
import { type Database, openDatabase } from './store/postgres/database.ts';
import { openLocks } from './store/postgres/locks.ts';
import { canaryApi } from './web/canary-api.ts';
import { changesApi } from './web/changes-api.ts';
import { createGuard } from './web/guard.ts';
import { healthRoutes } from './web/health.ts';
import { listensOn, portTaken } from './web/listens-on.ts';
import { createMetrics } from './web/metrics.ts';
import { behindReadToken, createReadCheck } from './web/read-door.ts';
import { type Readiness, readiness } from './web/readiness.ts';
import { createServer } from './web/server.ts';

/** From decision to seen in MuleSoft. */
const OBJECTIVE_MS = 60_000;
/** Whether Graph still has the subscriptions we need is looked at this often. */
const KEEP_EVERY_MS = 300_000;
/** Parties that are not well are asked again this often. */
const WATCH_EVERY_MS = 5_000;
/** The start waits this long for what Slack, Okta and Anypoint say of our credentials. */
const FIRST_LOOK_MAX_MS = 5_000;
/** Slack's own path; one for commands, interactions and events. */
const SLACK_PATH = '/slack/events';

export type LatchkeyOptions = {
  outside: Outside;
  /** The parties are the sandbox's: listens on loopback only, and its database is no other installation's. */
  isSandbox?: boolean;
  catalogue: Catalogue;
  /** As loaded with the catalogue. */
  rules: Rules;
  /** Folder that both were loaded from: followed, so that a change comes into force without a restart. */
  policyDir?: string;
  databaseUrl: string;
  redisUrl: string | null;
  /** The authority of Redis's certificate as PEM; left out: those that Node trusts. */
  redisCa?: string;
  /** 0: any free port. */
  port: number;
  publicUrl: string | null;
  readToken: string | null;
  /** Addresses of proxies whose X-Forwarded-For is believed; null or left out: nobody's. */
  trustProxy?: readonly string[] | null;
  log: Logger;
  objectiveMs?: number;
  modelBudgetMs?: number;
  /** What the model may cost in a day (UTC), in tokens; null or left out: no limit. */
  modelDailyTokens?: number | null;
  /** How often the IdP's own log is read on, in milliseconds. */
  listenEveryMs?: number;
};

export type Latchkey = {
  url: string;
  context: Context;
  jobQueue: 'redis' | 'postgres';
  /** Reads the policy anew, now. */
  reload(): Promise<void>;
  /** Whether the main job can be done, and what can't. */
  readiness(): Promise<Readiness>;
  /** Ends within seconds, whatever is away. Answers what was not waited for any longer; nothing accepted is lost with it. */
  stop(): Promise<string[]>;
};

/** Puts the parts together and starts them: one server, the relay, the workers, the sweeps. */
export async function startLatchkey(options: LatchkeyOptions): Promise<Latchkey> {
  const { outside, log } = options;
  const database = await openDatabase(options.databaseUrl);
  await refuseForeign(database, options);
  const locks = openLocks(options.databaseUrl);
  const redis =
    options.redisUrl === null ? null : await fitRedis(options.redisUrl, options.redisCa ?? null, log);
  const jobQueue = await createJobQueue({ redis, databaseUrl: options.databaseUrl, log });

  const slack = createSlackClient(outside.slack, log);
  const idp = createOkta({ orgUrl: outside.okta.orgUrl, auth: outside.okta.auth });
  const mulesoft = createAnypoint(outside.anypoint);
  const graph = outside.graph === null ? null : createGraph(outside.graph);
  const adviser =
    outside.model === null
      ? noAdviser
      : createAdviser({
          apiKey: outside.model.apiKey,
          model: outside.model.model,
          memory: createModelMemory(database.db, options.modelDailyTokens ?? null),
          onTrouble: (trouble) =>
            trouble === null
              ? log.info('the model answers again')
              : log.warn(trouble, 'the model gives no advice; cards go out without: try `latchkey check`'),
          ...(outside.model.baseUrl === null ? {} : { baseUrl: outside.model.baseUrl }),
          ...(options.modelBudgetMs === undefined ? {} : { budgetMs: options.modelBudgetMs }),
        });

  const pausedUntil: Context['pausedUntil'] = new Map();
  const metrics = createMetrics(database.db, () => relay.queueAway() !== null);
  const context: Context = {
    db: database.db,
    locks,
    idp,
    ...(graph === null ? {} : { entra: graph }),
    mulesoft,
    chat: createSlackDirectory(slack),
    messenger: createSlackMessenger(slack) as Messenger<unknown>,
    adviser,
    catalogue: createCatalogueBook(
      { catalogue: options.catalogue, rules: options.rules },
      { idp, mulesoft, log },
      (target) => takeBaseline({ db: database.db, idp, locks, pausedUntil, log }, target),
    ),
    signInUrl: outside.anypoint.signInUrl ?? `${outside.anypoint.url}/login`,
    objectiveMs: options.objectiveMs ?? OBJECTIVE_MS,
    measure: metrics.changeSeen,
    pausedUntil,
    nudge: () => relay.nudge(),
    runNow: (row) => relay.runNow(row),
    queueAway: () => relay.queueAway(),
    hasEventHook: outside.okta.hookSecrets.length > 0,
    sweepSoon: () => sweeps.reconcileSoon(),
    log,
  };
  const reloader = options.policyDir === undefined ? null : createReloader(context, options.policyDir);
  const relay = createRelay(context, jobQueue, runsOn(context, cards));
  const sweeps = createSweeps(
    context,
    options.listenEveryMs === undefined ? {} : { listenEveryMs: options.listenEveryMs },
  );

  const app = createServer(options);
  const guard = await createGuard(app, log, metrics);
  const url = options.publicUrl ?? `http://127.0.0.1:${options.port}`;
  let shutWayIn: () => string | null = () => null;
  const watch = createPartyWatch(context, () => shutWayIn());
  const watching = every(WATCH_EVERY_MS, context, 'watching the parties', () => watch.look());
  const report = () => readiness(context, reloader?.mistakes() ?? [], watch.states());
  const mayRead = createReadCheck(options.readToken);
  healthRoutes(app, { guard, mayRead, report });
  metrics.traffic.watch(app);
  await scimRoutes(app, {
    db: database.db,
    token: outside.scimToken,
    idp: context.idp.system,
    observedGroups: () => groupsOf(context),
    awaits: (department) =>
      department !== null &&
      context.catalogue.current().entitlements.some((e) => e.birthright?.departments.includes(department)),
    onCommitted: relay.nudge,
    baseUrl: url,
    guard,
  });
  await mcpRoutes(app, context, guard);
  const { hookSecrets } = outside.okta;
  if (hookSecrets.length > 0)
    await oktaHook(app, context, {
      secrets: hookSecrets,
      guard,
      read: (events) => readLogEvents(events, 'oktaHook'),
    });
  let ours = url;
  const keeper =
    graph === null
      ? null
      : createKeeper(context, graph, {
          address: () => ours,
          paths: { notifications: GRAPH_NOTIFICATIONS_PATH, lifecycle: GRAPH_LIFECYCLE_PATH },
        });
  const keeping = every({ firstMs: 0, ms: KEEP_EVERY_MS }, context, 'Graph subscriptions', async () =>
    keeper?.look(),
  );
  if (keeper !== null) await graphNotifications(app, context, keeper.lookSoon, guard);
  if (outside.sets !== null) await setReceiver(app, context, { ...outside.sets, guard });
  if (options.readToken !== null)
    await behindReadToken(app, { guard, mayRead }, (api) => {
      changesApi(api, context);
      canaryApi(api, context);
      metrics.routes(api);
    });

  let stopSlack: () => Promise<void> = async () => {};
  if ('signingSecret' in outside.slack) {
    const receiver = httpReceiver(outside.slack.signingSecret, SLACK_PATH, log);
    const { signingSecret } = outside.slack;
    await mountSlack(app, receiver, { path: SLACK_PATH, signingSecret, db: database.db, guard });
    listen(context, receiver, slack, metrics.traffic.slack);
  } else {
    const receiver = socketReceiver(outside.slack.appToken, outside.slack.apiUrl, log);
    const socket = await connectSocket(
      listen(context, receiver, slack, metrics.traffic.slack),
      receiver,
      log,
    );
    stopSlack = socket.stop;
    shutWayIn = socket.trouble;
  }

  // What can't be checked now is checked again by the sweeps; an IdP that is down must not keep Latchkey down.
  await Promise.all([context.catalogue.check(), Promise.race([watch.look(), sleep(FIRST_LOOK_MAX_MS)])]);
  const address = await app.listen({ host: listensOn(options), port: options.port }).catch((cause) => {
    throw cause.code === 'EADDRINUSE' ? portTaken(options.port, cause) : cause;
  });
  ours = options.publicUrl ?? address;
  relay.start();
  sweeps.start();
  reloader?.start();
  keeping.start();
  watching.start();

  return {
    url: address,
    context,
    jobQueue: jobQueue.kind,
    reload: async () => await reloader?.look(),
    readiness: report,
    async stop() {
      const late = await endInTime(
        [
          step('Slack and HTTP', 1_500, stopSlack, () => app.close()),
          step(
            'the sweeps',
            1_500,
            async () => await reloader?.stop(),
            watching.stop,
            keeping.stop,
            async () => await keeper?.stop(),
            sweeps.stop,
          ),
          step('the work under way', 2_500, relay.stop, async () => metrics.traffic.close()),
          step('the queue', 1_500, jobQueue.close),
          step('the database', 500, locks.close, database.close),
        ],
        (name, error) => log.warn({ err: error.message }, `${name} did not end as it should`),
      );
      if (late.length > 0)
        log.warn({ late }, 'not waited for any longer; leases bring back what was under way');
      return late;
    },
  };
}

/**
 * A database is one installation's: started with other settings, Latchkey would settle its grants against the wrong
 * Okta, where nobody is in any group.
 */
async function refuseForeign(database: Database, { outside, isSandbox }: LatchkeyOptions): Promise<void> {
  const ours =
    isSandbox === true
      ? 'the sandbox'
      : `Okta ${outside.okta.orgUrl} and Anypoint organisation ${outside.anypoint.orgId}`;
  const owner = await stampDatabase(database.db, ours);
  if (owner === ours) return;
  await database.close();
  throw new Fault(
    'config.invalid',
    `the database belongs to ${owner}, but this is ${ours}: set the settings it was made with, or give this one a database of its own (DATABASE_URL; embedded: start in another folder)`,
    { retryable: false },
  );
}

/** Names of the groups that carry an entitlement. */
function groupsOf(context: Context): string[] {
  return context.catalogue.current().entitlements.map((e) => e.idpGroup);
}
