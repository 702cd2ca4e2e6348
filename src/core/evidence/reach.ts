import type { Change, Decision } from '../change/change.ts';
import type { ChangeEvent } from '../change/events.ts';
import type { ChangeId, EntitlementKey, PersonId } from '../ids.ts';
import type { Target } from '../policy/catalogue.ts';

/** The events of a change that say who could reach what. */
export const reachEvents = [
  'changeReceived',
  'requestNarrowed',
  'approversAsked',
  'approvalGiven',
  'changeApproved',
  'changeDenied',
  'changeWithdrawn',
  'requestLapsed',
  'requestClosed',
  'requestRefused',
  'idpWritten',
  'changeSeen',
  'changeOvertaken',
  'applyFailed',
  'decisionReopened',
  'ticketChanged',
  'grantEnded',
] as const satisfies readonly ChangeEvent['type'][];

export type ReachEvent = Extract<ChangeEvent, { type: (typeof reachEvents)[number] }>;

/**
 * How a membership stood at one moment.
 * - `approved`: decided, and nothing was written yet
 * - `arriving`: written in the identity provider, and not seen in MuleSoft yet
 * - `held`: seen in MuleSoft
 * - `leaving`: to be taken away, and not seen gone yet
 * - `found`: there, and nobody had decided on it yet
 * - `missing`: wanted, and found taken away
 * - `before`: there when Latchkey first looked, or accepted the way it was
 */
export type ReachState = 'approved' | 'arriving' | 'held' | 'leaving' | 'found' | 'missing' | 'before';

/** One reason by which a person was, or was to be, in a group and its team. */
export type Reach = {
  /** Null: no change of Latchkey's gave it. */
  changeId: ChangeId | null;
  personId: PersonId;
  /** Null: it is known by its group or team alone. */
  entitlementKey: EntitlementKey | null;
  target: {
    groupId: string | null;
    groupName: string | null;
    teamId: string | null;
    teamName: string | null;
  };
  is: ReachState;
  /** Since when it was so. */
  since: Date;
  /** The end that was known then; null: none. */
  until: Date | null;
  why: ReachWhy;
};

export type ReachWhy = {
  cause: Change['cause'] | 'baseline';
  requesterId: PersonId | null;
  reason: string;
  /** Who approved, in that order, for whom they stood in. */
  approvals: { by: PersonId; name: string; insteadOf?: string }[];
  decision: Pick<Decision, 'by' | 'byName' | 'at'> | null;
};

/** Whether somebody could use it. What is on its way in or out counts: MuleSoft may have it. */
export function couldReach({ is }: Pick<Reach, 'is'>): boolean {
  return is !== 'approved' && is !== 'missing';
}

/** One change as the record has it up to a moment. */
type Told = Omit<Reach, 'is' | 'since' | 'target'> & {
  kind: Change['kind'];
  target: Target | null;
  stood: { is: ReachState; since: Date } | null;
};

/**
 * Pure: how memberships stood at the end of these events, which are those of whole changes in the order in which they
 * were written. Changes that gave nothing then are left out. What an identity provider refuses to take away is
 * `leaving` still.
 */
export function reachAfter(events: readonly ReachEvent[]): Reach[] {
  const changes = new Map<ChangeId, Told>();
  const ofPair = new Map<string, Set<ChangeId>>();
  for (const event of events) {
    const before = changes.get(event.changeId) ?? null;
    const after = event.type === 'changeReceived' ? received(event) : before && told(before, event);
    if (after === null) continue;
    changes.set(event.changeId, after);
    const pair = pairOf(after);
    const others = ofPair.get(pair) ?? new Set();
    ofPair.set(pair, others.add(event.changeId));
    if (event.type === 'grantEnded' && event.revokeId === null && before !== null)
      for (const id of others) takeOver(changes, id, before.stood);
  }
  return withLosses([...changes.values()].flatMap(reachOf));
}

function reachOf({ kind: _, stood, target, ...rest }: Told): Reach[] {
  if (stood === null) return [];
  const { groupId = null, groupName = null, teamId = null, teamName = null } = target ?? {};
  return [{ ...rest, target: { groupId, groupName, teamId, teamName }, ...stood }];
}

