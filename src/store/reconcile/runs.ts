import { sql } from 'kysely';
import type { Db, Tx } from '../postgres/database.ts';

export type RunCause = 'everything' | 'checkGroup' | 'baseline';
export type PlaceKind = 'users' | 'group' | 'team';

/** A list that a run reads from beginning to end: who is in a group or a team, or every Anypoint user. */
export type Place = {
  id: string;
  kind: PlaceKind;
  externalId: string;
  name: string;
  /** Where the list goes on; null at its beginning. */
  position: string | null;
  pages: number;
  /** Rows staged so far. */
  seen: number;
  isListed: boolean;
  isCompared: boolean;
  /** Why it could not be read. */
  trouble: string | null;
};

export type Run = { id: string; startedAt: Date; places: Place[] };

type Planned = Pick<Place, 'kind' | 'externalId' | 'name'>;

/** A run that goes on reading what was staged longer ago than this would compare the past. */
const STALE = sql`interval '1 hour'`;

/**
 * The run to go on with: one that was left open over exactly these places, else a new one. The staged rows of a run
 * that can't go on are forgotten. Such a run is too old, the catalogue has changed, or PostgreSQL has lost its rows.
 */
export async function takeUpRun(db: Db, cause: RunCause, places: readonly Planned[]): Promise<Run> {
  for (const open of await openRuns(db, cause, places[0]?.externalId ?? '')) {
    const run = { ...open, places: await placesOf(db, open.id) };
    if (open.isFresh && isSamePlan(run.places, places) && (await isAllStaged(db, run))) return run;
    await forgetRun(db, run, null);
  }
  return await beginRun(db, cause, places);
}

async function openRuns(
  db: Db,
  cause: RunCause,
  first: string,
): Promise<{ id: string; startedAt: Date; isFresh: boolean }[]> {
  // Checks and baselines of other groups are somebody else's.
  const { rows } = await sql<{ id: string; startedAt: Date; isFresh: boolean }>`
    select id, started_at as "startedAt", started_at > clock_timestamp() - ${STALE} as "isFresh"
    from reconcile_runs r where finished_at is null and cause = ${cause}
      and (cause = 'everything' or exists (
        select from reconcile_places p where p.run_id = r.id and p.external_id = ${first}))`.execute(db);
  return rows;
}

async function placesOf(db: Db, runId: string): Promise<Place[]> {
  const { rows } = await sql<Place>`
    select id, kind, external_id as "externalId", name, position, pages, seen, listed_at is not null as "isListed",
      compared_at is not null as "isCompared", trouble
    from reconcile_places where run_id = ${runId} order by id`.execute(db);
  return rows;
}

function isSamePlan(places: readonly Planned[], planned: readonly Planned[]): boolean {
  const plan = (all: readonly Planned[]) =>
    JSON.stringify(all.map(({ kind, externalId, name }) => [kind, externalId, name].join('\n')).sort());
  return plan(places) === plan(planned);
}

/** Whether everything that was counted is still there: unlogged tables are empty after PostgreSQL has crashed. */
async function isAllStaged(db: Db, run: Run): Promise<boolean> {
  const counted = run.places.reduce((sum, place) => sum + (place.kind === 'users' ? 0 : place.seen), 0);
  const ids = run.places.map((place) => place.id);
  const { rows } = await sql<{ n: number }>`
    select (select count(*) from reconcile_members where place_id = any(${ids}::bigint[]))::int
      + (select count(*) from reconcile_team_members where place_id = any(${ids}::bigint[]))::int as n`.execute(
    db,
  );
  return rows[0]?.n === counted;
}

async function beginRun(db: Db, cause: RunCause, places: readonly Planned[]): Promise<Run> {
  const { rows } = await sql<{ id: string; startedAt: Date }>`
    with run as (insert into reconcile_runs (cause) values (${cause}) returning id, started_at),
      planned as (
        insert into reconcile_places (run_id, kind, external_id, name)
        select run.id, p.kind, p.external_id, p.name from run, unnest(
          ${places.map((p) => p.kind)}::text[], ${places.map((p) => p.externalId)}::text[],
          ${places.map((p) => p.name)}::text[]
        ) with ordinality as p (kind, external_id, name, n) order by p.n
      )
    select id, started_at as "startedAt" from run`.execute(db);
  const [begun] = rows as [{ id: string; startedAt: Date }];
  return { ...begun, places: await placesOf(db, begun.id) };
}

/** The list is read from its beginning again: the vendor no longer knows the place where it was left. */
export async function beginPlaceAgain(db: Db, place: Place): Promise<void> {
  await sql`
    with gone as (delete from reconcile_members where place_id = ${place.id}),
      gone_too as (delete from reconcile_team_members where place_id = ${place.id})
    update reconcile_places set position = null, pages = 0, seen = 0 where id = ${place.id}`.execute(db);
  Object.assign(place, { position: null, pages: 0, seen: 0 });
}

export async function noteTrouble(db: Db, place: Place, trouble: string): Promise<void> {
  await sql`update reconcile_places set trouble = ${trouble}, listed_at = clock_timestamp()
    where id = ${place.id}`.execute(db);
  Object.assign(place, { trouble, isListed: true });
}

