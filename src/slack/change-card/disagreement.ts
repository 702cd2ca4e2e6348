import type { Verdict } from '../../core/policy/verdict.ts';
import type { Advice } from '../../ports/adviser.ts';

/** Where the model and the rules point different ways, in a sentence for whoever decides; null where they don't. */
export function disagreement(verdict: Verdict | null, lean: Advice['lean']): string | null {
  if (verdict === null) return null;
  const isHeld = [verdict.holds, verdict.conflicts, verdict.unsure].some((found) => (found ?? []).length > 0);
  if (lean === 'approve' && isHeld)
    return 'The model and the rules disagree: it would approve, the rules ask for more. The rules stand.';
  if (lean === 'deny' && verdict.effect === 'autoApprove')
    return 'The model and the rules disagree: it would deny, the rules gave it. The rules stand.';
  if (lean === 'deny' && !isHeld)
    return 'The model and the rules disagree: it would deny, no rule speaks against it. It is yours to decide.';
  return null;
}
