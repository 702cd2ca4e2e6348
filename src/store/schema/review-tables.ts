import type { ColumnType, Generated } from 'kysely';
import type { Campaign, CampaignState } from '../../core/review/campaign.ts';
import type { CarryTrouble, ObjectionAnswer } from '../../core/review/close.ts';
import type { InsightKind } from '../../core/review/insight.ts';
import type { LineDecision, LineFacts, LineKind, ReviewerChoice } from '../../core/review/line.ts';
import type { AdviceResult } from '../../ports/adviser.ts';

/** A jsonb column: read parsed, written as text. */
type Json<T> = ColumnType<T, string, string>;

/** See migrations/0054_campaigns.ts. */
export type ReviewTables = {
  campaigns: {
    id: string;
    state: CampaignState;
    version: number;
    opened_at: Date;
    entitlement_keys: string[];
    doc: Json<Campaign>;
  };
  campaign_lines: {
    campaign_id: string;
    n: number;
    kind: LineKind;
    person_id: string | null;
    entitlement_key: string;
    group_id: string;
    change_id: string | null;
    since: Date | null;
    ends_at: Date | null;
    facts: ColumnType<LineFacts | null, string | null, string | null>;
    insight: InsightKind | null;
    in_bulk_allowed: boolean | null;
    reviewer_id: string | null;
    hops: Generated<number>;
    handed_on: string | null;
    shown_at: Date | null;
    draft: ReviewerChoice | null;
    draft_comment: string | null;
    drafted_at: Date | null;
    draft_in_bulk: Generated<boolean>;
    decision: LineDecision | null;
    comment: string | null;
    decided_by: string | null;
    decided_by_name: string | null;
    decided_at: Date | null;
    carried_at: Date | null;
    carry_trouble: CarryTrouble | null;
    answer: ColumnType<ObjectionAnswer | null, string | null, string | null>;
    revoke_id: string | null;
    advice: ColumnType<AdviceResult | null, string | null, string | null>;
  };
  campaign_reviewers: {
    id: string;
    campaign_id: string;
    person_id: string;
    name: string;
    clicks: Generated<string[]>;
    reminders: Generated<string[]>;
  };
  campaign_certificates: {
    campaign_id: string;
    made_at: Date;
    sha256: string;
    kid: string;
    jws: string;
  };
  signing_keys: {
    kid: string;
    created_at: Generated<Date>;
    public_jwk: Json<Record<string, unknown>>;
    private_jwk: Json<Record<string, unknown>>;
  };
};
