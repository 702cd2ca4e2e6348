import { type RawBuilder, sql } from 'kysely';
import type { Approval, Cause, Change, Decision, Legs } from '../../core/change/change.ts';
import type { ChangeState } from '../../core/change/life-cycle.ts';
import type { ApproverStage } from '../../core/policy/routing.ts';
import { logTimes } from './log-times.ts';
import { inDigest, inReview } from './looked-at.ts';
import { isNotGiven, isOpenAtEnd } from './requests.ts';

/** From its first moment, up to and without its last. */
export type Period = { from: Date; to: Date };

/** A time of a stored document. */
const timeOf = (path: RawBuilder<unknown>) => sql`(${path})::timestamptz`;
const decidedAt = timeOf(sql`c.doc->'legs'->>'decidedAt'`);

function isWithin(at: RawBuilder<unknown>, { from, to }: Period): RawBuilder<unknown> {
  return sql`${at} >= ${from} and ${at} < ${to}`;
}

/** The populations of changes, each as the condition that makes it. The canary's are a measurement of their own. */
export const populations = {
  /** Access that was given in the period. */
  grants: (period: Period) =>
    sql`changes c where c.kind = 'grant' and c.doc->>'cause' <> 'canary' and ${isWithin(decidedAt, period)}`,
  /** What was asked for or found and was over within the period without being given. */
  'requests-not-granted': (period: Period) =>
    sql`changes c where c.kind = 'grant' and c.doc->>'cause' <> 'canary' and ${isNotGiven(period)}`,
  /** What was asked for or found, and was neither given nor over by the end of the period. */
  'requests-open': (period: Period) =>
    sql`changes c where c.kind = 'grant' and c.doc->>'cause' <> 'canary' and ${isOpenAtEnd(period)}`,
  /** Access that was taken away in the period. */
  removals: (period: Period) =>
    sql`changes c where c.kind = 'revoke' and c.doc->>'cause' <> 'canary' and ${isWithin(decidedAt, period)}`,
} as const;
export type ChangePopulation = keyof typeof populations;

export function populationQuery(which: ChangePopulation, period: Period): RawBuilder<{ id: string }> {
  return sql`select c.id from ${populations[which](period)}`;
}

/** A change as a list needs it; times are as JSON has them. */
export type PopulationRow = {
  id: string;
  personId: string;
  person: string;
  email: string;
  entitlement: string;
  cause: Cause;
  state: ChangeState;
  requestedAt: Date;
  requesterId: string | null;
  requester: string | null;
  requesterEmail: string | null;
  reason: string;
  ticket: string | null;
  target: Change['target'];
  approvals: Approval[];
  /** Of who approved, or else decided; a rule has none. */
  deciderEmails: string[];
  stages: ApproverStage[] | null;
  decision: Decision | null;
  /** Fingerprint of the policy that decided. */
  policy: string | null;
  /** Numbers of the clauses that it named. */
  clauses: (string | null)[] | null;
  refusal: string | null;
  legs: Legs;
  /** By the audit: when it was written in the identity provider for the first time; the legs have the last. */
  firstWrittenAt: Date | null;
  signedInAt: Date | null;
  late: Change['late'];
  failure: Change['failure'];
  startsAt: Date | null;
  endsAt: Date | null;
  ended: Change['ended'];
  reopened: Change['reopened'] | null;
  /** Of a removal because the time was over: when that was; null: it is no such removal. */
  dueAt: Date | null;
  /** Of what was kept by whoever had made it: the change in which others were asked anew; null: none was found. */
  askedAgainIn: string | null;
  /** The revoke that ended it; null: none did. */
  revokeId: string | null;
  /** Of the revoke that ended it: when Latchkey saw it gone in MuleSoft, and when it was so by Anypoint's own log. */
  seenGoneAt: Date | null;
  goneByLog: Date | null;
  /** When the change itself stands in Anypoint's own log, and in the identity provider's; null: it does not. */
  byAnypointLog: Date | null;
  byIdpLog: Date | null;
  /** What the model leaned to; null: it gave no advice. */
  lean: string | null;
  /** Of a removal that a reviewer called for: where they looked at it; null: that is not kept, or it is no such removal. */
  lookedAtIn: string | null;
};

/** Whose times are looked up in other systems' logs. Revokes of later count too: they end what was given. */
function timedIn(which: ChangePopulation, { from }: Period): RawBuilder<unknown> {
  if (which === 'requests-not-granted' || which === 'requests-open') return sql`false`;
  const kind = which === 'removals' ? sql`c.kind = 'revoke' and` : sql``;
  return sql`${kind} d.cause <> 'canary' and (d.legs->>'decidedAt')::timestamptz >= ${from}`;
}

/** The rows of a population in the order of their ids, which is the same at each drawing. */
export function populationRows(which: ChangePopulation, period: Period): RawBuilder<PopulationRow> {
  return sql`${rowsFrom(populations[which](period), timedIn(which, period))} order by c.id`;
}

/**
 * A sample that anybody can draw again: the so many of the population whose SHA-256 of `seed:id` is the lowest. It
 * depends on nothing else, not on the order in which they are stored.
 */
export function sampleQuery(
  which: ChangePopulation,
  period: Period,
  { size, seed }: { size: number; seed: string },
): RawBuilder<{ id: string }> {
  return sql`select c.id from ${populations[which](period)}
    order by sha256(convert_to(${seed}::text || ':' || c.id::text, 'UTF8')), c.id limit ${size}`;
}

