import { sql } from 'kysely';
import type { ChangeState } from '../core/change/life-cycle.ts';
import type { ObjectionAnswer } from '../core/review/close.ts';
import type { InsightKind } from '../core/review/insight.ts';
import type { LineDecision, LineFacts, LineKind } from '../core/review/line.ts';
import type { Db, Tx } from './postgres/database.ts';

/** A decided line, with all that a certificate says of it. */
export type CertifiedLine = {
  n: number;
  kind: LineKind;
  entitlementKey: string;
  facts: LineFacts;
  insight: InsightKind;
  handedOn: string | null;
  shownAt: Date | null;
  decision: LineDecision;
  comment: string | null;
  inBulk: boolean;
  decidedBy: string | null;
  decidedByEmail: string | null;
  decidedAt: Date;
  /** Seconds that the decision took its reviewer; null: nobody's time is known. */
  seconds: number | null;
  answer: ObjectionAnswer | null;
  revokeId: string | null;
  revokeDecidedAt: Date | null;
  goneAt: Date | null;
  /** State of the revoke, and what was noted when MuleSoft agreed. */
  revokeState: ChangeState | null;
  seenNote: string | null;
};

/** Decided lines after a place, in their order: a page. */
export async function certifiedLines(
  db: Db,
  campaignId: string,
  after: number,
  limit: number,
): Promise<CertifiedLine[]> {
  const { rows } = await sql<CertifiedLine>`
    select l.n, l.kind, l.entitlement_key as "entitlementKey", l.facts, l.insight, l.handed_on as "handedOn",
      l.shown_at as "shownAt", l.decision, l.comment, l.draft_in_bulk and l.decision = 'keep' as "inBulk",
      l.decided_by_name as "decidedBy", p.email as "decidedByEmail", l.decided_at as "decidedAt",
      extract(epoch from t.drafted_at - t.from_at)::float8 as seconds,
      l.answer, l.revoke_id as "revokeId", c.state as "revokeState", c.doc->>'inEffectNote' as "seenNote", (c.doc->'legs'->>'decidedAt')::timestamptz as "revokeDecidedAt",
      (c.doc->'legs'->>'seenAt')::timestamptz as "goneAt"
    from campaign_lines l
    left join people p on p.id = l.decided_by
    left join changes c on c.id = l.revoke_id
    left join (${timedLines(campaignId)}) t on t.n = l.n
    where l.campaign_id = ${campaignId} and l.n > ${after} and l.decision is not null
    order by l.n limit ${limit}`.execute(db);
  return rows;
}

/**
 * From when to when somebody looked at a line: since it was shown, or since their decision before, whichever is later.
 * What was kept in bulk took no time of its own.
 */
const timedLines = (campaignId: unknown) => sql`
  select n, drafted_at, greatest(shown_at, lag(drafted_at) over (partition by decided_by order by drafted_at)) as from_at
  from campaign_lines where campaign_id = ${campaignId} and drafted_at is not null and not draft_in_bulk and decided_by is not null`;

export type StoredCertificate = { madeAt: Date; sha256: string; kid: string; jws: string };

export async function keepCertificate(
  tx: Tx,
  campaignId: string,
  { madeAt, sha256, kid, jws }: StoredCertificate,
): Promise<void> {
  await tx
    .insertInto('campaign_certificates')
    .values({ campaign_id: campaignId, made_at: madeAt, sha256, kid, jws })
    .onConflict((c) => c.column('campaign_id').doNothing())
    .execute();
}

export async function readCertificate(db: Db, campaignId: string): Promise<StoredCertificate | null> {
  const row = await db
    .selectFrom('campaign_certificates')
    .select(['made_at as madeAt', 'sha256', 'kid', 'jws'])
    .where('campaign_id', '=', campaignId)
    .executeTakeFirst();
  return row ?? null;
}

/** How one reviewer has decided: for security alone. */
export type ReviewerHabits = {
  name: string;
  email: string;
  campaigns: number;
  decided: number;
  kept: number;
  inBulk: number;
  /** Half of their lines took less, in seconds; null: none was timed. */
  medianSeconds: number | null;
  /** Lines that took less than five seconds each. */
  hasty: number;
  timed: number;
};

/** Time per line, share kept and share in bulk of every reviewer, of one campaign or of all since a time. */
export async function reviewerHabits(
  db: Db,
  of: { campaignId: string | null; since: Date },
): Promise<ReviewerHabits[]> {
  const { rows } = await sql<ReviewerHabits>`
    with decided as (
      select l.*, case when l.drafted_at is not null and not l.draft_in_bulk then extract(epoch from l.drafted_at
        - greatest(l.shown_at, lag(l.drafted_at) over (partition by l.campaign_id, l.decided_by order by l.drafted_at))) end as seconds
      from campaign_lines l
      where l.decided_by is not null and l.decided_at >= ${of.since}
        and (${of.campaignId === null} or l.campaign_id = ${of.campaignId}::uuid)
    )
    select p.name, p.email, count(distinct campaign_id)::int as campaigns, count(*)::int as decided,
      (count(*) filter (where decision = 'keep'))::int as kept,
      (count(*) filter (where decision = 'keep' and draft_in_bulk))::int as "inBulk",
      percentile_cont(0.5) within group (order by seconds)::float8 as "medianSeconds",
      (count(*) filter (where seconds < 5))::int as hasty, count(seconds)::int as timed
    from decided d join people p on p.id = d.decided_by
    group by p.id, p.name, p.email order by count(*) desc, p.name`.execute(db);
  return rows;
}
