import { sql } from 'kysely';
import type { GroupHint, Observation, Processed } from '../core/drift/observation.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';
import type { ScimSource } from './schema/scim-tables.ts';
import { isAnothersRecord } from './whose-record.ts';

/** For a statement that is a commit of its own: stores what `told` selects as `key`, `event_source` and `payload`. */
export function observedNow(told: string): string {
  return `insert into observed (key, event_source, payload, occurred_at)
    select key, event_source, payload, date_trunc('milliseconds', transaction_timestamp()) from (${told}) told
    on conflict (key) do nothing returning id`;
}

export type ObservedRow = Observation & { id: string };

/** Stores what was told; what was told before is left out. Answers how many were new. Only commit's work calls this. */
export async function storeObserved(tx: Tx, observations: readonly Observation[]): Promise<number> {
  if (observations.length === 0) return 0;
  const rows = JSON.stringify(observations.map((o) => ({ ...o, occurredAt: o.occurredAt.toISOString() })));
  const { numAffectedRows } = await sql`
    insert into observed (key, event_source, payload, actor, occurred_at)
    select o->>'key', o->>'eventSource', o->'payload', nullif(o->'actor', 'null'), (o->>'occurredAt')::timestamptz
    from jsonb_array_elements(${rows}::jsonb) o
    on conflict (key) do nothing`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

/** What was told and not processed yet and is due, oldest first. */
export async function unprocessed(db: Db | Tx, limit: number): Promise<ObservedRow[]> {
  const { rows } = await sql<ObservedRow>`
    select id, key, event_source as "eventSource", payload, actor, occurred_at as "occurredAt" from observed
    where processed_at is null and next_at <= clock_timestamp()
    order by occurred_at, id limit ${limit}`.execute(db);
  return rows;
}

/** Those of these that nobody has processed meanwhile, held until the transaction ends. */
export async function holdUnprocessed(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from observed where id = any(${[...ids]}::bigint[]) and processed_at is null
    order by id for update skip locked`.execute(tx);
  return new Set(rows.map((row) => row.id));
}

/** Milliseconds until the next unprocessed observation is due; null when none is open. */
export async function msUntilUnprocessed(db: Db | Tx): Promise<number | null> {
  const { rows } = await sql<{ ms: number | null }>`
    select (extract(epoch from min(next_at) - clock_timestamp()) * 1000)::float8 as ms
    from observed where processed_at is null`.execute(db);
  return rows[0]?.ms ?? null;
}

/** What came of one, and whom and which group it was about. */
export type Outcome = { id: string; outcome: Processed; personId?: string; groupId?: string };

export async function noteProcessed(tx: Tx, outcomes: readonly Outcome[]): Promise<void> {
  if (outcomes.length === 0) return;
  const update = sql`update observed o set processed_at = clock_timestamp(), outcome = n.outcome,
      person_id = n."personId", group_id = n."groupId"
    from jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb)
      as n (id bigint, outcome text, "personId" uuid, "groupId" text)
    where o.id = n.id`;
  await later(tx, update.compile(tx));
}

/**
 * An observation that can't be processed now is looked at again after a while: a quarter of its age, within these
 * bounds.
 */
export async function processLater(
  tx: Tx,
  id: string,
  atLeastMs: number,
  atMostMs: number = atLeastMs,
): Promise<void> {
  await sql`update observed set next_at = clock_timestamp() + greatest(${atLeastMs}::float8 * interval '1 ms',
      least((clock_timestamp() - received_at) / 4, ${atMostMs}::float8 * interval '1 ms'))
    where id = ${id}`.execute(tx);
}

/** Whether a push by SCIM has deleted a record of theirs; not one that only had their login. */
export async function wasDeletedByScim(db: Db | Tx, personId: string, source: ScimSource): Promise<boolean> {
  const { rows } = await sql`
    select from observed where person_id = ${personId} and event_source = 'scim' and payload->>'happening' = 'deleted'
      and not ${isAnothersRecord(source, sql`(payload->'person'->>'id')`, sql`observed.person_id`)}
    limit 1`.execute(db);
  return rows.length > 0;
}

/** How many memberships of a group were told since a time that nobody was known to want, by distinct person. */
export async function checkedSince(
  db: Db | Tx,
  groupId: string,
  direction: 'added' | 'removed',
  since: Date,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(distinct person_id)::int as n from observed
    where group_id = ${groupId} and processed_at >= ${since} and outcome = 'checked'
      and payload->>'direction' = ${direction}`.execute(db);
  return rows[0]?.n ?? 0;
}

