import type { Catalogue, Entitlement, Target } from './catalogue.ts';
import type { ChangeEvent } from './change.ts';
import type { ChangeId, GrantId, PersonId } from './ids.ts';
import type { Verdict } from './verdict.ts';

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

/** The entitlement as the rules are asked about it: the catalogue says already who gets it, and that nobody has to ask. */
export function asGiven(entitlement: Entitlement): Entitlement {
  return { ...entitlement, autoApprove: true, requestableBy: 'everyone' };
}

/** Renewed before anybody would be warned of its end: a quarter of its length ahead, but no more than two days. */
export function renewAheadSeconds(maxSeconds: number): number {
  return Math.min(maxSeconds / 4, 2 * 86_400);
}

export type BirthrightFacts = {
  changeId: ChangeId;
  grantId: GrantId;
  personId: PersonId;
  department: string;
  entitlement: Entitlement;
  target: Target;
  verdict: Verdict;
  /** They have it, and it goes on. */
  isRenewal: boolean;
  now: Date;
};

/** Pure: given by rule for as long as the catalogue allows; nobody asked and nobody approves. */
export function birthrightEvents(facts: BirthrightFacts): ChangeEvent[] {
  const { changeId, entitlement, department, target, verdict, now } = facts;
  const base = { changeId, at: now, actor: { part: 'latchkey' } } as const;
  const reason = `everybody in ${department} has it`;
  const clause = entitlement.clauses[0] ?? null;
  return [
    {
      ...base,
      type: 'changeReceived',
      kind: 'grant',
      cause: facts.isRenewal ? 'renewal' : 'birthright',
      entitlementKey: entitlement.key,
      personId: facts.personId,
      requesterId: null,
      reason,
      ticket: null,
      requestedSeconds: entitlement.maxSeconds,
      target,
      via: 'rule',
      lapsesAt: null,
    },
    {
      ...base,
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
