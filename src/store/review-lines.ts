import { type RawBuilder, sql } from 'kysely';
import type { PersonId } from '../core/ids.ts';
import { type Insight, type InsightKind, insightOf } from '../core/review/insight.ts';
import type { Line, LineDecision, LineFacts, LineKind, ReviewerChoice } from '../core/review/line.ts';
import type { DraftedLine, ReassignedLine } from '../core/review/settle.ts';
import type { AdviceResult } from '../ports/adviser.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';

/** A line as its reviewer sees it. */
export type ReviewedLine = Line & {
  isBulkAllowed: boolean;
  handedOn: string | null;
  draft: ReviewerChoice | null;
  draftComment: string | null;
  decision: LineDecision | null;
  advice: AdviceResult | null;
};

type LineRow = Omit<ReviewedLine, 'insight'> & { insight: InsightKind; snapshotAt: string };

const lineColumns = sql`l.n, l.kind, l.person_id as "personId", l.entitlement_key as "entitlementKey",
  l.group_id as "groupId", l.facts, l.insight, l.in_bulk_allowed as "isBulkAllowed", l.handed_on as "handedOn", l.draft,
  l.draft_comment as "draftComment", l.decision, l.advice, k.doc->>'snapshotAt' as "snapshotAt"`;

/** Lines of one reviewer that are not decided yet, in their order: a page of them, and how many there are in all. */
export async function openLinesOf(
  db: Db,
  of: Mine,
  page: { offset: number; limit: number },
): Promise<{ lines: ReviewedLine[]; count: number }> {
  const { rows } = await sql<LineRow>`
    select ${lineColumns} from campaign_lines l join campaigns k on k.id = l.campaign_id
    where l.campaign_id = ${of.campaignId} and l.reviewer_id = ${of.reviewerId} and l.decision is null
      ${seenBy(of)}
    order by l.n limit ${page.limit} offset ${page.offset}`.execute(db);
  const { rows: counted } = await sql<{ n: number }>`
    select count(*)::int as n from campaign_lines l
    where l.campaign_id = ${of.campaignId} and l.reviewer_id = ${of.reviewerId} and l.decision is null ${seenBy(of)}`.execute(
    db,
  );
  return { lines: rows.map(toLine), count: counted[0]?.n ?? 0 };
}

export async function readLine(db: Db | Tx, campaignId: string, n: number): Promise<ReviewedLine | null> {
  const { rows } = await sql<LineRow>`
    select ${lineColumns} from campaign_lines l join campaigns k on k.id = l.campaign_id
    where l.campaign_id = ${campaignId} and l.n = ${n} and l.facts is not null`.execute(db);
  return rows[0] === undefined ? null : toLine(rows[0]);
}

function toLine({ snapshotAt, insight: _, ...row }: LineRow): ReviewedLine {
  const facts = revive<LineFacts>(row.facts);
  const insight: Insight = insightOf(facts, new Date(snapshotAt));
  return { ...row, facts, insight };
}

/** Notes when lines were first shown to their reviewer: how long a decision took is counted from then. */
export async function noteShown(db: Db, campaignId: string, lines: readonly number[]): Promise<void> {
  if (lines.length === 0) return;
  await sql`update campaign_lines set shown_at = clock_timestamp()
    where campaign_id = ${campaignId} and n = any(${[...lines]}::int[]) and shown_at is null`.execute(db);
}

/**
 * The lines of one reviewer. `except`: those that a delegate does not decide on. They are about the delegate, or of a
 * tier on which nobody decides in somebody's stead.
 */
export type Mine = {
  campaignId: string;
  reviewerId: string;
  except?: { personId: string; tiers: readonly string[] } | undefined;
};

const seenBy = ({ except }: Pick<Mine, 'except'>): RawBuilder<unknown> =>
  except === undefined
    ? sql``
    : sql`and l.person_id is distinct from ${except.personId}::uuid
        and coalesce(l.facts->>'tier', '') <> all(${[...except.tiers]}::text[])`;

/**
 * Keeps a draft on a line that is this reviewer's and undecided; null takes it back. Answers whether there is such a
 * line.
 */
