import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import type { ClickFacts } from '../../core/change/settle.ts';
import { stepUpEnded } from '../../core/change/step-up.ts';
import type { ClickReceived } from '../../core/jobs/reactions.ts';
import { isRefusal, type Refusal } from '../../core/refusal.ts';
import { endStepUp, insertStepUp, type StepUp } from '../../store/step-ups.ts';
import type { Unit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';

/** Where the pages of a sign-in are, beneath our own address. */
export const STEP_UP_PATH = '/step-up';

/** Of a secret that somebody else carries only this is kept. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** The secret part of a link or of a browser's cookie. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** A sign-in that an approval may have to wait for; it is nothing before it is kept. */
export type OfferedStepUp = { id: string; link: string };

/** Null: nobody can sign in afresh here. */
export function offerStepUp({ stepUp }: Pick<Context, 'stepUp'>): OfferedStepUp | null {
  return stepUp === undefined ? null : { id: randomUUID(), link: newSecret() };
}

/** As sentences call the identity provider with which people sign in afresh. */
export function signInName({ stepUp, idps }: Pick<Context, 'stepUp' | 'idps'>): string {
  return stepUp?.idp.name ?? idps.name;
}

/** Keeps the click that waits, with its link, in the commit that says so. Answers whether one does. */
export async function keepStepUp(
  unit: Unit,
  events: readonly ChangeEvent[],
  click: ClickReceived,
  offered: OfferedStepUp | null,
): Promise<boolean> {
  const asked = events.find((event) => event.type === 'stepUpAsked');
  if (asked === undefined || offered === null) return false;
  await insertStepUp(unit.tx, {
    id: asked.stepUp.id,
    changeId: asked.changeId,
    personId: asked.stepUp.by,
    click,
    askedAt: asked.stepUp.askedAt,
    expiresAt: asked.stepUp.expiresAt,
    linkHash: hashOf(offered.link),
  });
  return true;
}

/** `offered`: the sign-in that a click may have to wait for; `proven`: the one that it has waited for. */
export type ForStepUp = { offered: OfferedStepUp | null } | { proven: StepUp };

/** What the decision is told of a sign-in. */
export function stepUpFact(stepUp: ForStepUp): Partial<Pick<ClickFacts, 'stepUp'>> {
  if ('proven' in stepUp) return { stepUp: { id: stepUp.proven.id, proof: stepUp.proven.proof } };
  return stepUp.offered === null ? {} : { stepUp: { id: stepUp.offered.id, proof: null } };
}

/** Ends a step-up whose sign-in was good, by what its approval came to. Answers the event where it did not count. */
export async function endProven(
  unit: Unit,
  change: Change,
  { id }: StepUp,
  outcome: readonly ChangeEvent[] | Refusal,
): Promise<ChangeEvent[]> {
  const at = unit.now;
  if (!isRefusal(outcome)) {
    await endStepUp(unit.tx, id, { at, outcome: 'approved', says: 'Your approval counts.' });
    return [];
  }
  const isMoot = outcome.reason === 'alreadySettled';
  const says = `Your approval did not count. ${outcome.text} ${outcome.next}`;
  await endStepUp(unit.tx, id, { at, outcome: isMoot ? 'moot' : 'refused', says });
  return stepUpEnded(change, { id, why: 'refused' }, at);
}
