import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Change } from '../core/change/change.ts';
import type { Actor, ChangeEvent } from '../core/change/events.ts';
import { evolve } from '../core/change/evolve.ts';
import type { ChangeId, EntitlementKey, GrantId } from '../core/ids.ts';
import type { Entitlement, Target } from '../core/policy/catalogue.ts';
import { type ApproverPlan, planOf } from '../core/policy/routing.ts';
import { evaluateRequest, type RequestFacts, type Verdict } from '../core/policy/verdict.ts';
import { refuse } from '../core/refusal.ts';
import type { Context } from '../flow/kernel/context.ts';
import { revokeOf } from '../flow/membership/end-grants.ts';
import { activeByEmail } from '../flow/people/accounts.ts';
import { clockOf } from '../flow/request/request-facts.ts';
import { auditEntries } from '../store/audit.ts';
import type { Person } from '../store/people.ts';
import { transact } from '../store/postgres/transaction.ts';
import { DAY, type Past, past } from './past-requests.ts';

/** Once, so that the months before are not made twice; any number that nobody else locks. */
const HISTORY_LOCK = 4_215_001;

/**
 * Months of decisions before the sandbox was opened. They are judged by the rules in force, and on record like any
 * other. So there is something to replay. Over and done with: nobody holds anything by them. Answers how many were
 * made.
 */
export async function seedHistory(context: Pick<Context, 'db' | 'idps' | 'catalogue'>): Promise<number> {
  const people = new Map<string, Person>();
  for (const key of new Set(past.flatMap(({ who, by }) => [who, ...by]))) {
    const found = await activeByEmail(context, `${key}@acme.example`);
    if (found !== null) people.set(key, found);
  }
  return await transact<number>(context.db, async (tx, { now }) => {
    await sql`select pg_advisory_xact_lock(${HISTORY_LOCK})`.execute(tx);
    const youngest = new Date(now.getTime() - Math.min(...past.map((p) => p.daysAgo)) * DAY * 1_000);
    const old = await tx
      .selectFrom('changes')
      .select('id')
      .where('requested_at', '<', youngest)
      .limit(1)
      .executeTakeFirst();
    if (old !== undefined) return { result: 0, last: [] };
    const events: ChangeEvent[] = [];
    const changes: Change[] = [];
    for (const one of past) {
      const who = people.get(one.who);
      const by = one.by.flatMap((key) => people.get(key) ?? []);
      const entitlement = context.catalogue.entitlement(one.entitlement);
      const status = context.catalogue.status(one.entitlement);
      if (who === undefined || by.length < one.by.length || entitlement === null) continue;
      if (status.status !== 'ready') continue;
      const lived = eventsOf(context, one, { who, by, entitlement, target: status.target, now });
      events.push(...lived);
      for (const id of new Set(lived.map((event) => event.changeId)))
        changes.push(
          lived.filter((event) => event.changeId === id).reduce<Change | null>(evolve, null) as Change,
        );
    }
    if (changes.length === 0) return { result: 0, last: [] };
    await tx.insertInto('changes').values(changes.map(rowOf)).execute();
    const entries = events.map(({ type, at, actor, changeId, ...data }) => ({
      type,
      at,
      actor,
      changeId,
      data,
    }));
    return { result: past.length, last: [auditEntries(entries)] };
  });
}

type Cast = { who: Person; by: Person[]; entitlement: Entitlement; target: Target; now: Date };

function rowOf(change: Change) {
  return {
    id: change.id,
    idempotency_key: null,
    kind: change.kind,
    state: change.state,
    version: change.version,
    entitlement_key: change.entitlementKey,
    person_id: change.personId,
    requester_id: change.requesterId,
    group_id: change.target?.groupId ?? null,
    team_id: change.target?.teamId ?? null,
    requested_at: change.requestedAt,
    lapses_at: change.lapsesAt,
    revoke_id: change.revokeId,
    doc: JSON.stringify(change),
  };
}

function factsOf(
  one: Past,
  { who, entitlement }: Pick<Cast, 'who' | 'entitlement'>,
  asked: Date,
): RequestFacts {
  return {
    entitlement,
    beneficiary: { email: who.email, department: who.department, title: who.title, isActive: true },
    requestedSeconds: one.seconds,
    isAskedFor: true,
    location: 'Germany',
    isForSomebodyElse: false,
    hasTicket: one.ticket !== null,
    isExtension: false,
    earlierGrants: 0,
    ...clockOf(asked, who.timeZone ?? 'UTC'),
    duties: { holdings: [], brings: [] },
    conflicts: [],
  };
}

