import { randomUUID } from 'node:crypto';
import {
  EMERGENCY_DAY_SECONDS,
  mayBreakGlass,
  refusedByRules,
  refuseEmergency,
} from '../../core/break-glass/break-glass.ts';
import { approvedEvent } from '../../core/change/approved.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { evolve } from '../../core/change/evolve.ts';
import { shownOf } from '../../core/change/shown.ts';
import { isPending } from '../../core/change/states.ts';
import type { ChangeId, GrantId } from '../../core/ids.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import { refuseLeaver } from '../../core/offboarding/refusals.ts';
import type { BreakGlassRule, Entitlement, Target } from '../../core/policy/catalogue.ts';
import { isRefusal, type Refusal, refuse, unstorable } from '../../core/refusal.ts';
import { isStorable, seenWords } from '../../core/storable.ts';
import { findByIdempotencyKey, pendingRequest } from '../../store/changes.ts';
import { emergenciesWithin, insertEmergency } from '../../store/emergencies.ts';
import { unendedGrants } from '../../store/grants.ts';
import { leaverCase } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { identify } from '../people/identify.ts';
import { peopleOf } from '../request/approver-sources.ts';
import { decidedBy } from '../request/deciders.ts';

/** An emergency as a person filled it in, nothing believed yet. */
export type EmergencyForm = {
  /** The same form sent twice has the same key. */
  idempotencyKey: string;
  accountId: string;
  entitlementKey: string;
  seconds: number;
  reason: string;
};

export type Takeable = { entitlement: Entitlement; rule: BreakGlassRule; target: Target };

/**
 * Somebody waits for the answer of the form, and chat for three seconds: what others know is waited for less long than
 * usual. Left unknown, it takes no emergency away.
 */
const FACTS_WITHIN_MS = 800;

/** What this person may take at once now. Throws a Fault where it can't be found out: then it is nothing. */
export async function takeableBy(context: Context, person: Person): Promise<Takeable[]> {
  const takeable: Takeable[] = [];
  for (const { key } of context.catalogue.current().entitlements) {
    const found = await takeableOf(context, person, key);
    if (found !== null) takeable.push(found);
  }
  return takeable;
}

/** What this person may take at once of one entitlement; null: they may not, or nobody may. */
export async function takeableOf(context: Context, person: Person, key: string): Promise<Takeable | null> {
  const entitlement = context.catalogue.entitlement(key);
  const rule = entitlement?.breakGlass;
  if (entitlement === null || rule === undefined) return null;
  const status = context.catalogue.status(entitlement.key);
  if (status.status !== 'ready' || !(await mayTake(context, person, entitlement, rule))) return null;
  return { entitlement, rule, target: status.target };
}

async function mayTake(
  context: Context,
  person: Person,
  entitlement: Entitlement,
  rule: BreakGlassRule,
): Promise<boolean> {
  const about = { entitlement, beneficiary: person };
  const isAmong = async (source: { onCall: true } | { group: string }) =>
    (await peopleOf(context, source, about)).some(({ id }) => id === person.id);
  const [isOnCall, isInGroup] = await Promise.all([
    rule.for.onCall === true ? isAmong({ onCall: true }) : false,
    rule.for.group === undefined ? false : isAmong({ group: rule.for.group }),
  ]);
  return mayBreakGlass(rule, { person, isOnCall, isInGroup });
}

/**
 * Takes access at once, without approval: who it is, whether they may and what the rules say is looked up now. The
 * access goes down the road like any other, ends by itself, and somebody else owes it a review. Once for each form.
 */
