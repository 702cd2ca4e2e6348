import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { LogKeys } from './audit/log-keys.ts';
import { ownVersion } from './config/command-line.ts';
import type { Outside } from './config/config.ts';
import type { Catalogue } from './core/policy/catalogue.ts';
import type { Rules } from './core/policy/verdict.ts';
import { endInTime, step } from './ending.ts';
import { type Asked, createElsewhere } from './flow/audit-elsewhere.ts';
import { createCatalogueBook } from './flow/catalogue/catalogue-status.ts';
import { takeBaseline } from './flow/drift/baseline.ts';
import { type Idps, idpsOf } from './flow/idps/idps.ts';
import type { AnchorSettings, Context } from './flow/kernel/context.ts';
import { createWork } from './flow/parted.ts';
import { createPartyWatch } from './flow/party-watch.ts';
import { createLanes, type Lanes } from './flow/queue/lanes.ts';
import { tellOfSecrets } from './flow/secrets/secret-ages.ts';
import { runsOn, steps } from './flow/steps.ts';
import { every } from './flow/timers.ts';
import { connectedIdps, ownNotifications } from './idp/connected.ts';
import { createGraph } from './idp/entra/graph.ts';
import { createOidc } from './idp/oidc.ts';
import { createAdviser, noAdviser } from './model/adviser.ts';
import { createAnypoint } from './mulesoft/anypoint.ts';
import { createReloader } from './policy/reload.ts';
import type { IdentityProvider } from './ports/identity-provider.ts';
import type { Messenger } from './ports/messenger.ts';
import { createJobQueue } from './queue/job-queue.ts';
import { fitRedis } from './queue/redis-check.ts';
import type { GivenSecret } from './secrets/secret.ts';
import type { SecretBook } from './secrets/secret-book.ts';
import { createDestinations, type SiemSettings } from './siem/destinations.ts';
import { createSlackClient } from './slack/api/client.ts';
import { cards } from './slack/app/cards.ts';
import { createSlackDirectory } from './slack/directory.ts';
import { homes } from './slack/home/home.ts';
import { createSlackMessenger } from './slack/messenger.ts';
import { refuseForeign } from './store/installation.ts';
import { createModelMemory } from './store/model-memory.ts';
import { type Database, openDatabase } from './store/postgres/database.ts';
import { openLocks } from './store/postgres/locks.ts';
import { refusePooler } from './store/postgres/pooler.ts';
import { createRecentWrites } from './store/recent-writes.ts';
import { createHttpTickets } from './tickets/http-tickets.ts';
import { type Doors, openWays, type WayIn } from './ways-in.ts';
import { createGuard } from './web/guard.ts';
import { healthRoutes } from './web/health.ts';
import { listensOn, portTaken } from './web/listens-on.ts';
import { createMetrics } from './web/metrics.ts';
import { createReadCheck } from './web/read-door.ts';
import { type Readiness, readiness } from './web/readiness.ts';
import { createServer } from './web/server.ts';

/** From decision to seen in MuleSoft. */
const OBJECTIVE_MS = 60_000;
/** Parties that are not well are asked again this often. */
const WATCH_EVERY_MS = 5_000;
/** Ages count in days, and the last use in minutes. */
const SECRETS_EVERY_MS = 60_000;
/** The start waits this long for what Slack, Okta and Anypoint say of our credentials. */
const FIRST_LOOK_MAX_MS = 5_000;

export type LatchkeyOptions = {
  outside: Outside;
  /** The parties are the sandbox's: listens on loopback only, and its database is no other installation's. */
  isSandbox?: boolean;
  catalogue: Catalogue;
  /** As loaded with the catalogue. */
  rules: Rules;
  /** Folder that both were loaded from: followed, so that a change comes into force without a restart. */
  policyDir?: string;
  databaseUrl: GivenSecret;
  redisUrl: GivenSecret | null;
  /** The authority of Redis's certificate as PEM; left out: those that Node trusts. */
  redisCa?: string;
  /** 0: any free port. */
  port: number;
  publicUrl: string | null;
  readToken: GivenSecret | null;
  /** The secrets that are read from elsewhere; left out: there are none. */
  secrets?: SecretBook;
  /** Keys of the audit’s checkpoints, of the moment; left out: checkpoints are not signed. */
  auditKeys?: () => LogKeys;
  /** Where its checkpoints are put beside the database; left out: nowhere. */
  auditAnchors?: AnchorSettings;
  /** Where the audit is sent; left out: nowhere. */
  siem?: SiemSettings | null;
  /** The admins are told of a secret that is older, in seconds; left out: of none. */
  secretsMaxAge?: number;
  /** Addresses of proxies whose X-Forwarded-For is believed; null or left out: nobody's. */
  trustProxy?: readonly string[] | null;
  log: Logger;
  objectiveMs?: number;
  modelBudgetMs?: number;
  /** The model's limit in a day (UTC), in tokens; null or left out: no limit. */
  modelDailyTokens?: number | null;
  /** How often the IdP's own log is read on, in milliseconds. */
  listenEveryMs?: number;
  /** `web` answers and runs no jobs; `worker` runs jobs and timers, and answers for its health alone. */
  only?: 'web' | 'worker' | null;
} & Pick<Asked, 'auditWitnesses'>;

