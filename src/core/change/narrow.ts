import type { PersonId } from '../ids.ts';
import type { Entitlement, Target } from '../policy/catalogue.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Change } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { givenSeconds } from './extended.ts';
import { shownOf } from './shown.ts';

/**
 * An approver gives a narrower entitlement of the same family than was asked for: the request is about that one from
 * here on. Approvals of the wider one count no more, and buttons of its card are stale. Pure.
 */
export function narrowTo(
  change: Change,
  narrower: { entitlement: Entitlement; target: Target },
  facts: {
    wide: Entitlement | null;
    by: { id: PersonId; name: string };
    /** Why the person can't get it: they have it, or it waits for a decision by itself; null: they can. */
    whyNot: string | null;
    now: Date;
  },
): (ChangeEvent & { type: 'requestNarrowed' }) | Refusal {
  const { entitlement, target } = narrower;
  const { wide, by, whyNot, now } = facts;
  if (change.cause !== 'request' || wide?.narrower?.includes(entitlement.key) !== true)
    return refuse(
      'entitlementUnavailable',
      `${entitlement.title} is no narrower one of what was asked for.`,
      'Approve what was asked for, or deny it.',
    );
  if (whyNot !== null)
    return refuse(
      'alreadyHeld',
      `${entitlement.title}: ${whyNot}.`,
      'Approve what was asked for, or deny it.',
    );
  const asked = change.requestedSeconds ?? wide.defaultSeconds;
  return {
    changeId: change.id,
    at: now,
    actor: { person: by.id, name: by.name },
    type: 'requestNarrowed',
    from: { key: wide.key, title: wide.title },
    entitlementKey: entitlement.key,
    target,
    shown: shownOf(entitlement, target),
    requestedSeconds: Math.min(asked, entitlement.maxSeconds),
  };
}

/** Whether what was given is less than what was asked for: a shorter time, or a narrower entitlement. */
export function isLess(change: Change): boolean {
  const given = givenSeconds(change);
  const isShorter = given !== null && change.requestedSeconds !== null && given < change.requestedSeconds;
  return change.kind === 'grant' && (isShorter || (change.narrowed !== undefined && change.grant !== null));
}