/**
 * How many people are told of, of whom these groups' memberships are not processed yet, due or not. As an event source
 * names them: one whom two of them tell of may count twice. `groups`: by the names that were told.
 */
export async function peopleWaiting(
  tx: Tx,
  groups: readonly GroupHint[],
  direction: 'added' | 'removed',
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(distinct coalesce(payload->'person'->>'id', payload->>'person'))::int as n from observed
    where processed_at is null and payload->>'kind' = 'membership' and payload->>'direction' = ${direction}
      and payload->'group' in (select jsonb_array_elements(${JSON.stringify(groups)}::jsonb))`.execute(tx);
  return rows[0]?.n ?? 0;
}

type Direction = 'added' | 'removed';

/**
 * Told by an event source that knows when it happened, before it was noticed. The IdP's clock may be ahead of ours a
 * little.
 */
function toldBefore({ personId, groupId }: { personId: string; groupId: string }, noticedAt: Date) {
  return sql`group_id = ${groupId} and person_id = ${personId} and payload->>'kind' = 'membership'
    and event_source not in ('scim', 'reconcile') and occurred_at <= ${noticedAt}::timestamptz + interval '1 minute'`;
}

/**
 * The person who, as the event sources tell, had made it so when it was noticed, and when. Null: none of them says. Those
 * that name nobody tell of the same, and often later.
 */
export async function lastActor(
  db: Db | Tx,
  pair: { personId: string; groupId: string },
  direction: Direction,
  noticedAt: Date,
): Promise<{ name: string; at: Date } | null> {
  const { rows } = await sql<{ name: string; at: Date }>`
    select actor->>'name' as name, occurred_at as at from observed
    where ${toldBefore(pair, noticedAt)} and payload->>'direction' = ${direction} and actor is not null
      and occurred_at > coalesce((select max(occurred_at) from observed
        where ${toldBefore(pair, noticedAt)} and payload->>'direction' <> ${direction}), '-infinity')
    order by occurred_at desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** When, as the event sources tell, it was last otherwise before it was noticed; null: they don't say. */
export async function lastOtherwise(
  db: Db | Tx,
  pair: { personId: string; groupId: string },
  direction: Direction,
  noticedAt: Date,
): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`
    select max(occurred_at) as at from observed
    where ${toldBefore(pair, noticedAt)} and payload->>'direction' <> ${direction}`.execute(db);
  return rows[0]?.at ?? null;
}

/**
 * Forgets what was processed long ago; the audit keeps what came of it. Membership changes of groups that give something,
 * and the ends and returns of accounts, are kept longer: evidence holds them against the changes and leavers' cases that
 * there were.
 */
export async function forgetObserved(
  db: Db,
  { days, evidenceDays }: { days: number; evidenceDays: number },
): Promise<void> {
  await sql`delete from observed where processed_at is not null and received_at < clock_timestamp() - ${days} * interval '1 day'
    and (received_at < clock_timestamp() - ${evidenceDays} * interval '1 day'
      or not (payload->>'kind' = 'membership' and outcome is distinct from 'not ours'
        or payload->>'kind' = 'person'
          and payload->>'happening' in ('switchedOff', 'suspended', 'deprovisioned', 'deleted', 'switchedOn', 'returned')))`.execute(
    db,
  );
}
