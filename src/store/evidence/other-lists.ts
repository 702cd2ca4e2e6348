import { type RawBuilder, sql } from 'kysely';
import type { Cell } from '../../core/csv.ts';
import { inDigest, inReview } from './looked-at.ts';
import type { Period } from './populations.ts';

/** A row of a list as it is written. */
export type FlatRow = Record<string, Cell | Date>;
type Flat = RawBuilder<FlatRow>;

const time = (path: string) => sql`(${sql.raw(path)})::timestamptz`;

/** Everybody whose leaving began in the period, with the time until everything of theirs was gone. */
export function terminations({ from, to }: Period): Flat {
  return sql`
    select o.id as "case", p.name as person, p.email, o.cause, o.state, o.opened_at as "knownAt", ${time("o.doc->>'beganAt'")} as "beganAt",
      coalesce(o.doc->'decidedBy'->>'name', o.doc->'startedBy'->>'name') as "decidedBy",
      jsonb_array_length(o.doc->'revokes') as revokes, array(select jsonb_array_elements_text(o.doc->'revokes')) as removals,
      v.last_seen as "lastSeenGoneAt",
      round(extract(epoch from v.last_seen - ${time("o.doc->>'beganAt'")})::numeric, 1)::float8 as "secondsToGone",
      v.unseen as "notSeenGone", ${time("o.doc->'late'->>'at'")} as "lateAt", o.doc->'late'->>'why' as "lateBecause",
      ${time("o.doc->>'closedAt'")} as "closedAt", o.doc->>'closing' as closing
    from offboardings o join people p on p.id = o.person_id
    left join lateral (
      select max((c.doc->'legs'->>'seenAt')::timestamptz) as last_seen,
        (count(*) filter (where c.doc->'legs'->>'seenAt' is null and c.state <> 'superseded'))::int as unseen
      from jsonb_array_elements_text(o.doc->'revokes') r join changes c on c.id = r::uuid) v on true
    where o.opened_at >= ${from} and o.opened_at < ${to} order by o.opened_at, o.id`;
}

/** Access reviews that were under way in the period. */
const reviewed = ({
  from,
  to,
}: Period) => sql`campaigns k where k.opened_at < ${to} and k.state in ('open', 'closing', 'closed')
  and coalesce(${time("k.doc->>'closedAt'")}, 'infinity') >= ${from}`;

export function reviews(period: Period): Flat {
  return sql`
    select k.id as campaign, k.doc->>'name' as name, k.state, coalesce(k.doc->'startedBy'->>'name', case k.doc->>'cause' when 'cadence' then 'by its cadence' else 'an operator, by the command line' end) as "startedBy",
      ${time("k.doc->>'snapshotAt'")} as "snapshotAt", ${time("k.doc->>'startedAt'")} as "startedAt", ${time("k.doc->>'dueAt'")} as "dueAt",
      ${time("k.doc->>'decidedAt'")} as "decidedAt", ${time("k.doc->>'closedAt'")} as "closedAt", n.lines, n.decided,
      n.lines - n.decided as undecided, round(100.0 * n.decided / nullif(n.lines, 0), 1)::float8 as "percentDecided", n.reviewers,
      n.kept, n.revoked, n.unexplained as "keptWithoutRationale", n.by_holder as "decidedByHolder", n.by_approver as "decidedByApprover",
      n.seconds as "medianSecondsPerLine",
      s.sha256 as "certificateSha256", s.kid as "certificateKey"
    from ${reviewedAs(period)}
    left join campaign_certificates s on s.campaign_id = k.id
    left join lateral (
      select count(*)::int as lines, count(l.decision)::int as decided, (count(*) filter (where l.decision = 'keep'))::int as kept,
        (count(*) filter (where l.decision = 'revoke'))::int as revoked,
        (count(*) filter (where ${isUnexplained}))::int as unexplained, (count(*) filter (where ${isByHolder}))::int as by_holder,
        (count(*) filter (where ${isByApprover}))::int as by_approver,
        coalesce(array_agg(distinct l.decided_by_name) filter (where l.decided_by_name is not null), '{}') as reviewers,
        percentile_cont(0.5) within group (order by t.seconds)::float8 as seconds
      from campaign_lines l left join changes g on g.id = l.change_id
      left join (${timed}) t on t.campaign_id = l.campaign_id and t.n = l.n
      where l.campaign_id = k.id) n on true
    order by k.opened_at, k.id`;
}

const isUnexplained = sql`l.decision = 'keep' and coalesce(l.comment, '') = ''`;
const isByHolder = sql`(l.decided_by is not null and l.decided_by = l.person_id)`;
/** The reviewer had approved the access that is under review. */
export const isByApprover = approvedBy(sql`g.doc`, sql`l.decided_by`);

