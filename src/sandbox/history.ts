import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Entitlement } from '../core/catalogue.ts';
import type { Actor, Change, ChangeEvent } from '../core/change.ts';
import { evolve } from '../core/evolve.ts';
import type { ChangeId, EntitlementKey, GrantId } from '../core/ids.ts';
import { refuse } from '../core/refusal.ts';
import { evaluateRequest, type RequestFacts } from '../core/verdict.ts';
import { clockOf } from '../flow/request-facts.ts';
import type { Road } from '../flow/road.ts';
import { auditEntries } from '../store/audit.ts';
import { type Person, rememberPerson } from '../store/people.ts';
import { transact } from '../store/transaction.ts';

/** Once, so that the months before are not made twice; any number that nobody else locks. */
const HISTORY_LOCK = 4_215_001;

type Past = {
  /** Days ago, and hour in UTC. */
  daysAgo: number;
  hour: number;
  who: string;
  entitlement: string;
  seconds: number;
  reason: string;
  ticket: string | null;
  ended: 'approved' | 'denied' | 'lapsed';
  by: string;
};

const HOUR = 3_600;
const DAY = 24 * HOUR;

const asks: readonly Pick<Past, 'who' | 'entitlement' | 'seconds' | 'reason' | 'ticket' | 'by'>[] = [
  {
    who: 'ines',
    entitlement: 'orders-api-read',
    seconds: DAY,
    reason: 'Following an order through the logs',
    ticket: null,
    by: 'tom',
  },
  {
    who: 'erik',
    entitlement: 'orders-api-read',
    seconds: 7 * DAY,
    reason: 'Comparing message sizes',
    ticket: 'ORD-118',
    by: 'olga',
  },
  {
    who: 'erik',
    entitlement: 'orders-api-deploy',
    seconds: 8 * HOUR,
    reason: 'Shipping the release',
    ticket: 'ORD-131',
    by: 'olga',
  },
  {
    who: 'nadia',
    entitlement: 'payments-api-read',
    seconds: 7 * DAY,
    reason: 'Refunds that arrive twice',
    ticket: null,
    by: 'sam',
  },
  {
    who: 'tom',
    entitlement: 'orders-api-deploy',
    seconds: 2 * DAY,
    reason: 'Weekend migration',
    ticket: null,
    by: 'olga',
  },
  {
    who: 'ines',
    entitlement: 'payments-api-read',
    seconds: DAY,
    reason: 'An order that was paid twice',
    ticket: 'INC-4402',
    by: 'sam',
  },
  {
    who: 'erik',
    entitlement: 'platform-admin',
    seconds: HOUR,
    reason: 'Setting up the new environment',
    ticket: 'PLT-12',
    by: 'sofia',
  },
  {
    who: 'sam',
    entitlement: 'platform-admin',
    seconds: 8 * HOUR,
    reason: 'The yearly look at roles',
    ticket: null,
    by: 'olga',
  },
];

/** Sixty requests of the last twelve weeks, the same at every start; none gives anything today. */
const past: readonly Past[] = Array.from({ length: 60 }, (_, n) => {
  const ask = asks[(n * 5) % asks.length] as (typeof asks)[number];
  return {
    ...ask,
    daysAgo: 84 - Math.floor(n * 1.28),
    hour: 6 + ((n * 7) % 16),
    ended: n % 9 === 4 ? 'denied' : n % 13 === 6 ? 'lapsed' : 'approved',
  };
});

/**
 * Months of decisions before the sandbox was opened, judged by the rules in force and on record like any other, so that
 * there is something to replay. Over and done with: nobody holds anything by them. Answers how many were made.
 */
export async function seedHistory(road: Pick<Road, 'db' | 'idp' | 'catalogue'>): Promise<number> {
  const people = new Map<string, Person>();
  for (const key of new Set(past.flatMap(({ who, by }) => [who, by]))) {
    const [found] = await road.idp.findPeopleByEmail(`${key}@acme.example`);
    if (found !== undefined) people.set(key, await rememberPerson(road.db, road.idp.name, found));
  }
  return await transact<number>(road.db, async (tx, now) => {
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
      const by = people.get(one.by);
      const entitlement = road.catalogue.entitlement(one.entitlement);
      if (who === undefined || by === undefined || entitlement === null) continue;
      const lived = eventsOf(road, one, { who, by, entitlement, now });
      events.push(...lived);
      changes.push(lived.reduce<Change | null>(evolve, null) as Change);
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
    return { result: changes.length, last: [auditEntries(entries)] };
  });
}

