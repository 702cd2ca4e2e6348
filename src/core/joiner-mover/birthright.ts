import { type Change, isByRule } from '../change/change.ts';
import type { ChangeEvent } from '../change/events.ts';
import type { ChangeId, GrantId, PersonId } from '../ids.ts';
import type { Catalogue, Entitlement, Target } from '../policy/catalogue.ts';
import type { Verdict } from '../policy/verdict.ts';

/** What the catalogue gives to everybody of a department. */
export function birthrightsOf(
  { entitlements }: Pick<Catalogue, 'entitlements'>,
  department: string | null,
): Entitlement[] {
  return entitlements.filter((entitlement) => isBirthright(entitlement, department));
}

export function isBirthright(entitlement: Entitlement, department: string | null): boolean {
  return department !== null && entitlement.birthright?.departments.includes(department) === true;
}

/**
 * The entitlement as the rules are asked about it: the catalogue says already who gets it, and that nobody has to ask.
 */
export function asGiven(entitlement: Entitlement): Entitlement {
  return { ...entitlement, autoApprove: true, requestableBy: 'everyone' };
}

/** Renewed before anybody would be warned of its end: a quarter of its length ahead, but no more than two days. */
export function renewAheadSeconds(maxSeconds: number): number {
  return Math.min(maxSeconds / 4, 2 * 86_400);
}

/**
 * Pure. The choice that follows from a verdict on a birthright.
 * - `given`: rules approve it
 * - `asked`: a person decides, because it is held or can't be evaluated
 * - `withheld`: a rule forbids it
 */
export function choiceOf(verdict: Verdict): 'given' | 'asked' | 'withheld' {
  if (verdict.effect !== 'ask') return verdict.effect === 'autoApprove' ? 'given' : 'withheld';
  const { holds = [], unsure = [], conflicts = [] } = verdict;
  return holds.length + unsure.length + conflicts.length > 0 ? 'asked' : 'withheld';
}

/** Pure. Why it is no longer anybody's to give: they are in another department now; null: it is still theirs. */
export function noLongerNeeded(
  change: Pick<Change, 'cause'>,
  entitlement: Entitlement,
  department: string | null,
): string | null {
  if (!isByRule(change) || isBirthright(entitlement, department)) return null;
  return `rules do not give it ${department === null ? 'without a department' : `in ${department}`}`;
}

export type BirthrightFacts = {
  changeId: ChangeId;
  personId: PersonId;
  department: string;
  entitlement: Entitlement;
  target: Target;
  /** They have it, and it goes on. */
  isRenewal: boolean;
  now: Date;
};

function reasonOf({ department }: BirthrightFacts): string {
  return `everybody in ${department} has it`;
}

function receivedEvent(facts: BirthrightFacts, lapsesAt: Date | null): ChangeEvent {
  const { changeId, entitlement, target, now } = facts;
  return {
    changeId,
    at: now,
    actor: { part: 'latchkey' },
    type: 'changeReceived',
    kind: 'grant',
    cause: facts.isRenewal ? 'renewal' : 'birthright',
    entitlementKey: entitlement.key,
    personId: facts.personId,
    requesterId: null,
    reason: reasonOf(facts),
    ticket: null,
    requestedSeconds: entitlement.maxSeconds,
    target,
    via: 'rule',
    lapsesAt,
  };
}

/** Pure: given by rule for as long as the catalogue allows; nobody asked and nobody approves. */
export function birthrightEvents(
  facts: BirthrightFacts & { grantId: GrantId; verdict: Verdict },
): ChangeEvent[] {
  const { changeId, entitlement, target, verdict, now } = facts;
  const reason = reasonOf(facts);
  const clause = entitlement.clauses[0] ?? null;
  return [
    receivedEvent(facts, null),
    {
      changeId,
      at: now,
      actor: { part: 'latchkey' },
      type: 'changeApproved',
      target,
      verdict: { ...verdict, grounds: [{ text: `birthright: ${reason}`, clause }, ...verdict.grounds] },
      decision: { outcome: 'approved', by: null, byName: 'rule', at: now, note: reason, clickId: null },
      grant: {
        id: facts.grantId,
        startsAt: now,
        endsAt: new Date(now.getTime() + entitlement.maxSeconds * 1_000),
      },
    },
  ];
}

/** Pure: what rules would give and a person has to look at first, received like a request that nobody made. */
export function birthrightAsked(facts: BirthrightFacts, lapseSeconds: number): ChangeEvent[] {
  return [receivedEvent(facts, new Date(facts.now.getTime() + lapseSeconds * 1_000))];
}

/** Pure: they moved while it waited for a decision. */
export function birthrightClosed(changeId: ChangeId, why: string, now: Date): ChangeEvent {
  return {
    changeId,
    at: now,
    actor: { part: 'latchkey' },
    type: 'requestClosed',
    decision: { outcome: 'closed', by: null, byName: 'Latchkey', at: now, note: why, clickId: null },
  };
}