function approvedBy(doc: RawBuilder<unknown>, by: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`coalesce(${doc}->'approvals' @> jsonb_build_array(jsonb_build_object('by', ${by}::text))
  or ${doc}->'decision'->>'by' = ${by}::text, false)`;
}

export const reviewedAs = (period: Period) => sql`(select k.* from ${reviewed(period)}) k`;

/** From when to when somebody looked at a line; what was kept in bulk took no time of its own. */
const timed = sql`
  select campaign_id, n, extract(epoch from drafted_at - greatest(shown_at, lag(drafted_at) over (partition by campaign_id, decided_by order by drafted_at))) as seconds
  from campaign_lines where drafted_at is not null and not draft_in_bulk and decided_by is not null`;

/** What was answered in a weekly digest stands beside them: its reader has looked at it too. A question decides nothing. */
export function reviewLines(period: Period): Flat {
  return sql`
    select * from (${linesOfReviews(period)} union all ${linesOfDigests(period)}) both_kinds
    order by "openedAt", campaign, line`;
}

const linesOfReviews = (period: Period) => sql`
    select l.campaign_id as campaign, ${inReview} as "lookedAtIn", l.n as line, l.kind, coalesce(l.facts->'person'->>'name', p.name) as person,
      coalesce(l.facts->'person'->>'email', p.email) as email, l.entitlement_key as entitlement, l.facts->>'tier' as tier,
      l.decision, l.comment as rationale, l.decided_by_name as reviewer, l.decided_at as "decidedAt",
      coalesce(l.draft_in_bulk and l.decision = 'keep', false) as "inBulk", round(t.seconds::numeric, 1)::float8 as "secondsTaken",
      ${isByHolder} as "decidedOnThemselves", l.change_id as change,
      coalesce((select array_agg(a->>'name') from jsonb_array_elements(g.doc->'approvals') a),
        array_remove(array[coalesce(g.doc->'decision'->>'byName', l.facts->'approved'->>'by')], null)) as "accessApprovedBy",
      ${isByApprover} as "reviewerApprovedIt", l.revoke_id as revoke, (c.doc->'legs'->>'seenAt')::timestamptz as "seenGoneAt",
      k.opened_at as "openedAt"
    from ${reviewedAs(period)} join campaign_lines l on l.campaign_id = k.id
    left join people p on p.id = l.person_id left join changes c on c.id = l.revoke_id left join changes g on g.id = l.change_id
    left join (${timed}) t on t.campaign_id = l.campaign_id and t.n = l.n`;

const linesOfDigests = ({ from, to }: Period) => sql`
    select l.digest_id, ${inDigest}, l.place, 'digest', p.name, p.email, l.entitlement_key, null,
      case l.verb when 'notRenewed' then 'keep, and not renew' else l.verb end, null, l.by_name, l.answered_at, false, null::float8,
      l.decided_by = l.person_id, l.change_id, coalesce((select array_agg(a->>'name') from jsonb_array_elements(o.doc->'approvals') a),
        array_remove(array[o.doc->'decision'->>'byName'], null)),
      ${approvedBy(sql`o.doc`, sql`l.decided_by`)}, l.revoke_id, (c.doc->'legs'->>'seenAt')::timestamptz, g.made_at
    from (
      select l.*, l.answer->>'verb' as verb, (l.answer->>'by')::uuid as decided_by, l.answer->>'byName' as by_name,
        ${time("l.answer->>'at'")} as answered_at, (l.answer->>'revokeId')::uuid as revoke_id
      from digest_lines l where l.answer is not null and l.answer->>'verb' <> 'ask'
    ) l join digests g on g.id = l.digest_id join people w on w.id = g.person_id
    left join people p on p.id = l.person_id left join changes c on c.id = l.revoke_id left join changes o on o.id = l.change_id
    where l.answered_at >= ${from} and l.answered_at < ${to}`;

/** What was out of the ordinary in the lines of reviews; a line that is not decided on is, once its review has closed. */
export function reviewGaps(period: Period): RawBuilder<ReviewGap> {
  return sql`
    select x.kind, coalesce(l.decided_at, ${time("k.doc->>'closedAt'")}) as at, l.change_id as change,
      coalesce(l.facts->'person'->>'name', p.name) as person, coalesce(l.facts->'person'->>'email', p.email) as email,
      l.entitlement_key as entitlement, l.decided_by_name as reviewer, w.email as "reviewerEmail", k.doc->>'name' as review, l.n as line,
      coalesce(jsonb_array_length(g.doc->'approvals'), 0) as approvers
    from ${reviewedAs(period)} join campaign_lines l on l.campaign_id = k.id left join people p on p.id = l.person_id
    left join people w on w.id = l.decided_by left join changes g on g.id = l.change_id
    cross join lateral (values
      ('undecided', k.state = 'closed' and l.decision is null), ('unexplained', ${isUnexplained}), ('byHolder', ${isByHolder}), ('byApprover', ${isByApprover})) x (kind, is_so)
    where x.is_so order by k.opened_at, l.campaign_id, l.n`;
}