export type Latchkey = {
  url: string;
  context: Context;
  jobQueue: 'redis' | 'postgres';
  /** Reads the policy anew, now. */
  reload(): Promise<void>;
  /** Whether the main job can be done, and what can't. */
  readiness(): Promise<Readiness>;
  /**
   * Ends within seconds, whatever is away. Answers what was not waited for any longer; nothing accepted is lost with
   * it.
   */
  stop(): Promise<string[]>;
};

/** Puts the parts together and starts them: one server, the relay, the workers, the timers. */
export async function startLatchkey(options: LatchkeyOptions): Promise<Latchkey> {
  const { log } = options;
  const lanes = createLanes(
    options.outside.idps.map(({ system }) => system),
    steps,
  );
  const stores = await openStores(options, lanes);
  const parties = connectParties(options, stores.database);
  const metrics = createMetrics(
    { db: stores.database.db, lanes, destinations: () => context.auditDestinations ?? [] },
    () => relay.queueAway() !== null,
    () => options.secrets?.states() ?? [],
  );
  const context = contextOf(options, stores, parties, {
    measure: metrics.changeSeen,
    nudge: () => relay.nudge(),
    runNow: (row) => relay.runNow(row),
    queueAway: () => relay.queueAway(),
    outsideTroubles: () =>
      watch.states().flatMap(({ does, why }) => (why === null ? [] : [`${does}: ${why}`])),
    reconcileSoon: () => timers.reconcileSoon(),
    address: () => address,
  });
  const reloader = options.policyDir === undefined ? null : createReloader(context, options.policyDir);
  const { relay, timers, calls } = createWork(context, options, {
    runs: runsOn(context, cards, homes),
    lanes,
    jobQueue: stores.jobQueue,
  });

  const app = createServer(options);
  const guard = await createGuard(app, log, metrics);
  let address = options.publicUrl ?? `http://127.0.0.1:${options.port}`;
  let wayIn: WayIn | null = null;
  const watch = createPartyWatch(context, () => wayIn?.trouble() ?? null);
  const elsewhere = createElsewhere(context, { ...options, since: options.siem?.since });
  const watching = every(WATCH_EVERY_MS, context, 'watching the parties', () => watch.look());
  const report = () =>
    readiness(context, reloader?.mistakes() ?? [], watch.states(), options.secrets?.states());
  const agingSecrets = watchSecrets(context, options);
  const mayRead = createReadCheck(options.readToken);
  const doors: Doors = { app, context, guard, metrics, mayRead, report };
  healthRoutes(app, { guard, mayRead, report });
  metrics.traffic.watch(app);
  const { subscriptions, slack } = await openWays(options, doors, parties, () => address);
  wayIn = slack;

  // An entitlement that can't be checked now is checked again by the timers. An IdP that is down must not keep Latchkey
  // down.
  await Promise.all([context.catalogue.check(), Promise.race([watch.look(), sleep(FIRST_LOOK_MAX_MS)])]);
  const url = await app.listen({ host: listensOn(options), port: options.port }).catch((cause) => {
    throw cause.code === 'EADDRINUSE' ? portTaken(options.port, cause) : cause;
  });
  address = options.publicUrl ?? url;
  options.secrets?.start(log);
  for (const part of [relay, calls, timers, reloader, subscriptions, watching, elsewhere, agingSecrets])
    part?.start();
  return {
    url,
    context,
    jobQueue: stores.jobQueue.kind,
    reload: async () => await reloader?.look(),
    readiness: report,
    stop: () =>
      stopAll(log, [
        step('Slack and HTTP', 1_500, wayIn.stop, () => app.close()),
        step(
          'the timers',
          1_500,
          async () => await reloader?.stop(),
          watching.stop,
          elsewhere.stop,
          agingSecrets.stop,
          async () => await options.secrets?.stop(),
          subscriptions.stop,
          timers.stop,
        ),
        step('the work under way', 2_500, calls.stop, relay.stop, async () => metrics.traffic.close()),
        step('the queue', 1_500, stores.jobQueue.close),
        step('the database', 500, stores.locks.close, stores.database.close),
      ]),
  };
}

/** Whoever asks what is known of the secrets asks the database: it is noted there. */
function watchSecrets(context: Context, { secrets, secretsMaxAge = Infinity }: LatchkeyOptions) {
  return every({ firstMs: 1_000, ms: SECRETS_EVERY_MS }, context, 'secrets', async () => {
    const seen = (secrets?.states() ?? []).flatMap(({ version, ...one }) =>
      version === null ? [] : [{ ...one, version }],
    );
    await tellOfSecrets(context, seen, secretsMaxAge);
  });
}

