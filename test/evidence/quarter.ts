import { randomUUID } from 'node:crypto';
import type { Cause } from '../../src/core/change/change.ts';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import type { ChangeId, EntitlementKey, GrantId, PersonId } from '../../src/core/ids.ts';
import type { Target } from '../../src/core/policy/catalogue.ts';
import type { ApproverPlan } from '../../src/core/policy/routing.ts';
import type { Verdict } from '../../src/core/policy/verdict.ts';
import { rememberPerson } from '../../src/store/people.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { entitlement, target } from '../core/given.ts';
import { idpPerson } from '../store/given.ts';

/** The quarter that tests and the bench tell of. */
export const QUARTER = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-04-01T00:00:00Z') };
export const POLICY = 'policy-of-the-quarter';

export const on = (day: number, hour = 9, second = 0): Date =>
  new Date(QUARTER.from.getTime() + (day * 24 + hour) * 3_600_000 + second * 1_000);

export type Somebody = { id: PersonId; name: string; email: string };

/** Has the database know people by their logins. */
export const somebodyIn =
  (db: Db) =>
  async (login: string): Promise<Somebody> => {
    const { id, name, email } = await rememberPerson(db, 'okta', idpPerson(login));
    return { id, name, email };
  };

/** Something privileged. */
export const ADMINISTRATION = entitlement({
  key: 'orders-admin' as EntitlementKey,
  title: 'Administer orders',
  idpGroup: 'anypoint-orders-admin',
  team: 'Orders admin',
  tier: 'critical',
});

const verdict: Verdict = {
  effect: 'ask',
  grounds: [{ text: 'reading production data', clause: 'AC-3' }],
  policy: POLICY,
};

function planOf(approver: Somebody): ApproverPlan {
  const slots = [{ source: 'owner', people: [approver], pinged: true }];
  return { stages: [{ of: 'any', quorum: 1, slots, escalated: false }], distinct: true };
}

const base = (changeId: ChangeId, at: Date) => ({ changeId, at, actor: { part: 'latchkey' } }) as const;
const after = (at: Date, seconds: number) => new Date(at.getTime() + seconds * 1_000);
const newId = () => randomUUID() as ChangeId;

export type Access = {
  id: ChangeId;
  revokeId: ChangeId;
  events: ChangeEvent[];
  /** When it was written, and when its end was. */
  writtenAt: Date;
  goneWrittenAt: Date;
};

/** One access from the request to its end: approved after ten minutes, in effect in twenty seconds. */
export function access(
  who: Somebody,
  approver: Somebody,
  at: Date,
  {
    cause = 'request',
    days = 3,
    secondsToGone = 20,
    reason = 'the nightly import fails',
    key = 'orders',
    to = target,
    endedBy = { cause: 'expiry', by: null },
    secondsToEnd = 0,
  }: {
    cause?: Cause;
    days?: number;
    secondsToGone?: number;
    reason?: string;
    key?: string;
    to?: Target;
    endedBy?: { cause: Cause; by: Somebody | null };
    /** Its end came so long after its time. */
    secondsToEnd?: number;
  } = {},
): Access {
  const [id, revokeId] = [newId(), newId()];
  const isFound = cause === 'finding';
  const approvedAt = after(at, cause === 'breakGlass' ? 0 : 600);
  const endsAt = after(approvedAt, days * 86_400);
  const endedAt = after(endsAt, secondsToEnd);
  const by = cause === 'breakGlass' ? null : approver.id;
  const decision = {
    outcome: 'approved' as const,
    by,
    byName: by === null ? 'rule' : approver.name,
    at: approvedAt,
    note: null,
    clickId: null,
  };
  const received = {
    ...base(id, at),
    type: 'changeReceived' as const,
    kind: 'grant' as const,
    cause,
    entitlementKey: key as EntitlementKey,
    personId: who.id,
    requesterId: isFound ? null : who.id,
    reason: isFound ? 'in the group, and nobody asked for it' : reason,
    ticket: null,
    requestedSeconds: days * 86_400,
    target: to,
    via: 'slack',
    lapsesAt: null,
  };
  const asked: ChangeEvent[] =
    by === null
      ? []
      : [
          {
            ...base(id, after(at, 1)),
            type: 'approversAsked',
            plan: planOf(approver),
            verdict,
            round: 1,
            lapsesAt: null,
            target: to,
          },
          {
            ...base(id, approvedAt),
            type: 'approvalGiven',
            approval: { by, name: approver.name, at: approvedAt, seconds: null, clickId: 'c' },
          },
        ];
  return {
    id,
    revokeId,
    writtenAt: after(approvedAt, 2),
    goneWrittenAt: after(endedAt, 2),
    events: [
      received,
      ...asked,
      {
        ...base(id, approvedAt),
        actor: by === null ? { part: 'latchkey' } : { person: by, name: approver.name },
        type: 'changeApproved',
        grant: { id: randomUUID() as GrantId, startsAt: approvedAt, endsAt },
        decision,
        verdict,
        target: to,
      },
      { ...base(id, after(approvedAt, 2)), type: 'idpWritten', wrote: isFound ? 'already so' : 'added' },
      { ...base(id, after(approvedAt, 20)), type: 'changeSeen', note: null },
      {
        ...base(id, endedAt),
        type: 'grantEnded',
        cause: endedBy.cause,
        by: endedBy.by?.id ?? null,
        revokeId,
        stillHeld: false,
        stillHeldUntil: null,
      },
      ...takenAway(
        revokeId,
        { ...received, cause: endedBy.cause, reason: 'its time was over' },
        endedAt,
        secondsToGone,
      ),
    ],
  };
}

function takenAway(
  id: ChangeId,
  granted: ChangeEvent & { type: 'changeReceived' },
  at: Date,
  seconds: number,
): ChangeEvent[] {
  const late: ChangeEvent[] =
    seconds <= 60
      ? []
      : [{ ...base(id, after(at, 60)), type: 'changeLate', leg: 'delivery', why: 'Anypoint did not answer' }];
  const decision = { outcome: 'approved' as const, by: null, byName: 'rule', at, note: null, clickId: null };
  return [
    { ...granted, ...base(id, at), kind: 'revoke', requesterId: null },
    {
      ...base(id, at),
      type: 'changeApproved',
      grant: null,
      decision,
      verdict: null,
      target: granted.target ?? target,
    },
    { ...base(id, after(at, 2)), type: 'idpWritten', wrote: 'removed' },
    ...late,
    { ...base(id, after(at, seconds)), type: 'changeSeen', note: null },
  ];
}
