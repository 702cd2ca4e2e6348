import { sql } from 'kysely';
import type { Change } from '../core/change/change.ts';
import type { HomePages } from '../core/home/pages.ts';
import type { MassChange } from '../core/mass-change/mass-change.ts';
import { changeOf } from './changes.ts';
import { massChangeOf } from './mass-changes.ts';
import { namedInPlan } from './offboardings.ts';
import type { Db } from './postgres/database.ts';
import { notBegunChange, openMass, unfinishedChange } from './states.ts';

/** A Home tab that somebody has opened once, and that is published anew for them since. */
export type Home = {
  personId: string;
  accountId: string;
  pages: HomePages;
  /** Of what was published last; null: nothing yet. */
  fingerprint: string | null;
  /** Milliseconds since then; null: never. */
  publishedAgoMs: number | null;
};

export async function readHome(db: Db, personId: string): Promise<Home | null> {
  const { rows } = await sql<Home>`
    select person_id as "personId", account_id as "accountId", pages, fingerprint,
      (extract(epoch from clock_timestamp() - published_at) * 1000)::float8 as "publishedAgoMs"
    from homes where person_id = ${personId}`.execute(db);
  return rows[0] ?? null;
}

/** Somebody looks at their Home: at the first page of everything. */
export async function noteHomeOpened(
  db: Db,
  { personId, accountId, isAdmin }: { personId: string; accountId: string; isAdmin: boolean },
): Promise<void> {
  await sql`insert into homes (person_id, account_id, is_admin, pages, opened_at)
    values (${personId}, ${accountId}, ${isAdmin}, '{}', clock_timestamp())
    on conflict (person_id) do update set account_id = excluded.account_id, is_admin = excluded.is_admin,
      opened_at = excluded.opened_at, pages = '{}'`.execute(db);
}

/** They turned to another page of a section. */
export async function noteHomePage(db: Db, personId: string, page: HomePages): Promise<void> {
  await sql`update homes set pages = pages || ${JSON.stringify(page)}::jsonb where person_id = ${personId}`.execute(
    db,
  );
}

export async function noteHomePublished(db: Db, personId: string, fingerprint: string): Promise<void> {
  await sql`update homes set fingerprint = ${fingerprint}, published_at = clock_timestamp()
    where person_id = ${personId}`.execute(db);
}

/** The chat shows them none any more: the account is gone, or is not a member's. */
export async function forgetHome(db: Db, accountId: string): Promise<void> {
  await db.deleteFrom('homes').where('account_id', '=', accountId).execute();
}

/** Of what a person holds by grants, for each entitlement the one that ends last; who holds it since when. */
export async function heldBy(db: Db, personId: string): Promise<{ change: Change; since: Date }[]> {
  const { rows } = await sql<{ doc: Change; since: Date }>`
    select distinct on (g.entitlement_key) c.doc,
      min(g.starts_at) over (partition by g.entitlement_key) as since
    from grants g join changes c on c.id = g.change_id
    where g.person_id = ${personId} and g.ended_at is null and g.ends_at > clock_timestamp()
      and c.doc->>'cause' <> 'canary'
    order by g.entitlement_key, g.ends_at desc, g.id`.execute(db);
  return rows.map(({ doc, since }) => ({ change: changeOf(doc), since }));
}

/**
 * The open changes around a person, newest first, at most `limit`:
 * - undecided, or waiting for their start: requests that they made, for themselves or others, and changes that are asked about them
 * - on their way: requests that they made for others
 */
export async function openAround(db: Db, personId: string, limit: number): Promise<Change[]> {
  const { rows } = await sql<{ doc: Change }>`
    select doc from (
      select id, doc, requested_at from changes where person_id = ${personId} and state in ${notBegunChange}
      union
      select id, doc, requested_at from changes where requester_id = ${personId} and state in ${unfinishedChange}
        and (person_id <> ${personId} or state in ${notBegunChange})
    ) c where doc->>'kind' = 'grant' and doc->>'cause' <> 'canary'
    order by requested_at desc, id limit ${limit}`.execute(db);
  return rows.map(({ doc }) => changeOf(doc));
}

