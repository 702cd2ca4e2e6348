import type { Generated } from 'kysely';

/** Of the web page. */
export type PageTables = {
  /** See migrations/0088_web_sessions.ts. */
  web_sessions: {
    id_hash: Buffer;
    person_id: string;
    email: string | null;
    began_at: Generated<Date>;
    seen_at: Generated<Date>;
    ends_at: Date;
    ended_at: Date | null;
  };
  /** See migrations/0101_api_tokens.ts. */
  api_tokens: {
    id: string;
    name: string;
    is_service: boolean;
    person_id: string;
    scopes: string[];
    hash: Buffer;
    made_by: string;
    created_at: Date;
    expires_at: Date;
    last_used_at: Date | null;
    revoked_at: Date | null;
  };
  /** See migrations/0090_propagation_weeks.ts. */
  propagation_weeks: {
    week: Date;
    leg: string;
    n: number;
    p50: number | null;
    p95: number | null;
    p99: number | null;
    over_objective: number;
    objective_ms: number;
  };
};