/**
 * Notes the comparison's result. It commits with the events that follow from it, so that no place is compared twice.
 */
export async function notePlaceCompared(tx: Tx, place: Place, found: unknown): Promise<void> {
  await sql`update reconcile_places set compared_at = clock_timestamp(), found = ${JSON.stringify(found)}::jsonb
    where id = ${place.id}`.execute(tx);
}

/** The results of every place of one kind, added up over their numbers. */
export async function sumOfFound(
  db: Db | Tx,
  runId: string,
  kind: PlaceKind,
): Promise<Record<string, number>> {
  const { rows } = await sql<{ key: string; sum: number }>`
    select f.key, sum(f.value::text::numeric)::float8 as sum
    from reconcile_places p cross join lateral jsonb_each(p.found) f
    where p.run_id = ${runId} and p.kind = ${kind} and jsonb_typeof(f.value) = 'number' group by f.key`.execute(
    db,
  );
  return Object.fromEntries(rows.map(({ key, sum }) => [key, sum]));
}

/** Names of places that did not agree, in the order in which they were read. */
export async function placesApart(db: Db | Tx, runId: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from reconcile_places
    where run_id = ${runId} and not (found->>'agrees')::boolean order by id limit ${limit}`.execute(db);
  return rows.map((row) => row.name);
}

export async function closeRun(tx: Tx, run: Run, found: unknown): Promise<void> {
  await sql`update reconcile_runs set finished_at = clock_timestamp(), found = ${JSON.stringify(found)}::jsonb
    where id = ${run.id}`.execute(tx);
}

/**
 * Forgets what was staged, and where the run was: `found` is null for a run that is given up. With no other run
 * open the staging tables are emptied at once, however much is in them.
 */
export async function forgetRun(db: Db, run: Run, found: unknown): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // Whoever begins a run now waits until the tables are empty.
    await sql`lock table reconcile_runs in share row exclusive mode`.execute(tx);
    if (found === null)
      await sql`update reconcile_runs set finished_at = clock_timestamp() where id = ${run.id} and finished_at is null`.execute(
        tx,
      );
    const { rows } =
      await sql`select 1 from reconcile_runs where finished_at is null and id <> ${run.id} limit 1`.execute(
        tx,
      );
    if (rows.length === 0)
      await sql`truncate reconcile_members, reconcile_team_members, reconcile_apart`.execute(tx);
    else {
      const ids = run.places.map((place) => place.id);
      for (const table of ['reconcile_members', 'reconcile_team_members', 'reconcile_apart'] as const)
        await sql`delete from ${sql.table(table)} where place_id = any(${ids}::bigint[])`.execute(tx);
    }
    await sql`delete from reconcile_places where run_id = ${run.id}`.execute(tx);
  });
}

/** When the comparison began that is not finished yet; null: there is none. */
export async function openComparison(db: Db): Promise<Date | null> {
  const { rows } = await sql<{ startedAt: Date }>`
    select started_at as "startedAt" from reconcile_runs
    where cause = 'everything' and finished_at is null order by id desc limit 1`.execute(db);
  return rows[0]?.startedAt ?? null;
}

/** Whether a comparison was left open, and how long ago the last one that was finished began; null before the first. */
export async function comparisonsSoFar(db: Db): Promise<{ isOpen: boolean; sinceMs: number | null }> {
  const { rows } = await sql<{ isOpen: boolean; sinceMs: number | null }>`
    select coalesce(bool_or(finished_at is null), false) as "isOpen",
      (extract(epoch from clock_timestamp() - max(started_at) filter (where found is not null)) * 1000)::float8 as "sinceMs"
    from reconcile_runs where cause = 'everything'`.execute(db);
  return rows[0] ?? { isOpen: false, sinceMs: null };
}

export type PastRun = { startedAt: Date; finishedAt: Date; found: Record<string, unknown> };

/** The last comparison that was carried to its end; null before the first. */
export async function lastComparison(db: Db): Promise<PastRun | null> {
  const { rows } = await sql<PastRun>`
    select started_at as "startedAt", finished_at as "finishedAt", found from reconcile_runs
    where cause = 'everything' and found is not null order by id desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** A run that has been open so long is nobody's: its process died, and nobody asks for those places any more. */
const ABANDONED = sql`interval '1 day'`;

/** Forgets runs of long ago; the audit keeps what they found. What was staged for an abandoned one goes too. */
export async function forgetRuns(db: Db, keptDays: number): Promise<void> {
  const { rows: abandoned } = await sql<Omit<Run, 'places'>>`
    select id, started_at as "startedAt" from reconcile_runs
    where finished_at is null and started_at < clock_timestamp() - ${ABANDONED}`.execute(db);
  for (const run of abandoned) await forgetRun(db, { ...run, places: await placesOf(db, run.id) }, null);
  await sql`delete from reconcile_runs
    where finished_at < clock_timestamp() - ${keptDays} * interval '1 day'`.execute(db);
}