export type ReviewGap = {
  kind: 'undecided' | 'unexplained' | 'byHolder' | 'byApprover';
  at: Date | null;
  change: string | null;
  person: string | null;
  email: string | null;
  entitlement: string;
  reviewer: string | null;
  reviewerEmail: string | null;
  review: string;
  line: number;
  /** How many had approved the access, on a card of its own. */
  approvers: number;
};

/** Access that was taken at once in the period, with its review. */
export function emergencies({ from, to }: Period): Flat {
  return sql`
    select e.change_id as change, p.name as person, p.email, e.entitlement_key as entitlement, c.doc->>'reason' as reason,
      e.opened_at as "takenAt", (c.doc->'grant'->>'endsAt')::timestamptz as "endsAt",
      (c.doc->'ended'->>'at')::timestamptz as "endedAt", (r.doc->'legs'->>'seenAt')::timestamptz as "seenGoneAt", e.review->>'found' as found,
      e.review->>'name' as "reviewedBy", (e.review->>'at')::timestamptz as "reviewedAt", e.review->>'comment' as comment,
      e.review->>'by' = e.person_id::text as "reviewedBySelf"
    from emergencies e join people p on p.id = e.person_id join changes c on c.id = e.change_id
    left join changes r on r.id = c.revoke_id
    where e.opened_at >= ${from} and e.opened_at < ${to} order by e.opened_at, e.change_id`;
}

export function canaryRounds({ from, to }: Period): Flat {
  return sql`
    select r.id as round, r.started_at as "startedAt", r.ended_at as "endedAt", coalesce(r.result, r.state) as result,
      r.objective_ms / 1000.0::float8 as "objectiveSeconds", (r.grant_legs->>'total')::float8 / 1000 as "secondsToEffect",
      (r.revoke_legs->>'total')::float8 / 1000 as "secondsToGone", r.stuck->>'leg' as "stuckAt", r.stuck->>'why' as "stuckBecause"
    from canary_runs r where r.started_at >= ${from} and r.started_at < ${to} order by r.started_at, r.id`;
}

/** Of all rounds of the period: how they came out, and how long the way took. */
export type CanaryTotals = {
  rounds: number;
  hits: number;
  misses: number;
  medianSecondsToGone: number | null;
  slowestSecondsToGone: number | null;
};

export function canaryTotals(period: Period): RawBuilder<CanaryTotals> {
  return sql`
    select count(*)::int as rounds, (count(*) filter (where result = 'hit'))::int as hits,
      (count(*) filter (where result = 'miss'))::int as misses,
      percentile_cont(0.5) within group (order by "secondsToGone") as "medianSecondsToGone",
      max("secondsToGone") as "slowestSecondsToGone"
    from (${canaryRounds(period)}) r`;
}

/** Entries of the audit trail that tell of an exception; each type with what it is called. */
export const alarmTypes = {
  stepUpEnded: 'sign-in for an approval failed',
  signInRefused: 'sign-in for an approval failed',
  canaryAlarmRaised: 'alarm: the canary missed twice',
  queueAway: 'alarm: the queue was away',
  provisioningStopped: 'alarm: provisioning stood still',
  deliveryTroubled: 'alarm: a group was not carried to its team',
  policyBroken: 'alarm: a policy could not be put in force',
  ticketsAway: 'alarm: tickets could not be read',
  secretOld: 'alarm: a secret was old',
  scimPushRefused: 'a push was refused',
  emergencyReviewOverdue: 'the review of an emergency was overdue',
  offboardingLate: 'alarm: a leaver’s access was still there',
} as const;

export type AlarmRow = {
  at: Date;
  type: keyof typeof alarmTypes;
  changeId: string | null;
  actor: { name?: string; part?: string };
  data: Record<string, unknown>;
  person: string | null;
  email: string | null;
  entitlement: string | null;
  /** Of a sign-in for an approval: whose it was to be. */
  signer: string | null;
  signerEmail: string | null;
};

export function alarms({ from, to }: Period): RawBuilder<AlarmRow> {
  return sql`
    select a.at, a.type, a.change_id as "changeId", a.actor, a.data, p.name as person, p.email, c.entitlement_key as entitlement,
      w.name as signer, w.email as "signerEmail"
    from audit a left join changes c on c.id = a.change_id left join people p on p.id = c.person_id
    left join step_ups s on a.type = 'signInRefused' and s.id::text = a.data->>'stepUpId'
    left join people w on w.id = case a.type when 'stepUpEnded' then (a.data->>'by')::uuid when 'signInRefused' then s.person_id end
    where a.type = any(${Object.keys(alarmTypes)}::text[]) and a.at >= ${from} and a.at < ${to} order by a.id`;
}
