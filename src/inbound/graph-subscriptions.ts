import { createHash, randomBytes } from 'node:crypto';
import type { Observation } from '../core/drift/observation.ts';
import { Fault } from '../core/fault.ts';
import { recordWithin } from '../flow/drift/record-observations.ts';
import { commit } from '../flow/kernel/commit.ts';
import type { Context } from '../flow/kernel/context.ts';
import type { Graph, Subscribed } from '../idp/entra/graph.ts';
import {
  forgetGraphSubscriptions,
  type GraphSubscription,
  graphSubscriptions,
  keepGraphSubscription,
  noteGraphRenewal,
} from '../store/graph-subscriptions.ts';
import { databaseNow } from '../store/postgres/clock.ts';

/** Graph grants users and groups 41,760 minutes at most; a day less leaves room for clocks that differ. */
const LIFETIME_MS = (41_760 - 1_440) * 60_000;
/** A subscription's secret is used for so long, in milliseconds: 90 days. Then another takes its place. */
const SECRET_FOR_MS = 7_776_000_000;
/** Graph repeats what it could not deliver for four hours; so long the secret before counts too, in seconds. */
const OVERLAP_SECONDS = 14_400;
/** Bytes of the secret that each notification of a subscription carries; as text below Graph's 128 characters. */
const SECRET_BYTES = 48;

export type KeeperSettings = {
  /** Where Graph reaches Latchkey, without a trailing slash. */
  address: () => string;
  paths: { notifications: string; lifecycle: string };
  /** Of the groups to be told of. */
  groupNames: () => readonly string[];
  /** How long a subscription is asked for, in milliseconds. */
  lifetimeMs?: number;
  /** How long its secret is used, in milliseconds. */
  secretForMs?: number;
};

/** What should be subscribed to. */
type Wanted = { resource: string; changeType: string; groupName: string | null };

