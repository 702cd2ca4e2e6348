import type { ColumnType } from 'kysely';
import type { EmergencyReview } from '../../core/break-glass/break-glass.ts';
import type { ClickReceived } from '../../core/jobs/reactions.ts';
import type { ApproverClock } from '../../core/policy/ladder.ts';
import type { StepUpProof } from '../../core/step-up/step-up.ts';

/** Approvals that wait for a sign-in, and access that was taken without approval. */
export type ApprovalTables = {
  /** See migrations/0052_step_up_and_break_glass.ts. */
  step_ups: {
    id: string;
    change_id: string;
    person_id: string;
    click: ColumnType<ClickReceived, string, string>;
    link_hash: Buffer;
    asked_at: Date;
    expires_at: Date;
    begun_at: Date | null;
    browser_hash: Buffer | null;
    state: string | null;
    nonce: string | null;
    verifier: string | null;
    proof: ColumnType<StepUpProof | null, string | null, string | null>;
    ended_at: Date | null;
    outcome: string | null;
    says: string | null;
  };
  emergencies: {
    change_id: string;
    person_id: string;
    entitlement_key: string;
    opened_at: Date;
    review: ColumnType<EmergencyReview | null, string | null, string | null>;
    /** See migrations/0060_rungs_of_emergencies.ts. */
    clock: ColumnType<ApproverClock | null, string | null, string | null>;
    look_at: Date | null;
  };
};