export async function writeDraft(
  tx: Tx,
  { campaignId, reviewerId, n }: Mine & { n: number },
  draft: ReviewerChoice | null,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update campaign_lines set draft = ${draft}, draft_in_bulk = false,
      drafted_at = case when ${draft}::text is null then null else clock_timestamp() end
    where campaign_id = ${campaignId} and n = ${n} and reviewer_id = ${reviewerId} and decision is null`.execute(
    tx,
  );
  return (numAffectedRows ?? 0n) > 0n;
}

export async function writeDraftComment(
  tx: Tx,
  { campaignId, reviewerId, n }: Mine & { n: number },
  comment: string | null,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update campaign_lines set draft_comment = ${comment}
    where campaign_id = ${campaignId} and n = ${n} and reviewer_id = ${reviewerId} and decision is null`.execute(
    tx,
  );
  return (numAffectedRows ?? 0n) > 0n;
}

/** Drafts "keep" on every undecided line of theirs that may be kept together with others and has no draft yet. */
export async function draftKeepInBulk(tx: Tx, { campaignId, reviewerId }: Mine): Promise<number> {
  const { numAffectedRows } = await sql`
    update campaign_lines set draft = 'keep', draft_in_bulk = true, drafted_at = clock_timestamp()
    where campaign_id = ${campaignId} and reviewer_id = ${reviewerId} and decision is null and draft is null
      and in_bulk_allowed and person_id is distinct from ${reviewerId}::uuid`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

/** Forgets drafts: what they were about has changed, and it is shown anew as it is now. */
export async function forgetDrafts(tx: Tx, campaignId: string, lines: readonly number[]): Promise<void> {
  await sql`update campaign_lines set draft = null, drafted_at = null, draft_in_bulk = false
    where campaign_id = ${campaignId} and n = any(${[...lines]}::int[]) and decision is null`.execute(tx);
}

/**
 * Whether a membership of a table `l` is held now by a grant, and by which that ends last; or since before Latchkey.
 */
const heldNow: RawBuilder<unknown> = sql`
  left join lateral (
    select g.change_id from grants g where g.person_id = l.person_id and g.group_id = l.group_id
      and g.ended_at is null and g.ends_at > clock_timestamp() order by (g.change_id = l.change_id) desc, g.ends_at desc limit 1
  ) g on true
  left join lateral (
    select g2.change_id from grants g2 where g2.person_id = l.person_id and g2.group_id = l.group_id
      and g2.ended_at is null and g2.ends_at > clock_timestamp() and g2.ends_at > l.ends_at limit 1
  ) longer on true
  left join baseline_members b on b.person_id = l.person_id and b.group_id = l.group_id and b.ended_at is null`;

const nowAs: RawBuilder<DraftedLine['now']> = sql`case
  when l.kind = 'rule' then 'same'
  when g.change_id is null and b.person_id is null then 'gone'
  when l.kind = 'grant' and (g.change_id is distinct from l.change_id or longer.change_id is not null) then 'changed'
  when l.kind = 'baseline' and (b.person_id is null or g.change_id is not null) then 'changed'
  else 'same' end`;

/**
 * The drafts of one reviewer on undecided lines, held until the commit ends, with what became of each membership since.
 */
export async function lockDrafts(tx: Tx, mine: Mine): Promise<DraftedLine[]> {
  const { rows } = await sql<DraftedLine>`
    select l.n, l.kind, l.person_id as "personId", l.draft, l.draft_comment as comment, ${nowAs} as now
    from campaign_lines l ${heldNow}
    where l.campaign_id = ${mine.campaignId} and l.reviewer_id = ${mine.reviewerId} and l.decision is null
      and l.draft is not null ${seenBy(mine)}
    order by l.n for update of l`.execute(tx);
  return rows;
}

/** The drafts as they are now, to be counted and confirmed. */
export async function readDrafts(db: Db | Tx, mine: Mine): Promise<{ n: number; draft: ReviewerChoice }[]> {
  const { rows } = await sql<{ n: number; draft: ReviewerChoice }>`
    select l.n, l.draft from campaign_lines l
    where l.campaign_id = ${mine.campaignId} and l.reviewer_id = ${mine.reviewerId} and l.decision is null
      and l.draft is not null ${seenBy(mine)}
    order by l.n`.execute(db);
  return rows;
}

/** Takes up what changed since the snapshot, so that the line shows the membership as it is now. */
export async function refreshLines(tx: Tx, campaignId: string, lines: readonly number[]): Promise<void> {
  await sql`
    update campaign_lines l set change_id = n.change_id, ends_at = n.ends_at, kind = n.kind,
      facts = l.facts || jsonb_build_object('endsAt', to_jsonb(n.ends_at), 'approved', n.approved), shown_at = null
    from (
      select l.n, case when g.change_id is null then 'baseline' else 'grant' end as kind, g.change_id, g.ends_at,
        case when c.doc->'decision'->>'by' is null then 'null'::jsonb else jsonb_build_object(
          'by', c.doc->'decision'->>'byName', 'at', c.doc->'decision'->>'at', 'reason', c.doc->>'reason') end as approved
      from campaign_lines l
      left join lateral (
        select g.change_id, g.ends_at from grants g where g.person_id = l.person_id and g.group_id = l.group_id
          and g.ended_at is null and g.ends_at > clock_timestamp() order by g.ends_at desc limit 1
      ) g on true
      left join changes c on c.id = g.change_id
      where l.campaign_id = ${campaignId} and l.n = any(${[...lines]}::int[])
    ) n
    where l.campaign_id = ${campaignId} and l.n = n.n and l.decision is null`.execute(tx);
}

/** Undecided lines of one reviewer among these, held until the commit ends. */
export async function lockLines(
  tx: Tx,
  { campaignId, reviewerId }: Mine,
  lines: readonly number[],
): Promise<ReassignedLine[]> {
  const { rows } = await sql<ReassignedLine>`
    select n, person_id as "personId", hops from campaign_lines
    where campaign_id = ${campaignId} and reviewer_id = ${reviewerId} and n = any(${[...lines]}::int[]) and decision is null
    order by n for update`.execute(tx);
  return rows;
}

/** Every undecided line, with whom it waits for: for what is overdue. */
export async function lockUndecided(
  tx: Tx,
  campaignId: string,
): Promise<(ReassignedLine & { kind: LineKind; reviewerId: PersonId | null })[]> {
  const { rows } = await sql<ReassignedLine & { kind: LineKind; reviewerId: PersonId | null }>`
    select n, kind, person_id as "personId", hops, reviewer_id as "reviewerId" from campaign_lines
    where campaign_id = ${campaignId} and decision is null order by n for update`.execute(tx);
  return rows;
}

/** Undecided lines whose membership has ended by itself. */
export async function endedLines(db: Db | Tx, campaignId: string, limit: number): Promise<number[]> {
  const { rows } = await sql<{ n: number }>`
    select l.n from campaign_lines l
    where l.campaign_id = ${campaignId} and l.decision is null and l.kind <> 'rule'
      and not exists (select from grants g where g.person_id = l.person_id and g.group_id = l.group_id
        and g.ended_at is null and g.ends_at > clock_timestamp())
      and not exists (select from baseline_members b where b.person_id = l.person_id and b.group_id = l.group_id
        and b.ended_at is null)
    order by l.n limit ${limit}`.execute(db);
  return rows.map(({ n }) => n);
}

/** How many lines nobody has decided yet; of everybody, or of one reviewer. */
export async function undecidedCount(
  db: Db | Tx,
  campaignId: string,
  reviewerId: string | null,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from campaign_lines where campaign_id = ${campaignId} and decision is null
      and (${reviewerId === null} or reviewer_id = ${reviewerId}::uuid)`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Lines among these that the model has not been asked about. */
export async function unadvisedLines(
  db: Db,
  campaignId: string,
  lines: readonly number[],
): Promise<number[]> {
  const { rows } = await sql<{ n: number }>`
    select n from campaign_lines where campaign_id = ${campaignId} and n = any(${[...lines]}::int[])
      and advice is null and decision is null and kind <> 'rule' order by n`.execute(db);
  return rows.map(({ n }) => n);
}

export async function writeLineAdvice(
  tx: Tx,
  campaignId: string,
  n: number,
  advice: AdviceResult,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update campaign_lines set advice = ${JSON.stringify(advice)}::jsonb
    where campaign_id = ${campaignId} and n = ${n} and advice is null`.execute(tx);
  return (numAffectedRows ?? 0n) > 0n;
}
