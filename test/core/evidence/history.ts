import { randomUUID } from 'node:crypto';
import type { Change } from '../../../src/core/change/change.ts';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import type { ReachState } from '../../../src/core/evidence/reach.ts';
import type { ChangeId, EntitlementKey, GrantId, PersonId } from '../../../src/core/ids.ts';
import { asks, decision, later, target } from '../given.ts';

/** What can happen to one person's membership of one group. What can't happen just then is left out. */
export const happenings = [
  'give',
  'write',
  'see',
  'extend',
  'end',
  'seeGone',
  'refuse',
  'find',
  'keep',
  'revert',
  'lose',
  'restore',
  'seeBack',
] as const;
export type Happening = (typeof happenings)[number];

type Place = { personId: PersonId; entitlementKey: EntitlementKey };
/** What a bystander who watched would know of one membership; no event is looked at to know it. */
type Watched = {
  is: ReachState | null;
  grant: ChangeId | null;
  isWritten: boolean;
  revoke: ChangeId | null;
  finding: ChangeId | null;
  loss: ChangeId | null;
  isRestoring: boolean;
};

export type Step = { place: number; happening: Happening };
export type Told = { at: Date; events: ChangeEvent[]; after: ReadonlyMap<string, ReachState> };

const targetOf = (key: string) => ({ ...target, groupId: `g-${key}`, teamId: `t-${key}` });
export const nameOf = ({ personId, entitlementKey }: Place): string => `${personId} ${entitlementKey}`;

/** A history made of steps, each with its events and with what is so afterwards. A minute lies between two steps. */
export function historyOf(places: readonly Place[], steps: readonly Step[]): Told[] {
  const watched = places.map<Watched>(() => ({
    is: null,
    grant: null,
    isWritten: false,
    revoke: null,
    finding: null,
    loss: null,
    isRestoring: false,
  }));
  const told: Told[] = [];
  for (const [n, step] of steps.entries()) {
    const place = places[step.place % places.length] as Place;
    const now = watched[step.place % places.length] as Watched;
    const at = later((n + 1) * 60);
    const events = happen(step.happening, now, place, at);
    const after = new Map<string, ReachState>();
    for (const [i, one] of watched.entries())
      if (one.is !== null) after.set(nameOf(places[i] as Place), one.is);
    told.push({ at, events, after });
  }
  return told;
}