type Cast = { who: Person; by: Person; entitlement: Entitlement; now: Date };

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

function eventsOf(
  road: Pick<Road, 'catalogue'>,
  one: Past,
  { who, by, entitlement, now }: Cast,
): ChangeEvent[] {
  const asked = new Date(now.getTime() - one.daysAgo * DAY * 1_000);
  asked.setUTCHours(one.hour, (one.daysAgo * 7) % 60, 0, 0);
  const after = (minutes: number) => new Date(asked.getTime() + minutes * 60_000);
  const changeId = randomUUID() as ChangeId;
  const latchkey: Actor = { part: 'latchkey' };
  const facts: RequestFacts = {
    entitlement,
    beneficiary: { email: who.email, department: who.department, title: who.title, isActive: true },
    requestedSeconds: one.seconds,
    isForSomebodyElse: false,
    hasTicket: one.ticket !== null,
    isExtension: false,
    earlierGrants: 0,
    ...clockOf(asked, who.timeZone ?? 'UTC'),
    duties: { holdings: [], brings: [] },
    conflicts: [],
  };
  const verdict = evaluateRequest(facts, road.catalogue.rules());
  const status = road.catalogue.status(entitlement.key);
  const target = status.status === 'ready' ? status.target : null;
  const quorum = entitlement.approvers.quorum;
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
  const common = { changeId, actor: latchkey };
  if (verdict.effect === 'refuse' || target === null)
    events.push({
      ...common,
      type: 'requestRefused',
      at: after(1),
      refusal: refuse('notEligible', verdict.grounds.map((g) => g.text).join('; '), 'Ask the owner.'),
      verdict,
    });
  else {
    const approver = { id: by.id, name: by.name, email: by.email };
    events.push({
      ...common,
      type: 'approversAsked',
      at: after(1),
      plan: {
        of: 'any',
        quorum,
        seats: [{ source: 'owner', people: [approver], pinged: true }],
        escalated: false,
      },
      verdict,
      round: 1,
      lapsesAt: after(3 * 24 * 60),
      target,
    });
    events.push(...ending(one, { ...common, by, at: after(40), verdict, target }));
  }
  return events;
}

function ending(one: Past, { changeId, actor, by, at, verdict, target }: Ending): ChangeEvent[] {
  const person: Actor = { person: by.id, name: by.name };
  const decision = { by: by.id, byName: by.name, at, note: null, clickId: null };
  if (one.ended === 'lapsed')
    return [
      {
        type: 'requestLapsed',
        changeId,
        at,
        actor,
        decision: { outcome: 'lapsed', by: null, byName: 'Latchkey', at, note: null, clickId: null },
      },
    ];
  if (one.ended === 'denied')
    return [
      {
        type: 'changeDenied',
        changeId,
        at,
        actor: person,
        decision: { ...decision, outcome: 'denied', note: 'Together with your lead, please.' },
        revokeId: null,
      },
    ];
  const as = { email: by.email, department: by.department, title: by.title };
  const later = (minutes: number) => new Date(at.getTime() + minutes * 60_000);
  return [
    {
      type: 'approvalGiven',
      changeId,
      at,
      actor: person,
      approval: { by: by.id, name: by.name, at, seconds: null, clickId: `history-${changeId}`, as },
    },
    {
      type: 'changeApproved',
      changeId,
      at,
      actor: person,
      decision: { ...decision, outcome: 'approved' },
      verdict,
      target,
      grant: {
        id: randomUUID() as GrantId,
        startsAt: at,
        endsAt: new Date(at.getTime() + one.seconds * 1_000),
      },
    },
    { type: 'idpWritten', changeId, at: later(0.01), actor, wrote: 'added' },
    { type: 'changeSeen', changeId, at: later(0.2), actor, note: null },
    {
      type: 'grantEnded',
      changeId,
      at: new Date(at.getTime() + one.seconds * 1_000),
      actor,
      cause: 'expiry',
      by: null,
      revokeId: null,
      stillHeld: false,
      stillHeldUntil: null,
    },
  ];
}

type Ending = {
  changeId: ChangeId;
  actor: Actor;
  by: Person;
  at: Date;
  verdict: ReturnType<typeof evaluateRequest>;
  target: NonNullable<Extract<ChangeEvent, { type: 'approversAsked' }>['target']>;
};
