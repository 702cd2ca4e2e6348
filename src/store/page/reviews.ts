import { type RawBuilder, sql } from 'kysely';
import type { Sight } from '../../core/page/reader.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import type { LineFacts } from '../../core/review/line.ts';
import type { Db } from '../postgres/database.ts';
import { revive } from '../revive.ts';
import { allOf, type Cursor, type Listed, listed, older, type Portion } from './sight.ts';

export type ListedCampaign = {
  campaign: Campaign;
  lines: number;
  decided: number;
  revoked: number;
  cursor: Cursor;
};

/** Lines that somebody reviews, or of what they own. */
function linesInSight(sight: Sight): RawBuilder<boolean> | null {
  return sight === 'all'
    ? null
    : sql<boolean>`(l.reviewer_id = ${sight.personId} or l.decided_by = ${sight.personId} or l.entitlement_key = any(${[...sight.owns]}::text[]))`;
}

/** Access reviews, the newest first, with how far the lines in sight are. */
export async function listCampaigns(db: Db, sight: Sight, portion: Portion): Promise<Listed<ListedCampaign>> {
  type Row = { doc: Campaign; lines: number; decided: number; revoked: number; at: string; id: string };
  const { rows } = await sql<Row>`
    select c.doc, n.lines, n.decided, n.revoked, c.opened_at::text as at, c.id
    from campaigns c cross join lateral (
      select count(*)::int as lines, count(l.decision)::int as decided,
        (count(*) filter (where l.decision = 'revoke'))::int as revoked
      from campaign_lines l where l.campaign_id = c.id and ${allOf([linesInSight(sight)])}
    ) n
    where ${allOf([sight === 'all' ? null : sql<boolean>`n.lines > 0`, older(sql`c.opened_at`, sql`c.id`, portion)])}
    order by c.opened_at desc, c.id desc limit ${portion.limit + 1}`.execute(db);
  return listed(
    rows.map(({ doc, at, id, ...counts }) => ({
      campaign: revive<Campaign>(doc),
      ...counts,
      cursor: { at, id },
    })),
    portion,
  );
}

export type ListedLine = {
  facts: LineFacts | null;
  entitlementKey: string;
  kind: string;
  reviewer: string | null;
  decision: string | null;
  comment: string | null;
  decidedBy: string | null;
  decidedAt: Date | null;
  carriedAt: Date | null;
  cursor: Cursor;
};

/** Lines of one review in sight, in their order. `at` of a cursor is the beginning of the review. */
export async function listLines(
  db: Db,
  sight: Sight,
  { campaign, decision }: { campaign: string; decision?: string | undefined },
  portion: Portion,
): Promise<Listed<ListedLine>> {
  const { rows } = await sql<
    Omit<ListedLine, 'cursor' | 'facts'> & { facts: LineFacts | null; at: string; id: string }
  >`
    select l.facts, l.entitlement_key as "entitlementKey", l.kind, r.name as reviewer, l.decision, l.comment,
      l.decided_by_name as "decidedBy", l.decided_at as "decidedAt", l.carried_at as "carriedAt",
      c.opened_at::text as at, l.n::text as id
    from campaign_lines l join campaigns c on c.id = l.campaign_id left join people r on r.id = l.reviewer_id
    where l.campaign_id = ${campaign} and ${allOf([
      linesInSight(sight),
      decision === undefined
        ? null
        : decision === 'open'
          ? sql<boolean>`l.decision is null`
          : sql<boolean>`l.decision = ${decision}`,
      portion.after === null ? null : sql<boolean>`l.n > ${Number(portion.after.id)}`,
    ])}
    order by l.n limit ${portion.limit + 1}`.execute(db);
  return listed(
    rows.map(({ at, id, facts, ...row }) => ({
      ...row,
      facts: facts === null ? null : revive<LineFacts>(facts),
      cursor: { at, id },
    })),
    portion,
  );
}
