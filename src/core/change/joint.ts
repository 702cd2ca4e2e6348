import type { ChangeId } from '../ids.ts';
import { type ApproverPlan, slotsOf } from '../policy/routing.ts';
import type { Change } from './change.ts';
import { openQuestions } from './question.ts';

/** The known state of another change of the same joint request. */
export type Sibling = Pick<Change, 'id' | 'state' | 'plan' | 'cardOf'>;

/**
 * Pure: the change whose card shows this part of a joint request. There is one card for each set of approvers. It
 * belongs to the first change that was put to them. Undefined: it has a card of its own.
 */
export function cardFor(plan: ApproverPlan, siblings: readonly Sibling[]): ChangeId | undefined {
  const set = approverSet(plan);
  return siblings.find(
    (other) =>
      other.state === 'asking' &&
      other.cardOf === undefined &&
      other.plan !== null &&
      approverSet(other.plan) === set,
  )?.id;
}

/** Two plans have one if the same people decide, as many of them, in one order of stages. */
function approverSet({ stages }: ApproverPlan): string {
  return JSON.stringify(
    stages.map((stage) => [
      stage.of,
      stage.quorum,
      slotsOf(stage).map(({ people, quorum = 1 }) => [people.map(({ id }) => id).sort(), quorum]),
    ]),
  );
}

/**
 * Pure: which part of a joint request is meant by words in the thread of a message about all of it. The question that
 * is open longest comes first, then the part that was asked about last, then any that is not decided yet.
 */
export function meantInThread<C extends Pick<Change, 'state' | 'questions'>>(
  parts: readonly C[],
): C | undefined {
  const asking = parts.filter(({ state }) => state === 'asking');
  const open = earliest(asking, (part) => openQuestions(part)[0]?.at.getTime());
  const latest = earliest(asking, (part) => negative(part.questions?.at(-1)?.at.getTime()));
  return open ?? latest ?? asking[0] ?? parts[0];
}

/** The one with the smallest figure among those that have one. */
function earliest<C>(all: readonly C[], figureOf: (one: C) => number | undefined): C | undefined {
  const known = all.flatMap((one) => {
    const figure = figureOf(one);
    return figure === undefined ? [] : [{ one, figure }];
  });
  return known.toSorted((a, b) => a.figure - b.figure)[0]?.one;
}

function negative(figure: number | undefined): number | undefined {
  return figure === undefined ? undefined : -figure;
}
