import type { Entitlement } from '../policy/catalogue.ts';
import { isApproved, mayApprove } from '../policy/routing.ts';
import type { Change, Decision } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { extendedUntil } from './extended.ts';
import type { Base } from './revert.ts';
import { refuseOver, windowOf } from './scheduled.ts';
import type { ClickFacts } from './settle.ts';
import { apartSinceShown, otherwiseThanShown } from './shown.ts';
import { counted } from './step-up.ts';

/**
 * Whether the approvals so far decide the change by now, without a click. That happens in two cases:
 * - an approver whose approval counts was away when the last of them approved
 * - it had to be known first who made the change that was found
 *
 * Pure; empty: they don't.
 */
export function decideOnApprovals(change: Change, facts: ApprovalFacts): ChangeEvent[] {
  const { plan, entitlement, target, verdict } = facts;
  const approvals = counted(change.approvals, verdict);
  if (change.state !== 'asking' || verdict.effect === 'refuse' || !isApproved(plan, approvals)) return [];
  if (otherwiseThanShown(change, facts).length > 0) return [];
  if (apartSinceShown(change, verdict).length > 0) return [];
  const may = new Set(mayApprove(plan).map((p) => p.id));
  const last = approvals.findLast((a) => may.has(a.by));
  if (last === undefined) return [];
  const seconds = secondsGiven(change, entitlement);
  if (refuseOver(change, seconds, facts.now) !== null) return [];
  const clicker = { id: last.by, name: last.name };
  const base: Base = { changeId: change.id, at: facts.now, actor: { person: last.by, name: last.name } };
  return [concluded(change, { ...facts, entitlement, target, clicker }, base, last.clickId)];
}

export type ApprovalFacts = Omit<Decisive, 'clicker'> & Pick<ClickFacts, 'plan'>;

export type Decisive = Pick<ClickFacts, 'clicker' | 'verdict' | 'grantId' | 'heldUntil' | 'now'> & {
  entitlement: Entitlement;
  target: NonNullable<Change['target']>;
};

/** Approved by as many as it takes: for the shortest time that any of them gave. */
export function concluded(change: Change, facts: Decisive, base: Base, clickId: string): ChangeEvent {
  if (change.cause === 'loss') return restoredEvent(facts, base, clickId);
  return approvedEvent(
    change,
    { ...facts, maxSeconds: facts.entitlement.maxSeconds },
    {
      seconds: secondsGiven(change, facts.entitlement),
      base,
      decision: decided('approved', facts, clickId, null),
    },
  );
}

/** The shortest time that anybody gave who approved. */
function secondsGiven(change: Change, { defaultSeconds }: Pick<Entitlement, 'defaultSeconds'>): number {
  const asked = change.requestedSeconds ?? defaultSeconds;
  return Math.min(asked, ...change.approvals.map((a) => a.seconds ?? asked));
}

export type GrantFacts = Pick<ClickFacts, 'verdict' | 'grantId' | 'heldUntil' | 'now'> & {
  maxSeconds: number;
  target: NonNullable<ClickFacts['target']>;
};

export function approvedEvent(
  change: Change,
  facts: GrantFacts,
  { seconds, base, decision }: { seconds: number; base: Base; decision: Decision },
): ChangeEvent {
  const { now, maxSeconds } = facts;
  // The end stays where it was asked for, also if the decision comes after the start.
  const window = windowOf(change, Math.min(seconds, maxSeconds));
  if (window !== null && window.startsAt > now)
    return {
      ...base,
      type: 'changeScheduled',
      ...window,
      decision,
      verdict: facts.verdict,
      target: facts.target,
    };
  // An extension is a grant that starts now and takes over what it extends.
  const from = change.cause === 'extension' && facts.heldUntil !== null ? facts.heldUntil : now;
  return {
    ...base,
    type: 'changeApproved',
    decision,
    verdict: facts.verdict,
    target: facts.target,
    grant: {
      id: facts.grantId,
      startsAt: now,
      endsAt: window?.endsAt ?? extendedUntil({ heldUntil: from, seconds, maxSeconds, now }),
    },
  };
}

/** Put back what was taken out: the grants that want it are live already, so nothing new is granted. */
function restoredEvent(facts: Decisive, base: Base, clickId: string): ChangeEvent {
  return {
    ...base,
    type: 'changeApproved',
    decision: decided('approved', facts, clickId, null),
    verdict: facts.verdict,
    target: facts.target,
    grant: null,
  };
}

export function decided(
  outcome: Decision['outcome'],
  facts: Pick<ClickFacts, 'clicker' | 'now'>,
  clickId: string | null,
  note: string | null,
): Decision {
  return { outcome, by: facts.clicker.id, byName: facts.clicker.name, at: facts.now, note, clickId };
}
