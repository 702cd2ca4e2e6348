import type { Verdict } from '../policy/verdict.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { STEP_UP_SECONDS, type StepUpEnd } from '../step-up/step-up.ts';
import type { Approval, Change } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { nextState } from './life-cycle.ts';
import type { Base } from './revert.ts';
import type { Click, ClickFacts } from './settle.ts';

/** Whether an approval needs a fresh sign-in of whoever gives it. */
function wantsStepUp({ holds }: Pick<Verdict, 'holds'>): boolean {
  return holds?.some(({ needs }) => needs === 'stepUp') === true;
}

/**
 * What an approval waits for before it counts; null: nothing. Asked last, when everything else lets it through: nobody
 * signs in for an approval that would be refused anyhow.
 */
export function awaitSignIn(click: Click, facts: ClickFacts, base: Base): ChangeEvent[] | Refusal | null {
  if (!wantsStepUp(facts.verdict)) return null;
  if (facts.stepUp === undefined)
    return refuse(
      'stepUpUnavailable',
      'Policy wants a fresh sign-in for this approval, and Latchkey is not connected for that.',
      'Nothing was decided. Ask your Latchkey admin to set OIDC_ISSUER; denying needs no sign-in.',
    );
  if (facts.stepUp.proof !== null) return null;
  const { clicker, now } = facts;
  return [
    {
      ...base,
      type: 'stepUpAsked',
      stepUp: {
        id: facts.stepUp.id,
        by: clicker.id,
        name: clicker.name,
        clickId: click.id,
        askedAt: now,
        expiresAt: new Date(now.getTime() + STEP_UP_SECONDS * 1_000),
      },
    },
  ];
}

/**
 * The approvals that count under this verdict: where a sign-in is wanted, one that was given without counts for
 * nothing.
 */
export function counted(approvals: readonly Approval[], verdict: Pick<Verdict, 'holds'>): Approval[] {
  return approvals.filter(({ stepUp }) => !wantsStepUp(verdict) || stepUp !== undefined);
}

/**
 * That an approval waits no longer and did not count. Empty: it does not wait here any more, for it was settled, put
 * anew or clicked again.
 */
export function stepUpEnded(
  change: Change,
  ended: { id: string; why: StepUpEnd; signedInAs?: string },
  now: Date,
): ChangeEvent[] {
  const pending = change.stepUps?.find(({ id }) => id === ended.id);
  if (pending === undefined || nextState(change.state, 'stepUpEnded') === null) return [];
  return [
    {
      type: 'stepUpEnded',
      changeId: change.id,
      at: now,
      actor: { person: pending.by, name: pending.name },
      stepUpId: pending.id,
      by: pending.by,
      why: ended.why,
      ...(ended.signedInAs === undefined ? {} : { signedInAs: ended.signedInAs }),
    },
  ];
}