export type Keeper = {
  /** One look; of several processes one looks at a time. @throws idp.* faults */
  look(): Promise<void>;
  /** Looks in a while, for a caller that does not wait. Errors are logged. */
  lookSoon(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
};

type KeeperContext = Pick<Context, 'db' | 'locks' | 'nudge' | 'log'>;

/**
 * Keeps the subscriptions to Graph's change notifications: one for each group that carries an entitlement, one for
 * people. Level-triggered: each look compares the subscriptions that should be, those that we keep and those that Graph
 * has. It makes them agree. A subscription is renewed half a lifetime before its end. News that came while there was no
 * subscription is looked for by checking the group.
 */
export function createKeeper(context: KeeperContext, graph: Graph, settings: KeeperSettings): Keeper {
  let looking: Promise<void> = Promise.resolve();
  const look = () => context.locks.withLock('graph subscriptions', () => lookOnce(context, graph, settings));
  return {
    look,
    lookSoon() {
      looking = looking
        .then(look)
        .catch((error: Error) => context.log.warn({ err: error.message }, 'Graph subscriptions'));
    },
    stop: () => looking,
  };
}

async function lookOnce(context: KeeperContext, graph: Graph, settings: KeeperSettings): Promise<void> {
  const theirs = new Map((await graph.subscriptions()).map((one) => [one.id, one]));
  const ours = await graphSubscriptions(context.db);
  const wanted = await wantedNow(context, graph, { ours, names: new Set(settings.groupNames()) });
  await endUnwanted(context, graph, settings, {
    ours,
    theirs: [...theirs.values()].filter((one) => ours.every(({ id }) => id !== one.id)),
    wanted,
  });
  for (const one of wanted) {
    const kept = ours.find(({ resource }) => resource === one.resource);
    try {
      await satisfy(context, graph, settings, {
        ...one,
        kept,
        there: kept === undefined ? undefined : theirs.get(kept.id),
      });
    } catch (error) {
      // One that can't be had now keeps none of the others from being renewed; the next look tries again.
      if (!(error instanceof Fault)) throw error;
      const next = error.code === 'idp.forbidden' ? `: grant Group.Read.All and User.Read.All in Entra` : '';
      context.log.warn({ err: error.message, resource: one.resource }, `Graph subscription not kept${next}`);
    }
  }
}

async function wantedNow(
  context: Pick<KeeperContext, 'log'>,
  graph: Graph,
  { ours, names }: { ours: readonly GraphSubscription[]; names: ReadonlySet<string> },
): Promise<Wanted[]> {
  const wanted: Wanted[] = [{ resource: 'users', changeType: 'updated,deleted', groupName: null }];
  const ofMembers = { changeType: 'updated' };
  for (const groupName of names)
    try {
      for (const id of await graph.groupIdsNamed(groupName))
        wanted.push({ ...ofMembers, resource: `groups/${id}/members`, groupName });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      context.log.warn({ err: error.message, group: groupName }, 'group not looked up in Entra');
      // Not knowing is no reason to end what there is.
      const kept = ours.filter((one) => one.groupName === groupName);
      wanted.push(...kept.map(({ resource }) => ({ ...ofMembers, resource, groupName })));
    }
  return wanted;
}

/** Ends ours that nobody wants any more, and such that deliver to us with a secret we don't have. */
async function endUnwanted(
  context: Pick<Context, 'db' | 'log'>,
  graph: Graph,
  { address, paths }: KeeperSettings,
  found: { ours: GraphSubscription[]; theirs: Subscribed[]; wanted: Wanted[] },
): Promise<void> {
  const unwanted = found.ours.filter(({ resource }) => found.wanted.every((w) => w.resource !== resource));
  const strays = found.theirs.filter((one) => one.notificationUrl === `${address()}${paths.notifications}`);
  for (const { id } of [...unwanted, ...strays])
    try {
      await graph.unsubscribe(id);
      await forgetGraphSubscriptions(context.db, [id]);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      context.log.warn({ err: error.message, subscription: id }, 'Graph subscription not ended');
    }
}

/** The subscription as we stored it, and as Graph has it. */
type Kept = { kept: GraphSubscription | undefined; there: Subscribed | undefined };

async function satisfy(
  context: Pick<Context, 'db' | 'nudge' | 'log'>,
  graph: Graph,
  settings: KeeperSettings,
  { resource, changeType, groupName, kept, there }: Wanted & Kept,
): Promise<void> {
  const now = await databaseNow(context.db);
  const until = new Date(now.getTime() + (settings.lifetimeMs ?? LIFETIME_MS));
  const notificationUrl = `${settings.address()}${settings.paths.notifications}`;
  if (kept !== undefined && there !== undefined) {
    const isOld = now.getTime() - kept.madeAt.getTime() >= (settings.secretForMs ?? SECRET_FOR_MS);
    // Graph can neither move one (to another PUBLIC_URL) nor give it another secret, and takes no second one beside it.
    if (there.notificationUrl === notificationUrl && !isOld) {
      if (kept.renewAt > now) return;
      const renewed = await graph.renew(kept.id, until);
      if (renewed !== null) return await noteGraphRenewal(context.db, kept.id, halfwayTo(renewed, now));
    } else await graph.unsubscribe(kept.id);
  }
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const made = await graph.subscribe({
    resource,
    changeType,
    notificationUrl,
    lifecycleUrl: `${settings.address()}${settings.paths.lifecycle}`,
    clientState: secret,
    until,
  });
  const clientState = createHash('sha256').update(secret).digest();
  await commit(
    context.db,
    async ({ tx, now: occurredAt }) => {
      const own = { id: made.id, resource, groupName, clientState, madeAt: now, ...halfwayTo(made, now) };
      await keepGraphSubscription(tx, own, OVERLAP_SECONDS);
      const { jobs } = await recordWithin(
        tx,
        groupName === null ? [] : [unheardOf(made.id, groupName, occurredAt)],
      );
      return { result: null, jobs };
    },
    context.nudge,
  );
  context.log.info({ resource, group: groupName, until: made.expiresAt }, 'subscribed to Graph');
}

function halfwayTo({ expiresAt }: Subscribed, now: Date): { expiresAt: Date; renewAt: Date } {
  return { expiresAt, renewAt: new Date((now.getTime() + expiresAt.getTime()) / 2) };
}

/** Until a subscription is kept its notifications can't be told from forged ones: the group is looked at once. */
function unheardOf(subscriptionId: string, groupName: string, occurredAt: Date): Observation {
  return {
    key: `graph:${subscriptionId}:subscribed`,
    eventSource: 'graph',
    payload: { kind: 'group', group: { name: groupName } },
    actor: null,
    occurredAt,
  };
}