/** A grant that ends while another of the same membership begins takes nothing away: the other is where it was. */
function takeOver(changes: Map<ChangeId, Told>, id: ChangeId, stood: Told['stood']): void {
  const other = changes.get(id);
  if (other?.stood?.is !== 'approved' || (stood?.is !== 'held' && stood?.is !== 'arriving')) return;
  changes.set(id, { ...other, stood });
}

function received(event: ReachEvent & { type: 'changeReceived' }): Told {
  const { changeId, personId, entitlementKey, kind, target, cause, requesterId, reason, at } = event;
  const is = cause === 'finding' ? 'found' : cause === 'loss' ? 'missing' : null;
  return {
    changeId,
    personId,
    entitlementKey,
    kind,
    target,
    until: null,
    why: { cause, requesterId, reason, approvals: [], decision: null },
    stood: is === null ? null : { is, since: at },
  };
}

function told(change: Told, event: Exclude<ReachEvent, { type: 'changeReceived' }>): Told {
  const { stood, why } = change;
  switch (event.type) {
    case 'requestNarrowed':
      return {
        ...change,
        entitlementKey: event.entitlementKey,
        target: event.target,
        why: { ...why, approvals: [] },
      };
    case 'approversAsked':
      return {
        ...change,
        target: event.target,
        ...(event.isAnew === true ? { why: { ...why, approvals: [] } } : {}),
      };
    case 'approvalGiven': {
      const { by, name, insteadOf } = event.approval;
      const one = { by, name, ...(insteadOf === undefined ? {} : { insteadOf: insteadOf.name }) };
      return { ...change, why: { ...why, approvals: [...why.approvals, one] } };
    }
    case 'changeApproved':
      return approved(change, event);
    case 'idpWritten':
      return stood?.is === 'approved' ? stands(change, 'arriving', event.at) : change;
    case 'changeSeen':
      // What was lost is back, and is held by the grant that it was lost from.
      if (change.kind === 'revoke' || why.cause === 'loss') return gone(change);
      // Of what was found, the time since when it was there counts.
      return stood?.is === 'held' || stood === null ? change : stands(change, 'held', event.at);
    case 'ticketChanged':
      return change.until === null ? change : { ...change, until: event.endsAt };
    case 'applyFailed':
      return change.kind === 'revoke' ? change : gone(change);
    case 'changeDenied':
    case 'changeWithdrawn':
    case 'requestLapsed':
    case 'requestClosed':
    case 'requestRefused':
    case 'changeOvertaken':
    case 'decisionReopened':
    case 'grantEnded':
      return gone(change);
    default:
      return event satisfies never;
  }
}

function approved(
  change: Told,
  { at, grant, decision, target }: ReachEvent & { type: 'changeApproved' },
): Told {
  const { by, byName } = decision;
  const is = change.kind === 'revoke' ? 'leaving' : 'approved';
  const decidedOn = {
    ...change,
    target,
    until: grant?.endsAt ?? null,
    why: { ...change.why, decision: { by, byName, at: decision.at } },
  };
  // A finding is there already: kept, it is held from then on.
  if (change.stood?.is === 'found') return stands(decidedOn, 'held', change.stood.since);
  // What was lost goes on missing until it is seen to be back.
  return change.stood?.is === 'missing' ? decidedOn : stands(decidedOn, is, at);
}

function stands(change: Told, is: ReachState, since: Date): Told {
  return { ...change, stood: { is, since } };
}

function gone(change: Told): Told {
  return { ...change, stood: null };
}

/** While a membership is missing, no grant of it is held; that which it is missed for is told once. */
function withLosses(reaches: readonly Reach[]): Reach[] {
  const missing = new Map(
    reaches.filter(({ is }) => is === 'missing').map((one) => [pairOf(one), one.since]),
  );
  if (missing.size === 0) return [...reaches];
  return reaches.map((one) => {
    const since = missing.get(pairOf(one));
    return since === undefined || one.is !== 'held' ? one : { ...one, is: 'missing', since };
  });
}

function pairOf({
  personId,
  target,
}: {
  personId: PersonId;
  target: { groupId: string | null } | null;
}): string {
  return `${personId} ${target?.groupId ?? null}`;
}
