import { sql } from 'kysely';
import type { PersonId } from '../core/ids.ts';
import type { CampaignEvent } from '../core/review/campaign.ts';
import type { LineDecision } from '../core/review/line.ts';
import type { LinkedSystem } from './person-links.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Somebody who reviews, with how far they are. */
export type ReviewerProgress = {
  /** Of their part of the campaign; its message is known by it. */
  id: string;
  personId: PersonId;
  name: string;
  email: string;
  accountId: string | null;
  status: string;
  reminders: string[];
  lines: number;
  decided: number;
  drafted: number;
};

const progressColumns = (
  system: LinkedSystem,
) => sql`r.id, r.person_id as "personId", r.name, p.email, p.status, r.reminders,
  (select l.external_id from person_links l where l.person_id = p.id and l.system = ${system}
    order by l.verified_at desc, l.external_id limit 1) as "accountId",
  coalesce(c.lines, 0) as lines, coalesce(c.decided, 0) as decided, coalesce(c.drafted, 0) as drafted`;

const counts = (campaignId: unknown) => sql`(
  select reviewer_id, count(*)::int as lines, count(decision)::int as decided,
    (count(draft) filter (where decision is null))::int as drafted
  from campaign_lines where campaign_id = ${campaignId} and reviewer_id is not null and decision is distinct from 'counted'
  group by reviewer_id
)`;

/** Everybody who reviews in a campaign, those with the most left to decide first. */
export async function reviewersOf(
  db: Db | Tx,
  campaignId: string,
  system: LinkedSystem,
): Promise<ReviewerProgress[]> {
  const { rows } = await sql<ReviewerProgress>`
    select ${progressColumns(system)}
    from campaign_reviewers r join people p on p.id = r.person_id
    left join ${counts(campaignId)} c on c.reviewer_id = r.person_id
    where r.campaign_id = ${campaignId}
    order by coalesce(c.lines, 0) - coalesce(c.decided, 0) desc, r.name, r.id`.execute(db);
  return rows;
}

/** One reviewer's part, by its id, with the campaign that it is of. */
export async function readReviewer(
  db: Db | Tx,
  id: string,
  system: LinkedSystem,
): Promise<(ReviewerProgress & { campaignId: string }) | null> {
  const { rows } = await sql<ReviewerProgress & { campaignId: string }>`
    select ${progressColumns(system)}, r.campaign_id as "campaignId"
    from campaign_reviewers r join people p on p.id = r.person_id
    left join lateral (
      select count(*)::int as lines, count(decision)::int as decided, (count(draft) filter (where decision is null))::int as drafted
      from campaign_lines where campaign_id = r.campaign_id and reviewer_id = r.person_id and decision is distinct from 'counted'
    ) c on true
    where r.id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/** Ids of the parts of a campaign's reviewers: each has a message. */
async function reviewerParts(db: Db | Tx, campaignId: string): Promise<{ id: string; personId: PersonId }[]> {
  const rows = await db
    .selectFrom('campaign_reviewers')
    .select(['id', 'person_id'])
    .where('campaign_id', '=', campaignId)
    .orderBy('id')
    .execute();
  return rows.map(({ id, person_id }) => ({ id, personId: person_id as PersonId }));
}

/** The parts of reviewers whose messages an event changes. */
export async function partsShowing(tx: Tx, event: CampaignEvent): Promise<string[]> {
  const of = async (personIds: readonly (string | undefined)[]) => {
    const ids = personIds.filter((id) => id !== undefined);
    const { rows } = await sql<{ id: string }>`select id from campaign_reviewers
      where campaign_id = ${event.campaignId} and person_id = any(${ids}::uuid[]) order by id`.execute(tx);
    return rows.map(({ id }) => id);
  };
  switch (event.type) {
    case 'linesSubmitted':
      // By rule: whoever was asked sees it.
      return event.by === null
        ? await allParts(tx, event.campaignId)
        : await of([event.by.insteadOf?.id ?? event.by.id]);
    case 'linesReassigned':
      return event.from === null
        ? await allParts(tx, event.campaignId)
        : await of([event.to.id, event.from.id]);
    case 'reviewersReminded':
      return await of(event.reviewers);
    case 'linesDropped': {
      const { rows } = await sql<{ id: string }>`
        select distinct reviewer_id as id from campaign_lines
        where campaign_id = ${event.campaignId} and n = any(${event.lines}::int[]) and reviewer_id is not null`.execute(
        tx,
      );
      return await of(rows.map(({ id }) => id));
    }
    case 'campaignStarted':
    case 'campaignExtended':
    case 'campaignOverdue':
    case 'campaignDecided':
    case 'campaignClosed':
    case 'campaignCancelled':
      return await allParts(tx, event.campaignId);
    case 'objectionAnswered':
    case 'campaignOpened':
    case 'snapshotTaken':
    case 'campaignPrepared':
      return [];
    default:
      return event satisfies never;
  }
}

async function allParts(tx: Tx, campaignId: string): Promise<string[]> {
  return (await reviewerParts(tx, campaignId)).map(({ id }) => id);
}

/** Whoever has lines becomes a reviewer of the campaign, once. Answers how many there are. */
export async function makeReviewers(tx: Tx, campaignId: string): Promise<number> {
  await sql`
    insert into campaign_reviewers (id, campaign_id, person_id, name)
    select gen_random_uuid(), ${campaignId}, r.reviewer_id, p.name from (
      select distinct reviewer_id from campaign_lines
      where campaign_id = ${campaignId} and reviewer_id is not null and decision is null
    ) r join people p on p.id = r.reviewer_id
    on conflict (campaign_id, person_id) do nothing`.execute(tx);
  return (await reviewerParts(tx, campaignId)).length;
}

export type LineCounts = {
  all: number;
  undecided: number;
  withoutReviewer: number;
  rules: number;
  byRule: number;
  byDecision: Partial<Record<LineDecision, number>>;
};

export async function countLines(db: Db | Tx, campaignId: string): Promise<LineCounts> {
  const { rows } = await sql<{
    decision: LineDecision | null;
    n: number;
    none: number;
    rules: number;
    byRule: number;
  }>`
    select decision, count(*)::int as n, (count(*) filter (where reviewer_id is null))::int as none,
      (count(*) filter (where kind = 'rule'))::int as rules,
      coalesce(sum((facts->'rule'->>'people')::int), 0)::int as "byRule"
    from campaign_lines where campaign_id = ${campaignId} group by decision`.execute(db);
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    all: sum(({ n }) => n),
    undecided: rows.find(({ decision }) => decision === null)?.n ?? 0,
    withoutReviewer: rows.find(({ decision }) => decision === null)?.none ?? 0,
    rules: sum(({ rules }) => rules),
    byRule: sum(({ byRule }) => byRule),
    byDecision: Object.fromEntries(
      rows.flatMap(({ decision, n }) => (decision === null ? [] : [[decision, n]])),
    ),
  };
}

/** Lines by entitlement, with how many each has without anybody to review it. */
export async function linesByEntitlement(
  db: Db,
  campaignId: string,
): Promise<{ key: string; title: string; lines: number; withoutReviewer: number }[]> {
  const { rows } = await sql<{ key: string; title: string; lines: number; withoutReviewer: number }>`
    select entitlement_key as key, min(facts->>'title') as title, count(*)::int as lines,
      (count(*) filter (where reviewer_id is null and decision is null))::int as "withoutReviewer"
    from campaign_lines where campaign_id = ${campaignId} group by entitlement_key order by min(n)`.execute(
    db,
  );
  return rows;
}
