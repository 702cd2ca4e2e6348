import type { ColumnType, Generated } from 'kysely';
import type { CanaryRun, RoundResult, Stuck } from '../../core/canary/canary.ts';
import type { Change } from '../../core/change/change.ts';
import type { LegTimes } from '../../core/change/legs.ts';
import type { Delegation, DelegationState } from '../../core/delegation/delegation.ts';
import type { DigestFacts, LineAnswer, LineFacts, LineKind, ZoneFrom } from '../../core/digest/digest.ts';
import type { AtAGlance } from '../../core/facts/at-a-glance.ts';
import type { FactSheet } from '../../core/facts/request-facts.ts';
import type { HomePages } from '../../core/home/pages.ts';
import type { Job, JobName } from '../../core/jobs/reactions.ts';
import type { MassChange, MassKind, MassState } from '../../core/mass-change/mass-change.ts';
import type { OffboardingState } from '../../core/offboarding/life-cycle.ts';
import type { Offboarding } from '../../core/offboarding/offboarding.ts';
import type { UsageSource } from '../../core/usage/usage.ts';
import type { AdviceResult } from '../../ports/adviser.ts';
import type { ApprovalTables } from './approval-tables.ts';
import type { AuditTables } from './audit-tables.ts';
import type { DeliveryTables } from './delivery-tables.ts';
import type { IdpTables } from './idp-tables.ts';
import type { PageTables } from './page-tables.ts';
import type { ReviewTables } from './review-tables.ts';
import type { ScimTables } from './scim-tables.ts';
import type { SecretTables } from './secret-tables.ts';

/** A jsonb column: read parsed, written as text. */
type Json<T> = ColumnType<T, string, string>;