/** A person's access and requests that are over, of the last days: of each entitlement the newest, newest first. */
export async function overFor(db: Db, personId: string, days: number): Promise<Change[]> {
  const { rows } = await sql<{ doc: Change }>`
    select doc from (
      select distinct on (entitlement_key) entitlement_key, doc, requested_at, id, state from changes
      where person_id = ${personId} and kind = 'grant' and requested_at > clock_timestamp() - ${days} * interval '1 day'
        and doc->>'cause' not in ('canary', 'finding', 'loss', 'birthright', 'renewal')
      order by entitlement_key, requested_at desc, id
    ) c where state not in ${unfinishedChange} and state not in ('inEffect', 'superseded')
    order by requested_at desc, id`.execute(db);
  return rows.map(({ doc }) => changeOf(doc));
}

/**
 * The reviews that a person has not decided, by campaign; the one due first before the others. `id`: of their part of
 * it.
 */
export async function reviewsOf(
  db: Db,
  personId: string,
): Promise<{ id: string; name: string; dueAt: Date | null; lines: number; decided: number }[]> {
  const { rows } = await sql<{
    id: string;
    name: string;
    dueAt: Date | null;
    lines: number;
    decided: number;
  }>`
    select * from (
      select r.id, c.doc->>'name' as name, (c.doc->>'dueAt')::timestamptz as "dueAt",
        (select count(*)::int from campaign_lines l where l.campaign_id = r.campaign_id and l.reviewer_id = r.person_id
          and l.decision is distinct from 'counted') as lines,
        (select count(l.decision)::int from campaign_lines l where l.campaign_id = r.campaign_id
          and l.reviewer_id = r.person_id and l.decision is distinct from 'counted') as decided
      from campaign_reviewers r join campaigns c on c.id = r.campaign_id
      where r.person_id = ${personId} and c.state = 'open'
    ) r where decided < lines order by "dueAt" nulls last, id`.execute(db);
  return rows;
}

/** Where the message with this key stands about each of these things. */
export async function placesOf(
  db: Db,
  ids: readonly string[],
  key: string,
): Promise<Map<string, { channel: string; ts: string }>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; channel: string; ts: string }>`
    select about_id as id, channel, ts from messages
    where about_id = any(${[...ids]}::uuid[]) and key = ${key} and channel is not null and ts is not null`.execute(
    db,
  );
  return new Map(rows.map(({ id, channel, ts }) => [id, { channel, ts }]));
}

/**
 * The questions on cards whose plan names this person, at most `limit` of each. The one that lapses first comes before
 * the others.
 */
export async function askedOf(
  db: Db,
  personId: string,
  limit: number,
): Promise<{ changes: Change[]; massChanges: MassChange[] }> {
  const [changes, massChanges] = await Promise.all([
    sql<{ doc: Change }>`select doc from changes where state = 'asking' and ${namedInPlan(personId)}
      order by lapses_at nulls last, requested_at, id limit ${limit}`.execute(db),
    sql<{ doc: MassChange }>`select doc from mass_changes where state = 'asking' and ${namedInPlan(personId)}
      order by opened_at, id limit ${limit}`.execute(db),
  ]);
  return {
    changes: changes.rows.map(({ doc }) => changeOf(doc)),
    massChanges: massChanges.rows.map(({ doc }) => massChangeOf(doc)),
  };
}

/** How much of what Latchkey does waits or is stuck. */
export type OpenFigures = { findings: number; massChanges: number; late: number; failed: number };

export async function openFigures(db: Db, failedWithinDays: number): Promise<OpenFigures> {
  const { rows } = await sql<OpenFigures>`
    select
      (select count(*)::int from changes where state = 'asking' and doc->>'cause' in ('finding', 'loss')) as findings,
      (select count(*)::int from mass_changes where state in ${openMass}) as "massChanges",
      (select count(*)::int from changes where state = 'late' and doc->>'cause' <> 'canary') as late,
      (select count(*)::int from changes where state = 'failed' and doc->>'cause' <> 'canary'
        and requested_at > clock_timestamp() - ${failedWithinDays} * interval '1 day') as failed`.execute(db);
  return rows[0] ?? { findings: 0, massChanges: 0, late: 0, failed: 0 };
}