/** Every access to one of these that stood at some moment of the period. What is not seen gone stands. */
export function heldWithin({ from, to }: Period, keys: readonly string[]): RawBuilder<PopulationRow> {
  const gone = timeOf(sql`select r.doc->'legs'->>'seenAt' from changes r where r.id = c.revoke_id`);
  const ofThese = sql`c.entitlement_key = any(${[...keys]}::text[])`;
  return sql`${rowsFrom(
    sql`changes c where c.kind = 'grant' and c.doc->>'cause' <> 'canary' and ${ofThese}
    and exists (select from grants g where g.change_id = c.id and g.starts_at < ${to}
      and coalesce(${gone}, case when c.revoke_id is null then g.ended_at end, 'infinity') >= ${from})`,
    ofThese,
  )} order by c.entitlement_key, p.name, c.id`;
}

/** The parts of a change's document that a list needs, taken from it in one go. */
const partsOfDoc = sql`jsonb_to_record(c.doc) as d (cause text, reason text, ticket text, target jsonb, approvals jsonb, plan jsonb,
  decision jsonb, verdict jsonb, refusal jsonb, legs jsonb, "signedInAt" text, late jsonb, failure jsonb, "grant" jsonb, ended jsonb,
  reopened jsonb)`;

/**
 * Several people may have one name: their addresses tell them apart. In the order of the approvals. Each is looked up by
 * its id: joined, all people would be read again for each change.
 */
const deciderEmails = sql`array(
  select y.email from (
    select (select w.email from people w where w.id = (x.a->>'by')::uuid) as email, x.n
    from jsonb_array_elements(d.approvals) with ordinality as x (a, n)
    union all select (select w.email from people w where w.id = (d.decision->>'by')::uuid), 1 where jsonb_array_length(d.approvals) = 0) y
  where y.email is not null order by y.n)`;

/** Somebody may look at an access in a review or in a digest, and not keep it. */
const lookedAtIn = sql`case when d.cause = 'review' then coalesce(
  (select ${inReview} from campaign_lines l join campaigns k on k.id = l.campaign_id
    where l.person_id = c.person_id and l.group_id = c.group_id and l.revoke_id = c.id limit 1),
  (select ${inDigest} from digest_lines l join digests g on g.id = l.digest_id join people w on w.id = g.person_id
    where l.answer is not null and l.answer->>'revokeId' = c.id::text limit 1)) end`;

/** `timed`: the changes whose times in other systems' logs are looked up, as a condition on `c` and its document `d`. */
function rowsFrom(population: RawBuilder<unknown>, timed: RawBuilder<unknown>): RawBuilder<PopulationRow> {
  return sql`
    with t as materialized (${logTimes(timed)})
    select c.id, c.person_id as "personId", p.name as person, p.email, c.entitlement_key as entitlement, d.cause,
      c.state, c.requested_at as "requestedAt", c.requester_id as "requesterId", q.name as requester, q.email as "requesterEmail", d.reason,
      d.ticket, d.target, d.approvals, ${deciderEmails} as "deciderEmails", d.plan->'stages' as stages, d.decision, d.verdict->>'policy' as policy,
      (select array_agg(distinct g->>'clause') from jsonb_array_elements(d.verdict->'grounds') g) as clauses,
      d.refusal->>'text' as refusal, d.legs, ${timeOf(sql`d."signedInAt"`)} as "signedInAt", d.late, d.failure,
      (select min(w.at) from audit w where w.change_id = c.id and w.type = 'idpWritten') as "firstWrittenAt",
      ${timeOf(sql`d."grant"->>'startsAt'`)} as "startsAt", ${timeOf(sql`d."grant"->>'endsAt'`)} as "endsAt", d.ended, d.reopened, c.revoke_id as "revokeId", gone.seen_at as "seenGoneAt",
      gone.anypoint_at as "goneByLog", own.anypoint_at as "byAnypointLog", own.idp_at as "byIdpLog",
      s.advice->'advice'->>'lean' as lean, ${lookedAtIn} as "lookedAtIn",
      case when d.reopened is not null then (select n.id from changes n where n.person_id = c.person_id and n.group_id = c.group_id
        and n.doc->>'cause' = 'finding' and n.requested_at >= ${timeOf(sql`d.reopened->>'at'`)} order by n.requested_at, n.id limit 1) end as "askedAgainIn",
      case when d.cause = 'expiry' then (select max(${timeOf(sql`g.doc->'grant'->>'endsAt'`)}) from changes g where g.revoke_id = c.id) end as "dueAt"
    from (select c.* from ${population}) c cross join lateral ${partsOfDoc}
    join people p on p.id = c.person_id
    left join people q on q.id = c.requester_id
    left join t own on own.id = c.id
    left join t gone on gone.id = c.revoke_id
    left join summaries s on s.about_id = c.id`;
}

/** The person who had made a membership that was found; `id` null: Latchkey does not know them. */
export type Author = { changeId: string; id: string | null; name: string | null };

/** Of what was found: who, as event sources tell, had made it so last. */
export function authorsOf(which: ChangePopulation, period: Period): RawBuilder<Author> {
  return sql`
    select distinct on (c.id) c.id as "changeId", l.person_id as id, o.actor->>'name' as name
    from (select c.* from ${populations[which](period)} and c.doc->>'cause' = 'finding') c
    join observed o on o.person_id = c.person_id and o.group_id = c.group_id and o.actor is not null
      and o.payload->>'direction' = 'added' and o.occurred_at <= c.requested_at + interval '1 minute'
    left join person_links l on l.system = c.doc->'target'->>'idp' and l.external_id = o.actor->>'id'
    order by c.id, o.occurred_at desc`;
}