export type Tables = {
  people: {
    id: string;
    email: string;
    login: string;
    name: string;
    status: string;
    title: string | null;
    department: string | null;
    manager: string | null;
    time_zone: string | null;
    /** When the directory got to know them; null: not told. */
    since: ColumnType<Date | null, Date | null | undefined, Date | null>;
    /** `system` of the identity provider that speaks for them: all of this is as it says. */
    idp: Generated<string>;
    updated_at: Generated<Date>;
  };
  person_links: {
    system: string;
    external_id: string;
    person_id: string;
    verified_at: Generated<Date>;
    is_unconfirmed: Generated<boolean>;
    /** As an IdP has them that does not speak for the person; null: it does, or it is none. */
    status: Generated<string | null>;
  };
  /** See migrations/0032_refused_pushes.ts. */
  refused_pushes: {
    id: string;
    notice_id: string;
    kind: 'user' | 'group';
    /** The SCIM id. */
    resource_id: string;
    name: string;
    held: 'deactivation' | 'possible deactivation' | 'deletion' | 'removal of members';
    /** Whose token it was: `okta`, `entra` or `scim`. */
    client: string;
    request: string;
    why: string;
    times: Generated<number>;
    first_at: Date;
    last_at: Date;
    settled_at: Date | null;
  };
  withheld_birthrights: { person_id: string; entitlement_key: string; why: string; at: Date };
  changes: {
    id: string;
    idempotency_key: string | null;
    state: string;
    version: number;
    kind: string;
    entitlement_key: string;
    person_id: string;
    requester_id: string | null;
    revoke_id: string | null;
    group_id: string | null;
    team_id: string | null;
    requested_at: Date;
    lapses_at: Date | null;
    look_at: Date | null;
    joint_id: string | null;
    doc: Json<Change>;
  };
  grants: {
    id: string;
    change_id: string;
    person_id: string;
    entitlement_key: string;
    group_id: string;
    team_id: string;
    starts_at: Date;
    ends_at: Date;
    ended_at: Date | null;
    warn_at: Date | null;
    /** The ticket that it ends with. */
    ticket: ColumnType<string | null, string | null | undefined, never>;
  };
  /** See migrations/0059_tickets.ts. */
  watched_tickets: {
    ticket: string;
    read_at: Date;
    seen: 'open' | 'closed' | 'absent' | null;
    times: Generated<number>;
    next_at: Date;
    fault: string | null;
  };
  ticket_troubles: { id: string; since: Date; why: string; back_at: Date | null };
  baselines: { group_id: string; group_name: string; members: number; taken_at: Date };
  baseline_members: {
    person_id: string;
    group_id: string;
    group_name: string;
    recorded_at: Date;
    ended_at: Date | null;
    ended_as: 'gone' | null;
  };
  mass_changes: {
    id: string;
    kind: MassKind;
    scope: string;
    state: MassState;
    version: number;
    opened_at: Date;
    doc: Json<MassChange>;
  };
  mass_change_items: {
    mass_change_id: string;
    item_key: string;
    person_id: string;
    note: string | null;
    outcome: string | null;
    change_id: string | null;
  };
  offboardings: {
    id: string;
    person_id: string;
    state: OffboardingState;
    version: number;
    cause: string;
    opened_at: Date;
    doc: Json<Offboarding>;
  };
  delegations: {
    id: string;
    person_id: string;
    delegate_id: string;
    state: DelegationState;
    version: number;
    starts_at: Date;
    ends_at: Date;
    doc: Json<Delegation>;
  };
  usual_delegates: { person_id: string; delegate_id: string; since: Generated<Date> };
  told_absences: { person_id: string; until: Date | null; told_at: Generated<Date> };
  homes: {
    person_id: string;
    account_id: string;
    is_admin: boolean;
    pages: Json<HomePages>;
    fingerprint: string | null;
    opened_at: Date;
    published_at: Date | null;
  };
  summaries: {
    /** A change or a mass change. */
    about_id: string;
    sheet: Json<FactSheet>;
    plain: string;
    advice: ColumnType<AdviceResult | null, string | null, string | null>;
    glance: ColumnType<AtAGlance | null, string | null, string | null>;
  };
  outbox: {
    id: Generated<string>;
    key: string;
    job: JobName;
    payload: Json<Job>;
    priority: number;
    generation: Generated<number>;
    next_at: Generated<Date>;
    leases: Generated<number>;
    leased: Generated<boolean>;
    taken: Generated<boolean>;
    attempts: Generated<number>;
    last_fault: string | null;
    created_at: Generated<Date>;
    done_at: Date | null;
  };
  messages: {
    /** Of a change, an offboarding, a mass change or the canary. */
    about_id: string;
    key: string;
    channel: string | null;
    ts: string | null;
    fingerprint: string | null;
    posting_since: Date | null;
  };
  observed: {
    id: Generated<string>;
    key: string;
    event_source: string;
    payload: Json<unknown>;
    actor: Json<unknown> | null;
    occurred_at: Date;
    received_at: Generated<Date>;
    next_at: Generated<Date>;
    processed_at: Date | null;
    outcome: string | null;
    person_id: string | null;
    group_id: string | null;
  };
  reconcile_runs: {
    id: Generated<string>;
    cause: 'everything' | 'checkGroup' | 'baseline';
    started_at: Generated<Date>;
    finished_at: Date | null;
    found: Json<unknown> | null;
  };
  canary_runs: {
    id: string;
    started_at: Date;
    objective_ms: number;
    grant_change_id: string;
    revoke_change_id: string | null;
    state: CanaryRun['state'];
    result: RoundResult | null;
    stuck: ColumnType<Stuck | null, string | null, string | null>;
    grant_legs: ColumnType<LegTimes | null, string | null, string | null>;
    revoke_legs: ColumnType<LegTimes | null, string | null, string | null>;
    ended_at: Date | null;
  };
  policies: { fingerprint: string; texts: Json<Record<string, string>>; loaded_at: Generated<Date> };
  policy_troubles: { id: string; since: Date; mistakes: Json<string[]>; mended_at: Date | null };
  queue_troubles: { id: string; since: Date; why: string; seen_at: Date; back_at: Date | null };
  canary_alarms: { id: string; since: Date; raised_at: Date; cleared_at: Date | null };
  event_source_coverage: {
    event_source: string;
    covered_from: Date | null;
    covered_to: Date | null;
    refused_at: Date | null;
  };
  event_source_cursors: { event_source: string; position: Json<unknown>; moved_at: Date };
  person_snapshots: {
    person_id: string;
    /** Of the identity provider that was looked at. */
    system: Generated<string>;
    status: string;
    department: string | null;
    manager: string | null;
    had_app: boolean;
    evaluated_at: Date;
  };
  mcp_tokens: {
    id: string;
    person_id: string;
    name: string;
    hash: Buffer;
    created_at: Date;
    expires_at: Date;
    last_used_at: Date | null;
    revoked_at: Date | null;
  };
  model_answers: { key: string; raw: Json<unknown>; model: string; answered_at: Generated<Date> };
  model_spending: { day: Date; tokens: string | bigint };
  usage_records: {
    source: UsageSource;
    system: string;
    external_id: string;
    last_at: Date;
    what: string | null;
  };
  usage_sources: {
    source: UsageSource;
    system: string;
    since: Date | null;
    position: Json<string> | null;
    checked_at: Date | null;
    trouble: string | null;
  };
  team_events: {
    id: Generated<string>;
    key: string;
    team_id: string;
    team_name: string;
    account: string | null;
    direction: 'added' | 'removed';
    actor: Json<unknown>;
    at: Date;
  };
  digests: {
    id: string;
    kind: string;
    person_id: string;
    /** A day, as text. */
    week: ColumnType<Date, string, string>;
    time_zone: string;
    zone_from: ZoneFrom | null;
    due_at: Date;
    made_at: Date;
    asked_at: Date | null;
    counts: Json<Partial<Record<LineKind, number>>>;
    doc: Json<DigestFacts>;
  };
  digest_lines: {
    digest_id: string;
    place: number;
    kinds: LineKind[];
    person_id: string;
    entitlement_key: string;
    change_id: string | null;
    doc: Json<LineFacts>;
    answer: ColumnType<LineAnswer | null, string | null, string | null>;
  };
  usage_returns: { person_id: string; returned_at: Date; silent_since: Date; source: UsageSource };
} & ScimTables &
  ApprovalTables &
  ReviewTables &
  SecretTables &
  IdpTables &
  DeliveryTables &
  PageTables &
  AuditTables;