type Stores = Awaited<ReturnType<typeof openStores>>;
type Parties = ReturnType<typeof connectParties>;

/** What Latchkey keeps its state and its work in. */
async function openStores(options: LatchkeyOptions, lanes: Lanes) {
  const { log } = options;
  await refusePooler(options.databaseUrl);
  const database = await openDatabase(options.databaseUrl);
  const { outside, isSandbox = false } = options;
  const organisation = isSandbox ? 'the sandbox' : `Anypoint organisation ${outside.anypoint.orgId}`;
  await refuseForeign(database.db, organisation, isSandbox ? [] : outside.idps).catch(async (error) => {
    await database.close();
    throw error;
  });
  const locks = openLocks(options.databaseUrl);
  const redis =
    options.redisUrl === null ? null : await fitRedis(options.redisUrl, options.redisCa ?? null, log);
  const jobQueue = await createJobQueue({ lanes: lanes.all, redis, databaseUrl: options.databaseUrl, log });
  return { database, locks, jobQueue };
}

/** Slack, Okta, Anypoint and, where they are set, Graph and the model; nothing is asked of them yet. */
function connectParties(options: LatchkeyOptions, database: Database) {
  const { outside, log } = options;
  const slack = createSlackClient(outside.slack, log);
  const idps = idpsOf(...connectedIdps(outside.idps, createRecentWrites(database.db)));
  const mulesoft = createAnypoint(outside.anypoint);
  const own = ownNotifications(outside.idps, options.publicUrl);
  // An identity provider with notifications tells by itself; one beside it would only tell the same.
  const beside = own !== undefined || outside.graph === null ? null : createGraph(outside.graph);
  const signIn = outside.oidc === null ? null : createOidc(outside.oidc);
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
  const tickets = outside.tickets === undefined ? null : createHttpTickets(outside.tickets);
  return {
    slack,
    idps,
    mulesoft,
    notified: own ?? (beside === null ? null : { graph: beside }),
    beside,
    signIn,
    adviser,
    tickets,
  };
}

function contextOf(
  options: LatchkeyOptions,
  { database, locks }: Stores,
  { slack, idps, mulesoft, beside, signIn, adviser, tickets }: Parties,
  running: Pick<
    Context,
    'measure' | 'nudge' | 'runNow' | 'queueAway' | 'outsideTroubles' | 'reconcileSoon'
  > & { address: () => string },
): Context {
  const { outside, log } = options;
  const { address, ...runtime } = running;
  const pausedUntil: Context['pausedUntil'] = new Map();
  return {
    db: database.db,
    locks,
    idps,
    ...(beside === null ? {} : { entra: beside }),
    mulesoft,
    chat: createSlackDirectory(slack),
    messenger: createSlackMessenger(slack) as Messenger<unknown>,
    adviser,
    catalogue: createCatalogueBook(
      { catalogue: options.catalogue, rules: options.rules },
      { idps, mulesoft, log },
      (target) =>
        takeBaseline({ db: database.db, idp: idps.of(target.idp), locks, pausedUntil, log }, target),
    ),
    signInUrl: outside.anypoint.signInUrl ?? `${outside.anypoint.url}/login`,
    objectiveMs: options.objectiveMs ?? OBJECTIVE_MS,
    ...(options.auditKeys === undefined ? {} : { auditKeys: options.auditKeys }),
    ...(options.auditAnchors === undefined ? {} : { auditAnchors: options.auditAnchors }),
    ...(options.siem == null
      ? {}
      : { auditDestinations: createDestinations(options.siem, { idp: idps.name, version: ownVersion() }) }),
    pausedUntil,
    ...runtime,
    ...(tickets === null ? {} : { tickets }),
    ...(signIn === null ? {} : { stepUp: { signIn, address, idp: signInIdp(idps, outside) } }),
    eventHooks: new Set(outside.idps.flatMap(({ hook, system }) => (hook === null ? [] : [system]))),
    log,
  };
}

/** The identity provider whose people sign in there: the one at that address, else the first. */
function signInIdp(idps: Idps, outside: Outside): IdentityProvider {
  const issuer = outside.oidc?.issuer ?? '';
  const there = outside.idps.find((idp) => idp.signsInAt(issuer));
  return there === undefined ? idps.first : idps.of(there.system);
}

/** Answers what was not waited for any longer. */
async function stopAll(log: Logger, steps: Parameters<typeof endInTime>[0]): Promise<string[]> {
  const late = await endInTime(steps, (name, error) =>
    log.warn({ err: error.message }, `${name} did not end as it should`),
  );
  if (late.length > 0) log.warn({ late }, 'not waited for any longer; leases bring back what was under way');
  return late;
}
