import { randomUUID } from 'node:crypto';
import { type Cause, isFound } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { revertEvents } from '../../core/change/revert.ts';
import { type DriftFacts, membershipFinding, situationOf } from '../../core/drift/membership-finding.ts';
import { Fault } from '../../core/fault.ts';
import type { ChangeId, PersonId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { foundReason } from '../../core/mass-change/items.ts';
import { isEnding } from '../../core/membership/desired.ts';
import type { OffboardingCause } from '../../core/offboarding/offboarding.ts';
import { leftInWords } from '../../core/offboarding/refusals.ts';
import type { Entitlement, Target } from '../../core/policy/catalogue.ts';
import { endBaseline, isInBaseline, recordBaselineMember } from '../../store/baseline.ts';
import { pendingRequest, underwayIds } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { cardOfPair, openMassChange } from '../../store/mass-changes.ts';
import { latestOffboarding, leaverCase } from '../../store/offboardings.ts';
import { type Identity, identityOf, readPerson, rememberPerson } from '../../store/people.ts';
import { type AtIdp, at } from '../idps/idps.ts';
import { evaluations } from '../joiner-mover/evaluate-person.ts';
import { commit, type Note, type Outcome, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran, type Runtime } from '../kernel/context.ts';
import {
  askAboutGroup,
  entitlementOf,
  goneAlone,
  membershipNote,
  shrinkWithin,
} from '../mass-change/collect.ts';
import { isWanted } from '../membership/wanted-in-group.ts';
import { leaverFound } from '../offboarding/case.ts';
import { isActiveElsewhere } from '../offboarding/one-account.ts';
import { joinedWithApart } from '../people/accounts.ts';
import { readById } from '../people/read-by-id.ts';
import { successorOf } from '../people/reused-account.ts';

/** While an apply for the pair is on its way, there is nothing to find yet. */
const WAIT_MS = 2_000;
/** Nor while a request for it waits, where they differ. Where they agree, nothing is left to be looked at. */
const WAIT_FOR_DECISION_MS = 30_000;

/**
 * Expected or not: holds what the IdP says now of this person and group against what is wanted. Agreement is nothing to
 * tell. A difference that nobody is working on is a finding and goes down the road like a request: the owner decides.
 * The bringer of the news (a push, a hook, a comparison) is not believed: the IdP is read. A difference on one card
 * with many others is decided there. It drops out of the card when it agrees again.
 */
export async function checkMembership(
  everywhere: Context,
  job: Extract<Job, { job: 'checkMembership' }>,
): Promise<Ran> {
  const { personId, groupId } = job;
  const found = entitlementOf(everywhere, groupId);
  if (found === null) return done;
  const context = at(everywhere, found.target);
  const identity = await identityOf(context.db, personId, context.idp.system);
  if (identity === null) return done;
  const pair = { personId, groupId };
  return await context.locks.withLock(`pair:${personId}:${groupId}`, async () => {
    if ((await underwayIds(context.db, pair)).length > 0) return { againInMs: WAIT_MS };
    const pending = await pendingRequest(context.db, personId, found.entitlement.key);
    // Found already, perhaps by another event source: it is asked about.
    if (pending !== null && isFound(pending)) return done;
    return await lookAtPerson(context, pair, found, identity);
  });
}

async function lookAtPerson(
  context: Context & AtIdp,
  pair: Pair,
  found: Found,
  identity: Identity,
): Promise<Ran> {
  const { personId } = pair;
  const inIdp = await readById(context, identity);
  if (inIdp !== null && identity.isUnconfirmed) await rememberPerson(context.db, context.idp.system, inIdp);
  const known = inIdp === null ? await readPerson(context.db, personId) : null;
  const successor = known === null ? null : await successorOf(context, known);
  if (successor !== null) return await askOfSuccessor(context, pair, found, successor.id);
  const left = await leaverCase(context.db, personId);
  const { isUnconfirmed } = identity;
  const situation = situationOf({ inIdp: inIdp?.status ?? null, isUnconfirmed, leaverCase: left });
  switch (situation) {
    case 'leaveAlone':
      return done;
    case 'endAsDeleted':
      return await endLeaver(context, personId, 'deleted');
    case 'endAsDeprovisioned':
      return (await wasEnded(context, pair, identity.id))
        ? done
        : await endLeaver(context, personId, 'deprovisioned');
    case 'lookOn': {
      // Who is kept out is out whoever they are. Else two accounts of one person are one before anything is found.
      const one = left === null ? await joinedWithApart(context, personId) : personId;
      if (one !== personId) return await askOfSuccessor(context, pair, found, one as PersonId);
      return await lookAtMembership(context, {
        pair,
        found,
        isMember: await context.idp.isMember(pair.groupId, identity.id),
        whyKeptOut:
          left === null || inIdp === null ? null : leftInWords(inIdp.displayName, left).replace(/\.$/, ''),
      });
    }
    default:
      return situation satisfies never;
  }
}

async function askOfSuccessor(
  context: Data & Runtime,
  { groupId }: Pair,
  { target: { teamId, idp } }: Found,
  personId: PersonId,
): Promise<Ran> {
  const jobs: Job[] = [
    { job: 'checkMembership', personId, groupId, idp },
    { job: 'deliverToTeam', personId, teamId },
  ];
  return await commit<Ran>(context.db, async () => ({ result: done, jobs }), context.nudge);
}

/** One membership at the moment when the IdP was read. */
type Seen = {
  pair: Pair;
  found: Found;
  isMember: boolean;
  /** In words, why they are kept out although the directory has them; null: they are not. */
  whyKeptOut: string | null;
};

async function lookAtMembership(context: Data & Runtime, seen: Seen): Promise<Ran> {
  return await commit<Ran>(
    context.db,
    async (unit) => {
      const card = await cardOfPair(unit.tx, seen.pair);
      return await follow(unit, seen, await factsOf(context, unit, seen, card), card);
    },
    context.nudge,
  );
}

type Card = Awaited<ReturnType<typeof cardOfPair>>;

/** Reads no more than the answer takes: most memberships agree. */
async function factsOf(context: Data, unit: Unit, seen: Seen, card: Card): Promise<DriftFacts> {
  const { pair, found, isMember } = seen;
  const grants = await unendedGrants(unit.tx, pair);
  // Whose time is over is taken away by the timers, seconds later; after a standstill by the dozen.
  const isUnderway = isEnding(grants, unit.now) || (await underwayIds(unit.tx, pair)).length > 0;
  const wanted = await isWanted(unit.tx, pair, unit.now);
  const isApart = !isUnderway && card === null && isMember !== wanted;
  const kind = isMember ? 'finding' : 'lost';
  const isAskedFor =
    isApart && (await pendingRequest(unit.tx, pair.personId, found.entitlement.key)) !== null;
  const isCardOpen = isApart && (await openMassChange(unit.tx, kind, pair.groupId)) !== null;
  const wasBefore = isApart && !isMember && !isCardOpen && (await isInBaseline(unit.tx, pair));
  const gone = wasBefore ? await goneAlone(context, unit.tx, found) : [];
  return {
    isUnderway,
    isMember,
    isWanted: wanted,
    isAskedFor,
    onCard: card === null ? null : card.kind === 'finding' ? 'finding' : 'lost',
    isKeptOut: seen.whyKeptOut !== null,
    isCardOpen,
    isInBaseline: wasBefore,
    isOneOfMany: gone.length >= context.catalogue.current().massGuard.memberships,
    onFinding: found.entitlement.finding,
  };
}

/** Does what the core found. */
async function follow(unit: Unit, seen: Seen, facts: DriftFacts, card: Card): Promise<Outcome<Ran>> {
  const { pair, found } = seen;
  const finding = membershipFinding(facts);
  switch (finding) {
    case 'wait':
      return { result: { againInMs: WAIT_MS } };
    case 'waitForDecision':
      return { result: { againInMs: WAIT_FOR_DECISION_MS } };
    case 'agrees':
    case 'stayOnCard':
      return { result: done };
    case 'leaveCard':
      return {
        result: facts.isMember === facts.isWanted ? done : { againInMs: 0 },
        events: card === null ? [] : await shrinkWithin(unit, card.id, [pair.personId], AGREES),
      };
    case 'joinCard':
      return await joined(unit, pair, found, facts.isMember ? 'finding' : 'lost');
    case 'revertKeptOut':
      return { result: done, events: revertAtOnce(unit, pair, found, seen.whyKeptOut ?? '') };
    case 'revert':
      return { result: done, events: revertAtOnce(unit, pair, found, BY_CATALOGUE) };
    case 'accept':
      return { result: done, notes: [await acceptedOne(unit, pair, found)] };
    case 'askOwner':
      return { result: done, events: [received(unit, pair, found, 'finding')] };
    case 'askToRestore':
      return { result: done, events: [received(unit, pair, found, 'loss')] };
    case 'checkGroup':
      return { result: done, jobs: [{ job: 'checkGroup', groupId: pair.groupId, idp: found.target.idp }] };
    case 'endBaseline':
      return await baselineEnded(unit, pair, found);
    default:
      return finding satisfies never;
  }
}

async function acceptedOne(unit: Unit, pair: Pair, { target }: Found): Promise<Note> {
  await recordBaselineMember(unit.tx, { ...pair, groupName: target.groupName }, unit.now);
  return membershipNote(unit, 'membershipAccepted', target, { personId: pair.personId });
}

async function baselineEnded(unit: Unit, pair: Pair, { target }: Found): Promise<Outcome<Ran>> {
  const { personId } = pair;
  await endBaseline(unit.tx, pair, unit.now, 'gone');
  return {
    result: { againInMs: 0 },
    notes: [membershipNote(unit, 'baselineEnded', target, { personId })],
    jobs: [{ job: 'deliverToTeam', personId, teamId: target.teamId }],
  };
}

/** Told of late: their last case is over, and this membership is gone. What can't be told is not gone. */
async function wasEnded(
  { db, idp }: Data & AtIdp,
  { personId, groupId }: Pair,
  id: string,
): Promise<boolean> {
  if ((await latestOffboarding(db, personId))?.state !== 'closed') return false;
  try {
    return !(await idp.isMember(groupId, id));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return false;
  }
}

const AGREES = 'the identity provider has it as wanted again';

/** A leaver keeps nothing: their case ends every grant and every membership. */
async function endLeaver(context: Context & AtIdp, personId: string, cause: OffboardingCause): Promise<Ran> {
  const id = personId as PersonId;
  await commit(
    context.db,
    async (unit) =>
      // Where another IdP has them active, only what this one gives ends.
      (await isActiveElsewhere(context, unit, personId))
        ? { result: null, jobs: evaluations(context, personId) }
        : { result: null, ...(await leaverFound(context, unit, { id }, cause)) },
    context.nudge,
  );
  return done;
}

type Found = { entitlement: Entitlement; target: Target };
type Pair = { personId: string; groupId: string };

/** While the owner is asked about many of this group on one card, one more is asked there. */
async function joined(
  unit: Unit,
  { personId }: Pair,
  found: Found,
  kind: 'finding' | 'lost',
): Promise<Outcome<Ran>> {
  return { result: done, events: await askAboutGroup(unit, found, kind, [personId]) };
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
