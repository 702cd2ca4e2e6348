import type { ChangeId } from '../ids.ts';
import type { Change } from './change.ts';
import type { ChangeEvent } from './events.ts';

/** Of which change, when, and by whom. */
export type Base = Pick<ChangeEvent, 'changeId' | 'at' | 'actor'>;

/** A finding that is not kept is taken away. The revoke joins the road at "apply". */
export function revertEvents(
  change: Pick<Change, 'entitlementKey' | 'personId' | 'target'>,
  revokeId: ChangeId,
  base: Base,
  /** The mass change that it was decided with. */
  partOf: string | null = null,
): ChangeEvent[] {
  if (change.target === null) return [];
  const revoke = { changeId: revokeId, at: base.at, actor: base.actor };
  const by = 'person' in base.actor ? base.actor : null;
  return [
    {
      ...revoke,
      type: 'changeReceived',
      kind: 'revoke',
      cause: 'revert',
      entitlementKey: change.entitlementKey,
      personId: change.personId,
      requesterId: by?.person ?? null,
      reason: 'nobody asked for it',
      ticket: null,
      requestedSeconds: null,
      target: change.target,
      via: 'latchkey',
      lapsesAt: null,
      ...(partOf === null ? {} : { partOf }),
    },
    {
      ...revoke,
      type: 'changeApproved',
      grant: null,
      verdict: null,
      target: change.target,
      decision: {
        outcome: 'approved',
        by: by?.person ?? null,
        byName: by?.name ?? 'rule',
        at: base.at,
        note: null,
        clickId: null,
      },
    },
  ];
}
