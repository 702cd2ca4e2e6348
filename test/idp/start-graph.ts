import Fastify from 'fastify';
import { sql } from 'kysely';
import { pino } from 'pino';
import type { Observation } from '../../src/core/drift/observation.ts';
import {
  createGraph,
  GRAPH_LIFECYCLE_PATH,
  GRAPH_NOTIFICATIONS_PATH,
  type Graph,
} from '../../src/idp/entra/graph.ts';
import { graphNotifications } from '../../src/inbound/graph-notifications.ts';
import { createKeeper, type Keeper, type KeeperSettings } from '../../src/inbound/graph-subscriptions.ts';
import { loadCatalogue } from '../../src/policy/catalogue-file.ts';
import { createEntraEmulator, entraSettings } from '../../src/sandbox/entra/emulator.ts';
import type { Delivery, Subscription } from '../../src/sandbox/entra/notifier.ts';
import { type GraphSubscription, graphSubscriptions } from '../../src/store/graph-subscriptions.ts';
import { openLocks } from '../../src/store/postgres/locks.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { startEmulator } from '../sandbox/start-emulator.ts';

export const GROUP = 'anypoint-orders-read';

export type StartedGraph = {
  /** Where Graph delivers, without a path. */
  url: string;
  fresh: FreshDatabase;
  settings: ReturnType<typeof entraSettings>;
  graph: Graph;
  keeper: Keeper;
  keeperWith(more: Partial<KeeperSettings>): Keeper;
  /** A click in Entra's portal. */
  portal<T>(path: string, body: unknown): Promise<T>;
  /** What Entra has. */
  theirs(): Promise<Subscription[]>;
  ours(): Promise<GraphSubscription[]>;
  deliveries(): Promise<Delivery[]>;
  asked(): Promise<string[]>;
  observed(): Promise<Observation[]>;
  post(path: string, body: unknown): Promise<Response>;
  close(): Promise<void>;
};

/** Entra, and the part of Latchkey that listens to it, each on a port of its own. */
export async function startGraph(): Promise<StartedGraph> {
  const fresh = await freshDatabase();
  const locks = openLocks(fresh.url);
  const entra = await startEmulator(createEntraEmulator);
  const catalogue = await loadCatalogue('policy');
  const context = {
    db: fresh.database.db,
    locks,
    catalogue: { current: () => catalogue },
    nudge: () => {},
    log: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
  };
  const settings = entraSettings(entra.url);
  const graph = createGraph(settings);
  const app = Fastify({ forceCloseConnections: true });
  let url = '';
  const keeperWith = (more: Partial<KeeperSettings>) =>
    createKeeper(context, graph, {
      address: () => url,
      paths: { notifications: GRAPH_NOTIFICATIONS_PATH, lifecycle: GRAPH_LIFECYCLE_PATH },
      groupNames: () => catalogue.entitlements.map((e) => e.idpGroup),
      ...more,
    });
  const keeper = keeperWith({});
  await graphNotifications(app, context, keeper.lookSoon);
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  const see = async <T>(what: string) => (await (await fetch(`${entra.url}/entra/sim/${what}`)).json()) as T;

  return {
    url,
    fresh,
    settings,
    graph,
    keeper,
    keeperWith,
    async portal<T>(path: string, body: unknown) {
      const response = await fetch(`${entra.url}/entra/sim${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    theirs: () => see('subscriptions'),
    ours: () => graphSubscriptions(fresh.database.db),
    deliveries: () => see('deliveries'),
    asked: () => see('requests'),
    async observed() {
      const { rows } = await sql<Observation>`
        select key, event_source as "eventSource", payload, actor, occurred_at as "occurredAt" from observed order by id`.execute(
        fresh.database.db,
      );
      return rows;
    },
    post: (path, body) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async close() {
      await keeper.stop();
      await entra.close();
      await app.close();
      await locks.close();
      await fresh.close();
    },
  };
}