function eventsOf(
  context: Pick<Context, 'catalogue'>,
  one: Past,
  { who, by, entitlement, target, now }: Cast,
): ChangeEvent[] {
  const asked = new Date(now.getTime() - one.daysAgo * DAY * 1_000);
  asked.setUTCHours(one.hour, (one.daysAgo * 7) % 60, 0, 0);
  const after = (minutes: number) => new Date(asked.getTime() + minutes * 60_000);
  const changeId = one.ids.grant as ChangeId;
  const facts = factsOf(one, { who, entitlement }, asked);
  const verdict = evaluateRequest(facts, context.catalogue.rules());
  const events: ChangeEvent[] = [
    {
      type: 'changeReceived',
      changeId,
      at: asked,
      actor: { person: who.id, name: who.name },
      kind: 'grant',
      cause: 'request',
      entitlementKey: entitlement.key as EntitlementKey,
      personId: who.id,
      requesterId: who.id,
      reason: one.reason,
      ticket: one.ticket,
      requestedSeconds: one.seconds,
      target: null,
      via: 'slack',
      lapsesAt: after(3 * 24 * 60),
    },
  ];
  const common = { changeId, actor: { part: 'latchkey' } as Actor };
  if (verdict.effect === 'refuse')
    events.push({
      ...common,
      type: 'requestRefused',
      at: after(1),
      refusal: refuse('notEligible', verdict.grounds.map((g) => g.text).join('; '), 'Ask the owner.'),
      verdict,
    });
  else {
    events.push({
      ...common,
      type: 'approversAsked',
      at: after(1),
      plan: planThen(entitlement, by),
      verdict,
      round: 1,
      lapsesAt: after(3 * 24 * 60),
      target,
    });
    events.push(...ending(one, { ...common, who, entitlement, by, at: after(40), verdict, target }));
  }
  return events;
}

function planThen({ approvers }: Entitlement, by: Ending['by']): ApproverPlan {
  const people = by.map(({ id, name, email }) => ({ id, name, email }));
  const slots = [{ source: 'approvers', people, pinged: true }];
  return planOf(...approvers.stages.map(({ of, quorum }) => ({ of, quorum, slots, escalated: false })));
}

function ending(one: Past, ended: Ending): ChangeEvent[] {
  const { changeId, actor, by, at } = ended;
  const last = by.at(-1) as Person;
  const decision = { by: last.id, byName: last.name, at, note: null, clickId: null };
  if (one.ended === 'lapsed') {
    const nobody = { by: null, byName: 'Latchkey', at, note: null, clickId: null };
    return [{ type: 'requestLapsed', changeId, at, actor, decision: { ...nobody, outcome: 'lapsed' } }];
  }
  if (one.ended === 'denied')
    return [
      {
        type: 'changeDenied',
        changeId,
        at,
        actor: asActor(last),
        decision: { ...decision, outcome: 'denied', note: 'Together with your lead, please.' },
        revokeId: null,
      },
    ];
  return granted(one, ended);
}

/** Approved, in effect, and over by now. */
function granted(one: Past, ended: Ending): ChangeEvent[] {
  const { changeId, actor, who, by, at, verdict, target, entitlement } = ended;
  const last = by.at(-1) as Person;
  const decision = { by: last.id, byName: last.name, at, note: null, clickId: null };
  const after = (seconds: number) => new Date(at.getTime() + seconds * 1_000);
  const over = (seconds: number) => after(one.seconds + seconds);
  const revokeId = one.ids.revoke as ChangeId;
  const grant = { id: randomUUID() as GrantId, startsAt: at, endsAt: over(0) };
  return [
    ...by.map(
      (p): ChangeEvent => ({
        type: 'approvalGiven',
        changeId,
        at,
        actor: asActor(p),
        approval: {
          by: p.id,
          name: p.name,
          at,
          seconds: null,
          clickId: `history-${changeId}-${p.id}`,
          as: { email: p.email, department: p.department, title: p.title },
        },
      }),
    ),
    {
      type: 'changeApproved',
      changeId,
      at,
      actor: asActor(last),
      decision: { ...decision, outcome: 'approved' },
      verdict,
      target,
      grant,
    },
    { type: 'idpWritten', changeId, at: after(1), actor, wrote: 'added' },
    { type: 'changeSeen', changeId, at: after(12), actor, note: null },
    {
      type: 'grantEnded',
      changeId,
      at: over(0),
      actor,
      cause: 'expiry',
      by: null,
      revokeId,
      stillHeld: false,
      stillHeldUntil: null,
    },
    ...revokeOf({
      revokeId,
      of: { entitlementKey: entitlement.key, personId: who.id },
      target,
      cause: 'expiry',
      by: null,
      actor,
      at: over(0),
    }),
    { type: 'idpWritten', changeId: revokeId, at: over(1), actor, wrote: 'removed' },
    { type: 'changeSeen', changeId: revokeId, at: over(9), actor, note: null },
  ];
}

function asActor(person: Person): Actor {
  return { person: person.id, name: person.name };
}

type Ending = {
  changeId: ChangeId;
  actor: Actor;
  who: Person;
  by: readonly Person[];
  at: Date;
  verdict: Verdict;
  target: Target;
  entitlement: Entitlement;
};