export async function takeInEmergency(context: Context, form: EmergencyForm): Promise<Refusal | null> {
  if (!isStorable(form.reason)) return unstorable;
  if ((await findByIdempotencyKey(context.db, form.idempotencyKey)) !== null) return null;
  const person = await identify(context, form.accountId);
  if (isRefusal(person)) return person;
  const left = await leaverCase(context.db, person.id);
  if (left !== null) return refuseLeaver(left, 'notEligible');
  const found = await takeableOf(context, person, form.entitlementKey);
  if (found === null) return notTheirs;
  const reason = seenWords(form.reason).trim();
  const received = receivedEvent(form, person, { at: await databaseNow(context.db), reason });
  // The rules are asked as of any request: what they forbid stays forbidden, whatever burns.
  const { verdict, plan } = await decidedBy(
    context,
    { entitlement: found.entitlement, beneficiary: person, change: evolve(null, received) },
    FACTS_WITHIN_MS,
  );
  const forbidden = refusedByRules(verdict, { email: found.entitlement.owner });
  if (forbidden !== null) return forbidden;
  const key = `breakGlass:${person.id}:${found.entitlement.key}`;
  return await context.locks.withLock(key, () =>
    commit<Refusal | null>(
      context.db,
      async (unit) => {
        const refusal = await whyNot(unit, found, { ...form, reason }, person);
        if (refusal !== null) return { result: refusal };
        const { changeId } = received;
        const events = takenEvents(unit, { ...received, at: unit.now }, found, { verdict, plan });
        const before = await takenBack(unit, found.entitlement, person);
        await insertEmergency(unit.tx, {
          changeId,
          personId: person.id,
          entitlementKey: found.entitlement.key,
          openedAt: unit.now,
        });
        return {
          result: null,
          events: [...before, ...events],
          jobs: [{ job: 'updateCard', about: 'emergency', id: changeId }],
          idempotencyKey: form.idempotencyKey,
        };
      },
      context.nudge,
    ),
  );
}

async function whyNot(
  unit: Unit,
  { entitlement, rule }: Takeable,
  { reason, seconds }: EmergencyForm,
  person: Person,
): Promise<Refusal | null> {
  const of = { personId: person.id, entitlementKey: entitlement.key };
  return refuseEmergency(entitlement.title, rule, {
    reason,
    seconds,
    used: await emergenciesWithin(unit.tx, of, EMERGENCY_DAY_SECONDS),
    heldUntil: heldUntil(await unendedGrants(unit.tx, of), unit.now),
  });
}

type ReceivedEvent = Extract<ChangeEvent, { type: 'changeReceived' }>;

function receivedEvent(
  form: EmergencyForm,
  person: Person,
  said: { at: Date; reason: string },
): ReceivedEvent {
  return {
    type: 'changeReceived',
    changeId: randomUUID() as ChangeId,
    at: said.at,
    actor: { person: person.id, name: person.name },
    kind: 'grant',
    cause: 'breakGlass',
    entitlementKey: form.entitlementKey as Entitlement['key'],
    personId: person.id,
    requesterId: person.id,
    reason: said.reason,
    ticket: null,
    requestedSeconds: form.seconds,
    target: null,
    via: 'chat',
    lapsesAt: null,
  };
}

/** Received, put to the approvers so that they see it, and approved by the catalogue's rule: all at once. */
function takenEvents(
  { now }: Unit,
  received: ReceivedEvent,
  { entitlement, rule, target }: Takeable,
  { verdict, plan }: Pick<Extract<ChangeEvent, { type: 'approversAsked' }>, 'verdict' | 'plan'>,
): ChangeEvent[] {
  const change = evolve(null, received);
  const base = { changeId: change.id, at: now, actor: { part: 'latchkey' } } as const;
  return [
    received,
    {
      ...base,
      type: 'approversAsked',
      plan,
      verdict,
      round: 1,
      lapsesAt: null,
      target,
      shown: shownOf(entitlement, target, verdict),
    },
    approvedEvent(
      change,
      {
        verdict,
        target,
        now,
        heldUntil: null,
        grantId: randomUUID() as GrantId,
        maxSeconds: rule.maxSeconds,
      },
      {
        seconds: change.requestedSeconds ?? rule.maxSeconds,
        base,
        decision: {
          outcome: 'approved',
          by: null,
          byName: 'rule',
          at: now,
          note: 'taken in an emergency',
          clickId: null,
        },
      },
    ),
  ];
}

/**
 * A request that waits for a decision is of no use any more: whoever took the access takes it back. What they asked for
 * from later on waits on.
 */
async function takenBack(unit: Unit, entitlement: Entitlement, person: Person): Promise<ChangeEvent[]> {
  const pending = await pendingRequest(unit.tx, person.id, entitlement.key);
  const locked = pending === null ? null : await unit.change(pending.id);
  if (locked === null || !isPending(locked.state) || locked.startsAt !== undefined) return [];
  return [
    {
      type: 'changeWithdrawn',
      changeId: locked.id,
      at: unit.now,
      actor: { person: person.id, name: person.name },
      decision: {
        outcome: 'withdrawn',
        by: person.id,
        byName: person.name,
        at: unit.now,
        note: 'taken in an emergency instead',
        clickId: null,
      },
    },
  ];
}

const notTheirs = refuse(
  'notEligible',
  'This can’t be taken in an emergency by you.',
  'Ask for it with /access; whoever approves it sees how urgent it is.',
);
