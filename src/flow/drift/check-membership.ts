import { randomUUID } from 'node:crypto';
import { type Cause, type ChangeEvent, isFound } from '../../core/change/change.ts';
import { revertEvents } from '../../core/change/revert.ts';
import type { ChangeId, PersonId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { foundReason } from '../../core/mass-change/items.ts';
import { hasLeft, type OffboardingCause } from '../../core/offboarding/offboarding.ts';
import { leftInWords } from '../../core/offboarding/refusals.ts';
import type { Entitlement, Target } from '../../core/policy/catalogue.ts';
import { endBaseline, isInBaseline, recordBaselineMember } from '../../store/baseline.ts';
import { pendingRequest, underwayIds } from '../../store/changes.ts';
import { cardOfPair, openMassChange } from '../../store/mass-changes.ts';
import { leaverCase } from '../../store/offboardings.ts';
import { identityOf, readPerson, rememberPerson } from '../../store/people.ts';
import { commit, type Outcome, type Unit } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';
import {
  entitlementOf,
  goneAlone,
  growWithin,
  itemOf,
  lostItems,
  membershipNote,
  shrinkWithin,
} from '../mass-change/collect.ts';
import { isWanted } from '../membership/wanted-in-group.ts';
import { readById } from '../membership/wanted-in-team.ts';
import { leaverFound } from '../offboarding/case.ts';
import { successorOf } from '../people/reused-account.ts';

/** While an apply for the pair is on its way, or a request for it waits, there is nothing to find yet. */
const WAIT_MS = 2_000;
const WAIT_FOR_DECISION_MS = 30_000;

/**
 * Expected or not: holds what the IdP says now of this person and group against what is wanted. Agreement is
 * nothing to tell. A difference that nobody is working on is a finding and goes down the road like a request: the
 * owner decides. Whoever brought the news (a push, a hook, a sweep) is not believed: the IdP is read. What is on
 * one card with many others is decided there, and drops out of it when it agrees again.
 */
export async function checkMembership(
  context: Context,
  job: Extract<Job, { job: 'checkMembership' }>,
): Promise<Ran> {
  const { personId, groupId } = job;
  const found = entitlementOf(context, groupId);
  if (found === null) return done;
  const identity = await identityOf(context.db, personId, context.idp.name);
  if (identity === null) return done;
  const pair = { personId, groupId };
  return await context.locks.withLock(`pair:${personId}:${groupId}`, async () => {
    if ((await underwayIds(context.db, pair)).length > 0) return { againInMs: WAIT_MS };
    const pending = await pendingRequest(context.db, personId, found.entitlement.key);
    // Found already, perhaps by another event source: it is asked about.
    if (pending !== null) return isFound(pending) ? done : { againInMs: WAIT_FOR_DECISION_MS };
    const inIdp = await readById(context, identity);
    if (inIdp !== null && identity.isUnconfirmed) await rememberPerson(context.db, context.idp.name, inIdp);
    const known = inIdp === null ? await readPerson(context.db, personId) : null;
    const standIn = known === null ? null : await successorOf(context, known);
    if (standIn !== null) {
      const theirs = { personId: standIn.id };
      const jobs: Job[] = [
        { job: 'checkMembership', ...theirs, groupId },
        { job: 'deliverToTeam', ...theirs, teamId: found.target.teamId },
      ];
      return await commit<Ran>(context.db, async () => ({ result: done, jobs }), context.nudge);
    }
    // Nobody has left who was never there: an id that the IdP has never answered by is unconfirmed.
    if (inIdp === null && identity.isUnconfirmed) return done;
    if (inIdp === null || inIdp.status === 'deprovisioned')
      return await endLeaver(context, personId, inIdp === null ? 'deleted' : 'deprovisioned');
    // On hold: nothing is asked about them until they return or leave.
    if (inIdp.status === 'suspended') return done;
    const left = await leaverCase(context.db, personId);
    // Their case ends every membership, new ones too.
    if (left !== null && hasLeft(left)) return await endLeaver(context, personId, 'deprovisioned');
    const isMember = await context.idp.isMember(groupId, identity.id);
    return await commit<Ran>(
      context.db,
      async (unit) => {
        // Decided on one card meanwhile, and on its way now.
        if ((await underwayIds(unit.tx, pair)).length > 0) return { result: { againInMs: WAIT_MS } };
        const wanted = await isWanted(unit.tx, pair, unit.now);
        const card = await cardOfPair(unit.tx, pair);
        if (card !== null) {
          const isStillSo = isMember !== wanted && isMember === (card.kind === 'finding');
          if (isStillSo) return { result: done };
          const massChangeEvents = await shrinkWithin(unit, card.id, [personId], AGREES);
          return { result: isMember === wanted ? done : { againInMs: 0 }, massChangeEvents };
        }
        if (isMember === wanted) return { result: done };
        // Nobody is asked to keep what an admin has taken away for good; that has to be taken back first.
        if (isMember && left !== null)
          return {
            result: done,
            events: revertAtOnce(unit, pair, found, leftInWords(inIdp.displayName, left).replace(/\.$/, '')),
          };
        if (isMember)
          return (
            (await joined(unit, pair, found, 'finding')) ?? {
              result: done,
              ...(await finding(unit, pair, found)),
            }
          );
        const asked = await joined(unit, pair, found, 'lost');
        if (asked !== null) return asked;
        // What was there before Latchkey may go as it came, unless it is one of many; only what Latchkey promised is missed.
        if (await isInBaseline(unit.tx, pair)) {
          const gone = await goneAlone(context, unit.tx, found);
          if (gone.length >= context.catalogue.current().massGuard.memberships)
            return { result: done, jobs: [{ job: 'checkGroup', groupId }] };
          await endBaseline(unit.tx, pair, unit.now, 'gone');
          const notes = [membershipNote(unit, 'baselineEnded', found.target, { personId: pair.personId })];
          const { teamId } = found.target;
          return { result: { againInMs: 0 }, notes, jobs: [{ job: 'deliverToTeam', personId, teamId }] };
        }
        return { result: done, events: [received(unit, pair, found, 'loss')] };
      },
      context.nudge,
    );
  });
}

const AGREES = 'the identity provider has it as wanted again';

/** Who has left keeps nothing: their case ends every grant and every membership. */
async function endLeaver(context: Context, personId: string, cause: OffboardingCause): Promise<Ran> {
  const id = personId as PersonId;
  await commit(
    context.db,
    async (unit) => ({ result: null, ...(await leaverFound(context, unit, { id }, cause)) }),
    context.nudge,
  );
  return done;
}

type Found = { entitlement: Entitlement; target: Target };
type Pair = { personId: string; groupId: string };

/** While the owner is asked about many of this group on one card, one more is asked there; null: no card is open. */
async function joined(
  unit: Unit,
  pair: Pair,
  { entitlement, target }: Found,
  kind: 'finding' | 'lost',
): Promise<Outcome<Ran> | null> {
  if ((await openMassChange(unit.tx, kind, target.groupId)) === null) return null;
  const massChangeEvents = await growWithin(
    unit,
    {
      kind,
      scope: target.groupId,
      entitlementKey: entitlement.key,
      target,
      owner: entitlement.owner,
      moved: null,
    },
    kind === 'lost' ? await lostItems(unit, pair.groupId, [pair.personId]) : [itemOf(pair.personId)],
  );
  return { result: done, massChangeEvents };
}

async function finding(unit: Unit, pair: Pair, found: Found) {
  switch (found.entitlement.finding) {
    case 'ask':
      return { events: [received(unit, pair, found, 'finding')] };
    case 'accept':
      await recordBaselineMember(unit.tx, { ...pair, groupName: found.target.groupName }, unit.now);
      return {
        notes: [membershipNote(unit, 'membershipAccepted', found.target, { personId: pair.personId })],
      };
    case 'revert':
      return { events: revertAtOnce(unit, pair, found, BY_CATALOGUE) };
    default:
      return found.entitlement.finding satisfies never;
  }
}

const BY_CATALOGUE = 'nobody asked for it, and the catalogue says to revert at once';

function revertAtOnce(unit: Unit, pair: Pair, found: Found, note: string): ChangeEvent[] {
  const as = received(unit, pair, found, 'finding');
  const finding = { ...as, reason: `${as.reason}; ${note}` };
  const revokeId = randomUUID() as ChangeId;
  const base = { changeId: finding.changeId, at: unit.now, actor: { part: 'latchkey' } } as const;
  const denied: ChangeEvent = {
    ...base,
    type: 'changeDenied',
    revokeId,
    decision: { outcome: 'denied', by: null, byName: 'rule', at: unit.now, note, clickId: null },
  };
  const subject = {
    entitlementKey: found.entitlement.key,
    personId: pair.personId as PersonId,
    target: found.target,
  };
  return [finding, denied, ...revertEvents(subject, revokeId, base)];
}

function received(unit: Unit, pair: Pair, found: Found, cause: Extract<Cause, 'finding' | 'loss'>) {
  return {
    type: 'changeReceived',
    changeId: randomUUID() as ChangeId,
    at: unit.now,
    actor: { part: 'latchkey' },
    kind: 'grant',
    cause,
    entitlementKey: found.entitlement.key,
    personId: pair.personId as PersonId,
    requesterId: null,
    reason: foundReason(cause, found.target),
    ticket: null,
    requestedSeconds: null,
    target: found.target,
    via: 'finding',
    lapsesAt: null,
  } satisfies ChangeEvent;
}
