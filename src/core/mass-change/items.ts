import type { Decision } from '../change/change.ts';
import type { ChangeEvent } from '../change/events.ts';
import { revertEvents } from '../change/revert.ts';
import type { ChangeId, GrantId, PersonId } from '../ids.ts';
import type { Entitlement, Target } from '../policy/catalogue.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { MassChange, MassDecision } from './mass-change.ts';

/** The facts that settle what one item of a decided mass change becomes. Ids and time come with them. */
export type ItemFacts = {
  changeId: ChangeId;
  revokeId: ChangeId;
  grantId: GrantId;
  personId: PersonId;
  entitlement: Entitlement;
  target: Target;
  /** Of what is kept; null: it is taken away. */
  verdict: Verdict | null;
  now: Date;
};

/** What was found, as the change says it. */
export function foundReason(cause: 'finding' | 'loss', target: Target): string {
  return cause === 'finding'
    ? `in the group ${target.groupName}, without a grant that wants it`
    : `no longer in the group ${target.groupName}, though a grant wants it`;
}

/**
 * Pure: one found membership, decided with all the others of its card. Kept: a grant with the approver and an end, or
 * for what was lost the membership put back. Reverted: denied, with the revoke that takes it away.
 */
export function itemEvents(
  mass: MassChange,
  decision: MassDecision,
  choice: 'keep' | 'revert',
  facts: ItemFacts,
): ChangeEvent[] {
  const { changeId, entitlement, target, now } = facts;
  const received = receivedItem(mass, facts);
  const base = { changeId, at: now, actor: { person: decision.by, name: decision.byName } } as const;
  const decided = (outcome: Decision['outcome'], note: string | null): Decision => ({
    outcome,
    by: decision.by,
    byName: decision.byName,
    at: now,
    note,
    clickId: decision.clickId,
  });
  const isRefused = choice === 'keep' && facts.verdict?.effect === 'refuse';
  if (choice === 'keep' && !isRefused)
    return [
      received,
      {
        ...base,
        type: 'changeApproved',
        decision: decided('approved', null),
        verdict: facts.verdict,
        target,
        grant: received.cause === 'loss' ? null : grantOf(facts),
      },
    ];
  const note = isRefused
    ? `kept with others, but policy does not allow it: ${facts.verdict?.grounds.map((g) => g.text).join('; ')}`
    : 'decided with others on one card';
  return [
    received,
    { ...base, type: 'changeDenied', decision: decided('denied', note), revokeId: facts.revokeId },
    ...revertEvents({ ...facts, entitlementKey: entitlement.key }, facts.revokeId, base, mass.id),
  ];
}

function receivedItem(mass: MassChange, { changeId, personId, entitlement, target, now }: ItemFacts) {
  const cause = mass.kind === 'lost' ? 'loss' : 'finding';
  return {
    type: 'changeReceived',
    changeId,
    at: now,
    actor: { part: 'latchkey' },
    kind: 'grant',
    cause,
    entitlementKey: entitlement.key,
    personId,
    requesterId: null,
    reason:
      mass.kind === 'excess'
        ? `in the Anypoint team ${target.teamName}, and nothing gives it to them`
        : foundReason(cause, target),
    ticket: null,
    requestedSeconds: null,
    target,
    via: 'finding',
    lapsesAt: null,
    partOf: mass.id,
  } satisfies ChangeEvent;
}

function grantOf({ grantId, entitlement, now }: ItemFacts) {
  return {
    id: grantId,
    startsAt: now,
    endsAt: new Date(now.getTime() + entitlement.defaultSeconds * 1_000),
  };
}
