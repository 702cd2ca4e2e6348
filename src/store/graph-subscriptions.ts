import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** A subscription to change notifications, as Graph gave it to us. */
export type GraphSubscription = {
  /** Graph's id. */
  id: string;
  resource: string;
  /** The group it is about, by name; null: people. */
  groupName: string | null;
  /** SHA-256 of the secret that every notification carries. */
  clientState: Buffer;
  expiresAt: Date;
  /** Renewed from then on. */
  renewAt: Date;
  /** Its secret with it: Graph can't change that of a subscription. */
  madeAt: Date;
};

/** What tells whether a notification is genuine, and what it is about. */
export type KnownSubscription = Pick<GraphSubscription, 'id' | 'groupName' | 'clientState'>;

const known = ['id', 'group_name as groupName', 'client_state as clientState'] as const;
const columns = [
  ...known,
  'resource',
  'expires_at as expiresAt',
  'renew_at as renewAt',
  'created_at as madeAt',
] as const;

export async function graphSubscriptions(db: Db | Tx): Promise<GraphSubscription[]> {
  return await db.selectFrom('graph_subscriptions').select(columns).orderBy('resource').execute();
}

/** Also those that were replaced not long ago. */
export async function graphSubscriptionsOf(
  db: Db | Tx,
  ids: readonly string[],
): Promise<Map<string, KnownSubscription>> {
  if (ids.length === 0) return new Map();
  const found = await db
    .selectFrom('graph_subscriptions')
    .select(known)
    .where('id', 'in', ids)
    .unionAll(
      db
        .selectFrom('graph_subscriptions_ended')
        .select(known)
        .where('id', 'in', ids)
        .where('until', '>', sql<Date>`clock_timestamp()`),
    )
    .execute();
  return new Map(found.map((subscription) => [subscription.id, subscription]));
}

/**
 * In the place of the one for the same resource, if there is any. What that one still sends is taken for so long, in
 * seconds.
 */
export async function keepGraphSubscription(
  tx: Tx,
  subscription: GraphSubscription,
  overlapSeconds: number,
): Promise<void> {
  const { id, resource, groupName, clientState, expiresAt, renewAt, madeAt } = subscription;
  const row = {
    id,
    resource,
    group_name: groupName,
    client_state: clientState,
    expires_at: expiresAt,
    renew_at: renewAt,
    created_at: madeAt,
  };
  const until = sql<Date>`clock_timestamp() + make_interval(secs => ${overlapSeconds})`;
  await tx
    .insertInto('graph_subscriptions_ended')
    .columns(['id', 'resource', 'group_name', 'client_state', 'until'])
    .expression((from) =>
      from
        .selectFrom('graph_subscriptions')
        .select(['id', 'resource', 'group_name', 'client_state', until.as('until')])
        .where('resource', '=', resource)
        .where('id', '<>', id),
    )
    .onConflict((c) => c.column('id').doNothing())
    .execute();
  await tx
    .deleteFrom('graph_subscriptions_ended')
    .where('until', '<', sql<Date>`clock_timestamp()`)
    .execute();
  await tx
    .insertInto('graph_subscriptions')
    .values(row)
    .onConflict((c) => c.column('resource').doUpdateSet(row))
    .execute();
}

export async function noteGraphRenewal(
  db: Db | Tx,
  id: string,
  until: { expiresAt: Date; renewAt: Date },
): Promise<void> {
  await db
    .updateTable('graph_subscriptions')
    .set({ expires_at: until.expiresAt, renew_at: until.renewAt })
    .where('id', '=', id)
    .execute();
}

/** Graph wants these renewed: they are due now. */
export async function dueGraphRenewals(db: Db | Tx, ids: readonly string[]): Promise<void> {
  if (ids.length > 0)
    await db
      .updateTable('graph_subscriptions')
      .set({ renew_at: sql<Date>`clock_timestamp()` })
      .where('id', 'in', ids)
      .execute();
}

export async function forgetGraphSubscriptions(db: Db | Tx, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await db.deleteFrom('graph_subscriptions').where('id', 'in', ids).execute();
}
