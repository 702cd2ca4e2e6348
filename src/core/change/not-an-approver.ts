import type { PersonId } from '../ids.ts';
import { type Approver, type ApproverPlan, askedNow, inTheirName, onlyTold } from '../policy/routing.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** Why somebody who is not asked can't decide, and who can. `asked`: those who are. */
export function notAnApprover(plan: ApproverPlan, clicker: PersonId, asked: readonly Approver[]): Refusal {
  const names = askedNow(asked).map((p) => inTheirName(p.name, p.for, (name) => name));
  return refuse(
    'notAnApprover',
    whyNot(plan, clicker),
    `Those who may: ${names.join(', ') || 'nobody at the moment'}.`,
  );
}

function whyNot(plan: ApproverPlan, clicker: PersonId): string {
  const byRule = plan.excludedByPolicy?.find(({ id }) => id === clicker);
  if (byRule !== undefined)
    return `Policy does not let you decide on this request: ${byRule.why}${byRule.clause === null ? '' : ` (${byRule.clause})`}.`;
  return onlyTold(plan).some(({ id }) => id === clicker)
    ? 'The catalogue has you told of this request; it does not let you decide on it.'
    : 'You are not among those who may decide on this request.';
}