// Long: one case for each happening, so that what may follow on what is read in one place.
function happen(happening: Happening, now: Watched, place: Place, at: Date): ChangeEvent[] {
  const { grant, revoke, finding, loss } = now;
  switch (happening) {
    case 'give': {
      if (now.is !== null) return [];
      const id = randomUUID() as ChangeId;
      Object.assign(now, { is: 'approved', grant: id, isWritten: false });
      return [received(id, place, at, 'request'), approved(id, place, at)];
    }
    case 'write': {
      if (grant === null || now.isWritten || loss !== null) return [];
      now.isWritten = true;
      if (now.is === 'approved') now.is = 'arriving';
      return [{ ...base(grant, at), type: 'idpWritten', wrote: 'added' }];
    }
    case 'see': {
      if (grant === null || !now.isWritten || now.is !== 'arriving') return [];
      now.is = 'held';
      return [{ ...base(grant, at), type: 'changeSeen', note: null }];
    }
    case 'extend': {
      if (grant === null || loss !== null) return [];
      const id = randomUUID() as ChangeId;
      Object.assign(now, { grant: id, isWritten: false });
      return [received(id, place, at, 'extension'), approved(id, place, at), ended(grant, at, null, id)];
    }
    case 'end': {
      if (grant === null || loss !== null) return [];
      const id = randomUUID() as ChangeId;
      Object.assign(now, { is: 'leaving', grant: null, revoke: id });
      return [ended(grant, at, id), ...revoking(id, place, at, 'expiry')];
    }
    case 'seeGone': {
      if (revoke === null) return [];
      Object.assign(now, { is: null, revoke: null });
      return [
        { ...base(revoke, at), type: 'idpWritten', wrote: 'removed' },
        { ...base(revoke, at), type: 'changeSeen', note: null },
      ];
    }
    case 'refuse': {
      if (grant === null || now.is !== 'approved') return [];
      Object.assign(now, { is: null, grant: null });
      return [{ ...base(grant, at), type: 'applyFailed', code: 'idp.refused', text: 'no' }];
    }
    case 'find': {
      if (now.is !== null) return [];
      const id = randomUUID() as ChangeId;
      Object.assign(now, { is: 'found', finding: id });
      return [received(id, place, at, 'finding')];
    }
    case 'keep': {
      if (finding === null) return [];
      Object.assign(now, { is: 'held', finding: null, grant: finding, isWritten: false });
      return [approved(finding, place, at)];
    }
    case 'revert': {
      if (finding === null) return [];
      const id = randomUUID() as ChangeId;
      Object.assign(now, { is: 'leaving', finding: null, revoke: id });
      const denied = decision('denied', { at });
      return [
        { ...base(finding, at), type: 'changeDenied', decision: denied, revokeId: id },
        ...revoking(id, place, at, 'revert'),
      ];
    }
    case 'lose': {
      if (grant === null || now.is !== 'held') return [];
      const id = randomUUID() as ChangeId;
      Object.assign(now, { is: 'missing', loss: id });
      return [received(id, place, at, 'loss')];
    }
    case 'restore': {
      if (loss === null || now.isRestoring) return [];
      now.isRestoring = true;
      return [{ ...approved(loss, place, at), grant: null }];
    }
    case 'seeBack': {
      if (loss === null || !now.isRestoring) return [];
      Object.assign(now, { is: 'held', loss: null, isRestoring: false });
      return [
        { ...base(loss, at), type: 'idpWritten', wrote: 'added' },
        { ...base(loss, at), type: 'changeSeen', note: null },
      ];
    }
    default:
      return happening satisfies never;
  }
}

const base = (changeId: ChangeId, at: Date) => ({ changeId, at, actor: { part: 'latchkey' } }) as const;

function received(changeId: ChangeId, place: Place, at: Date, cause: Change['cause']): ChangeEvent {
  return {
    ...base(changeId, at),
    type: 'changeReceived',
    kind: 'grant',
    cause,
    ...place,
    requesterId: cause === 'request' || cause === 'extension' ? place.personId : null,
    reason: 'for the report',
    ticket: null,
    requestedSeconds: 3_600,
    target: targetOf(place.entitlementKey),
    via: 'slack',
    lapsesAt: null,
  };
}

function approved(changeId: ChangeId, place: Place, at: Date): ChangeEvent & { type: 'changeApproved' } {
  return {
    ...base(changeId, at),
    type: 'changeApproved',
    grant: { id: randomUUID() as GrantId, startsAt: at, endsAt: new Date(at.getTime() + 3_600_000) },
    decision: decision('approved', { by: null, byName: 'rule', at }),
    verdict: asks,
    target: targetOf(place.entitlementKey),
  };
}

function ended(changeId: ChangeId, at: Date, revokeId: ChangeId | null, extendedBy?: ChangeId): ChangeEvent {
  return {
    ...base(changeId, at),
    type: 'grantEnded',
    cause: extendedBy === undefined ? 'expiry' : 'extension',
    by: null,
    revokeId,
    stillHeld: extendedBy !== undefined,
    stillHeldUntil: null,
    ...(extendedBy === undefined ? {} : { extendedBy }),
  };
}

function revoking(changeId: ChangeId, place: Place, at: Date, cause: Change['cause']): ChangeEvent[] {
  return [
    { ...received(changeId, place, at, cause), kind: 'revoke' } as ChangeEvent,
    { ...approved(changeId, place, at), grant: null },
  ];
}
