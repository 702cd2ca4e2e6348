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
};

const columns = [
  'id',
  'resource',
  'group_name as groupName',
  'client_state as clientState',
  'expires_at as expiresAt',
  'renew_at as renewAt',
] as const;

export async function graphSubscriptions(db: Db | Tx): Promise<GraphSubscription[]> {
  return await db.selectFrom('graph_subscriptions').select(columns).orderBy('resource').execute();
}

export async function graphSubscriptionsOf(
  db: Db | Tx,
  ids: readonly string[],
): Promise<Map<string, GraphSubscription>> {
  if (ids.length === 0) return new Map();
  const found = await db.selectFrom('graph_subscriptions').select(columns).where('id', 'in', ids).execute();
  return new Map(found.map((subscription) => [subscription.id, subscription]));
}

/** In the place of the one for the same resource, if there is any. */
export async function keepGraphSubscription(tx: Tx, subscription: GraphSubscription): Promise<void> {
  const { id, resource, groupName, clientState, expiresAt, renewAt } = subscription;
  const row = {
    id,
    resource,
    group_name: groupName,
    client_state: clientState,
    expires_at: expiresAt,
    renew_at: renewAt,
  };
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
