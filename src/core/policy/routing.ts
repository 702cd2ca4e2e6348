import type { PersonId } from '../ids.ts';
import type { Authorship } from './authorship.ts';
import type { ApproverRule } from './catalogue.ts';

/** A person who may approve, with how the card names them. */
export type Approver = { id: PersonId; name: string; email: string };

/** One source of the rule and the people it yields right now. */
export type ApproverSlot = { source: string; people: Approver[]; pinged: boolean };

/** Who may decide a change, as resolved at one moment. Resolved again at every click. */
export type ApproverPlan = {
  of: ApproverRule['of'];
  quorum: number;
  slots: ApproverSlot[];
  /** The rule left nobody, so the catalogue's admins are asked instead. */
  escalated: boolean;
  /** Whom the catalogue names and a rule does not let approve this. */
  excludedByPolicy?: { id: PersonId; name: string; why: string; clause: string | null }[];
  /** Of what was found: what is known of who did it, where nobody has told. While that is awaited nobody can keep it. */
  author?: Exclude<Authorship, { is: 'told' }>;
  /** Of what was found: who may take it away though they may not keep it. */
  revert?: Approver[];
  /** On a card on many: how many it takes to keep, where more than it takes to take away, and why. */
  toKeep?: { quorum: number; why: string; clause: string | null };
};

/**
 * Slots without requester and beneficiary. A rule that leaves nobody (or, for `all`, leaves a slot empty) goes
 * to the admins; it is never taken as approved. Fewer people than the quorum is "nobody" too.
 */
export function planApprovers(
  rule: Pick<ApproverRule, 'of' | 'quorum'>,
  slots: readonly ApproverSlot[],
  admins: readonly Approver[],
  excluded: ReadonlySet<PersonId>,
): ApproverPlan {
  const eligible = slots.map((slot) => ({ ...slot, people: withoutExcluded(slot.people, excluded) }));
  const others = withoutExcluded(admins, excluded);
  const adminSlot: ApproverSlot = { source: 'admins', people: others, pinged: true };
  if (rule.of === 'all') {
    const filled = eligible.map((slot) =>
      slot.people.length > 0 ? slot : { ...adminSlot, source: `admins for ${slot.source}` },
    );
    const enough = distinct(filled).length >= rule.quorum;
    return {
      of: 'all',
      quorum: rule.quorum,
      slots: enough ? filled : [...filled, adminSlot],
      escalated: !enough || filled.some((slot, i) => slot !== eligible[i]),
    };
  }
  const enough = distinct(eligible).length >= rule.quorum;
  return {
    of: 'any',
    quorum: rule.quorum,
    slots: enough ? eligible : [...eligible, adminSlot],
    escalated: !enough,
  };
}

/** Everybody who may approve, each once. */
export function distinct(slots: readonly ApproverSlot[]): Approver[] {
  const seen = new Map<PersonId, Approver>();
  for (const slot of slots)
    for (const person of slot.people) seen.set(person.id, seen.get(person.id) ?? person);
  return [...seen.values()];
}

/** Whether nobody at all can decide: somebody has to mend the catalogue. */
export function isStranded(plan: ApproverPlan): boolean {
  return (
    distinct(plan.slots).length < plan.quorum ||
    (plan.of === 'all' && plan.slots.some((s) => s.people.length === 0))
  );
}

/** The plan with it known who did it, or that nobody will say. */
export function withAuthorKnown({ author, ...plan }: ApproverPlan): ApproverPlan {
  return author?.is === 'awaited' ? plan : { ...plan, ...(author === undefined ? {} : { author }) };
}

/** Whether these approvals, given by people who may approve now, settle the change. */
export function isApproved(plan: ApproverPlan, approvedBy: readonly PersonId[]): boolean {
  if (plan.author?.is === 'awaited') return false;
  const may = new Set(distinct(plan.slots).map((p) => p.id));
  const counted = new Set(approvedBy.filter((id) => may.has(id)));
  if (counted.size < plan.quorum || counted.size === 0) return false;
  if (plan.of === 'any') return true;
  return plan.slots.every((slot) => slot.people.some((p) => counted.has(p.id)));
}

/**
 * Who is still missing once somebody has approved: `manager (Tom Okafor)`, `1 more of Olga Brandt, Sofia Ricci`.
 * `safe` makes a name, of a person or a group, harmless in the medium at hand.
 */
export function stillMissing(
  plan: ApproverPlan,
  approvedBy: readonly PersonId[],
  safe: (text: string) => string,
): string {
  const done = new Set(approvedBy);
  const names = (people: readonly Approver[]) => people.map((p) => safe(p.name)).join(' or ');
  const open = plan.of === 'all' ? plan.slots.filter((slot) => !slot.people.some((p) => done.has(p.id))) : [];
  if (open.length > 0)
    return open.map((slot) => `${safe(slot.source)} (${names(slot.people)})`).join(' and ');
  const left = distinct(plan.slots).filter((p) => !done.has(p.id));
  return `${Math.max(1, plan.quorum - done.size)} more of ${names(left)}`;
}

function withoutExcluded(people: readonly Approver[], excluded: ReadonlySet<PersonId>): Approver[] {
  return people.filter((p) => !excluded.has(p.id));
}
