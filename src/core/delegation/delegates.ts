import type { PersonId } from '../ids.ts';
import {
  type Approver,
  type ApproverPlan,
  type ApproverSlot,
  type ApproverStage,
  type Given,
  mayApprove,
  slotsOf,
} from '../policy/routing.ts';

/** Somebody of the plan who is away, and who would decide in their stead. */
export type Absence = {
  person: PersonId;
  /** Since when, and when they are back; ISO 8601. */
  since: string;
  until: string;
  delegate: Approver;
  /** Why the delegate may not decide on this one; null: they may. */
  whyNot: string | null;
  /** It is over: only what the delegate approved meanwhile still counts. */
  isOver?: true;
};

/**
 * Puts the delegates of approvers who are away into the plan, each in the place of the person who named them. That
 * person may still decide. Nobody gains more by it than one place:
 * - who may decide on this anyhow stays what they are: one person must not fill two places that take two people
 * - whoever is named by several fills the places of one of them
 * - who has approved in another stage is not added to this one
 * - a delegate's approval and that of who named them are one (`isApproved`)
 * Pure. Leaves a plan without absences as it is.
 */
export function withDelegates(
  plan: ApproverPlan,
  absences: readonly Absence[],
  given: readonly Given[],
): ApproverPlan {
  const may = mayApprove(plan);
  const own = new Set(may.map(({ id }) => id));
  const named = new Map<PersonId, Approver>();
  const away: NonNullable<ApproverPlan['away']> = [];
  for (const { person, since, until, delegate, whyNot, isOver } of absences) {
    const absent = [...may, ...(plan.revert ?? [])].find(({ id }) => id === person);
    if (absent === undefined || named.has(person)) continue;
    const isTaken = [...named.values()].some(({ id }) => id === delegate.id);
    const why =
      whyNot ??
      (own.has(delegate.id) ? 'is asked already' : isTaken ? 'decides for somebody else here already' : null);
    if (isOver !== true)
      away.push({ id: person, name: absent.name, since, until, delegate: delegate.name, whyNot: why });
    if (why === null) named.set(person, inPlaceOf(delegate, absent, until, isOver));
  }
  if (named.size === 0 && away.length === 0) return plan;
  return {
    ...plan,
    stages: plan.stages.map((stage, n) => stageWith(stage, named, gaveElsewhere(plan, n, given))),
    ...(plan.revert === undefined ? {} : { revert: filled(plan.revert, named) }),
    ...(away.length === 0 ? {} : { away }),
  };
}

function inPlaceOf(delegate: Approver, { id, name }: Approver, until: string, isOver?: true): Approver {
  return { ...delegate, for: { id, name, until, ...(isOver === undefined ? {} : { isOver }) } };
}

function gaveElsewhere(plan: ApproverPlan, n: number, given: readonly Given[]): ReadonlySet<PersonId> {
  return new Set(given.filter(({ stage = 0 }) => plan.distinct && stage !== n).map(({ by }) => by));
}

function stageWith(
  stage: ApproverStage,
  named: ReadonlyMap<PersonId, Approver>,
  elsewhere: ReadonlySet<PersonId>,
): ApproverStage {
  const here = new Map([...named].filter(([, { id }]) => !elsewhere.has(id)));
  const slotWith = (slot: ApproverSlot) => ({ ...slot, people: filled(slot.people, here) });
  return slotsOf(stage).some(({ people }) => people.some(({ id }) => here.has(id)))
    ? {
        ...stage,
        slots: stage.slots.map(slotWith),
        ...(stage.rungs === undefined ? {} : { rungs: stage.rungs.map(slotWith) }),
      }
    : stage;
}

/** The delegate stands before the person they decide for: it is they who are asked. */
function filled(people: readonly Approver[], named: ReadonlyMap<PersonId, Approver>): Approver[] {
  return people.flatMap((person) => {
    const delegate = named.get(person.id);
    return delegate === undefined ? [person] : [delegate, person];
  });
}
