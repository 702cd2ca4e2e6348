import { randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { type ClickFacts, decideOnClick } from '../../core/change/settle.ts';
import { Fault } from '../../core/fault.ts';
import type { ChangeId, GrantId } from '../../core/ids.ts';
import type { ClickReceived, Job } from '../../core/jobs/reactions.ts';
import { noLongerNeeded } from '../../core/joiner-mover/birthright.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import { leftInWords, refuseLeaver } from '../../core/offboarding/refusals.ts';
import { planOf } from '../../core/policy/routing.ts';
import type { Verdict } from '../../core/policy/verdict.ts';
import { isRefusal, type Refusal } from '../../core/refusal.ts';
import type { Said } from '../../ports/messenger.ts';
import { isRefusedClick } from '../../store/audit.ts';
import { readChange } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { leaverCase } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import { at } from '../idps/idps.ts';
import { commit, type Note, type Outcome, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Parties, type Ran, type Runtime } from '../kernel/context.ts';
import { grantsEndedWith } from '../membership/end-grants.ts';
import { concernedBy } from '../people/concerned.ts';
import { identify } from '../people/identify.ts';
import { saidOf } from '../people/said.ts';
import { decidedBy } from './deciders.ts';
import { conflictsUnderLock, isNews, lookedAtAgain, othersApart } from './kept-apart.ts';
import { approveNarrower } from './narrow.ts';
import { actOnOwn, unknownChange } from './own.ts';
import { settleWords } from './questions.ts';
import { refuseWaitingRenewal } from './refuse-renewal.ts';
import {
  endProven,
  type ForStepUp,
  keepStepUp,
  type OfferedStepUp,
  offerStepUp,
  STEP_UP_PATH,
  signInName,
  stepUpFact,
} from './step-up.ts';
import { takeOver } from './take-over.ts';

/**
 * Settles one click. The clicker, what they may do and whether it still applies are all looked up again. It is decided
 * under the change's row lock. Safe to run twice: a click that was counted, or refused on record, is recognised by its
 * id. A refusal changes nothing and only the clicker sees it.
 */
export async function settleClick(
  context: Context,
  job: Extract<Job, { job: 'settleClick' }>,
  attempts: number,
): Promise<Ran> {
  const { click } = job;
  return await keepOnFault(context, click, attempts, async () => {
    // Looked up side by side: neither needs the other, and people wait for both.
    const [clicker, facts] = await Promise.all([
      identify(context, click.chatUserId),
      needsFacts.has(click.act.verb) ? factsNow(context, click.changeId) : null,
    ]);
    const offered = offerStepUp(context);
    const answer = isRefusal(clicker) ? clicker : await act(context, click, { clicker, offered, facts });
    if (answer === 'waits') await tellToSignIn(context, click, offered);
    // A person who only wrote in a thread has pressed nothing that could be refused.
    else if (answer !== null && click.act.verb !== 'reply')
      await tellClicker(context, click, await saidOf(context, answer));
    return done;
  });
}

/** Acts for which it counts who may decide. */
const needsFacts: ReadonlySet<ClickReceived['act']['verb']> = new Set([
  'approve',
  'approveNarrower',
  'deny',
  'ask',
  'reply',
]);

/** A click that can't be checked now is kept; the first time, the clicker is told so. */
export async function keepOnFault(
  context: Parties & Runtime,
  click: Clicked,
  attempts: number,
  work: () => Promise<Ran>,
): Promise<Ran> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault && attempts === 0)
      await tellClicker(context, click, keptClick(context.chat.name));
    throw error;
  }
}

/** Where a click came from. */
type Clicked = { clickId: string; channel: string; chatUserId: string };

const keptClick = (chat: string) =>
  `Latchkey can’t check your click right now: the identity provider or ${chat} does not answer. It is kept and will be settled as soon as they do; nothing to do for you.`;

/** The answer to the clicker; `waits`: to sign in first; null: nothing. */
type Answer = Refusal | 'waits' | null;

async function act(
  context: Context,
  click: ClickReceived,
  {
    clicker,
    offered,
    facts,
  }: { clicker: Person; offered: OfferedStepUp | null; facts: ClickFactsNow | null },
): Promise<Answer> {
  const { act: done } = click;
  switch (done.verb) {
    case 'approve':
    case 'deny':
      return facts === null
        ? unknownChange
        : await decide(context, { ...click, act: done }, { ...facts, clicker }, { offered });
    case 'approveNarrower':
      return facts === null
        ? unknownChange
        : await approveNarrower(context, { ...click, act: done }, { clicker, facts, factsOf }, { offered });
    case 'ask':
    case 'answer':
    case 'reply':
      return await settleWords(context, { ...click, act: done }, { clicker, plan: facts?.plan ?? nobody });
    default:
      return await actOnOwn(context, click, clicker);
  }
}

export type DecidingClick = ClickReceived & {
  act: Extract<ClickReceived['act'], { verb: 'approve' | 'deny' }>;
};

/** Decides under the change's row lock. */
export async function decide(
  context: Data & Runtime,
  click: DecidingClick,
  facts: ClickFactsNow & { clicker: Person },
  stepUp: ForStepUp,
): Promise<Answer> {
  const { clicker } = facts;
  const { act } = click;
  return await commit<Answer>(
    context.db,
    async (unit) => {
      const locked = await unit.change(click.changeId);
      if (locked === null) return { result: unknownChange };
      const { personId, entitlementKey } = locked;
      const { entitlement, verdict } = facts;
      const [grants, conflicts, others] = await Promise.all([
        unendedGrants(unit.tx, { personId, entitlementKey }),
        act.verb === 'approve' && entitlement !== null && verdict.effect !== 'refuse'
          ? conflictsUnderLock(context, unit, locked, entitlement)
          : [],
        act.verb === 'approve' ? othersApart(context, unit, locked) : [],
      ]);
      const outcome = decideOnClick(
        locked,
        { id: click.clickId, round: click.round, ...act },
        {
          ...facts,
          verdict: conflicts.length === 0 ? verdict : { ...verdict, conflicts },
          as: { email: clicker.email, department: clicker.department, title: clicker.title },
          grantId: randomUUID() as GrantId,
          revokeId: randomUUID() as ChangeId,
          heldUntil: heldUntil(grants, unit.now),
          ...stepUpFact(stepUp),
          now: unit.now,
        },
      );
      const ended = 'proven' in stepUp ? await endProven(unit, locked, stepUp.proven, outcome) : [];
      if (!isRefusal(outcome)) return await counted(unit, { change: locked, click, stepUp, others }, outcome);
      const refusal = await refused(unit, { click, verb: act.verb, change: locked, clicker }, outcome);
      return { ...refusal, events: ended };
    },
    context.nudge,
    { changes: [click.changeId] },
  );
}

/** What a click that was not refused calls for. */
async function counted(
  unit: Unit,
  {
    change,
    click,
    stepUp,
    others,
  }: { change: Change; click: ClickReceived; stepUp: ForStepUp; others: readonly string[] },
  decided: readonly ChangeEvent[],
): Promise<Outcome<Answer>> {
  const events = [
    ...decided,
    ...(await endedWith(unit, change, decided)),
    ...(await takeOver(unit, change, decided)),
  ];
  const waits = 'offered' in stepUp && (await keepStepUp(unit, events, click, stepUp.offered));
  if (waits) return { result: 'waits', events };
  // It may wait for other people by now than the card says.
  const isWaiting =
    events.length > 0 && events.every(({ type }) => type === 'approvalGiven' || type === 'stageOpened');
  return {
    result: null,
    events,
    jobs: [
      ...(isWaiting ? [{ job: 'assessRequest' as const, changeId: change.id }] : []),
      ...(isNews(events) ? lookedAtAgain(others) : []),
    ],
  };
}

/** Puts a refusal on record, once however often the click is looked at; it decides nothing. */
async function refused(
  unit: Unit,
  {
    click,
    verb,
    change,
    clicker,
  }: { click: ClickReceived; verb: 'approve' | 'deny'; change: Change; clicker: Person },
  refusal: Refusal,
): Promise<Outcome<Refusal>> {
  // A person who was asked before they were offboarded is told why they are not asked any more.
  const left = await leaverCase(unit.tx, clicker.id);
  const isWhy = left !== null && refusal.reason === 'notAnApprover';
  const isOnRecord = await isRefusedClick(unit.tx, change.id, click.clickId);
  const note: Note = {
    type: 'clickRefused',
    changeId: change.id,
    at: unit.now,
    actor: { person: clicker.id, name: clicker.name },
    data: { verb, reason: refusal.reason, clickId: click.clickId },
  };
  return {
    result: isWhy ? refuseLeaver(left, 'notAnApprover') : refusal,
    // The card no longer shows what it is about: it is put anew.
    jobs: refusal.reason === 'staleCard' ? [{ job: 'assessRequest', changeId: change.id }] : [],
    notes: isOnRecord ? [] : [note],
  };
}

/** Without the link nobody can sign in, so it is worth saying again what to do when it can't be shown. */
async function tellToSignIn(
  context: Parties & Runtime,
  click: Clicked,
  offered: OfferedStepUp | null,
): Promise<void> {
  if (offered === null || context.stepUp === undefined) return;
  const idp = signInName(context);
  await tellClicker(
    context,
    click,
    `Your approval does not count yet: policy wants a fresh sign-in for it. Sign in with ${idp} within five minutes. If you did not press Approve, don’t sign in, and tell your security team.`,
    {
      label: `Sign in with ${idp}`,
      url: `${context.stepUp.address()}${STEP_UP_PATH}/${offered.link}`,
    },
  );
}

/** Deciding that a loss is an end ends the grants that wanted the membership. */
async function endedWith(unit: Unit, change: Change, events: readonly ChangeEvent[]): Promise<ChangeEvent[]> {
  const denied = events.find((e) => e.type === 'changeDenied');
  if (denied === undefined || denied.revokeId === null || change.cause !== 'loss') return [];
  return await grantsEndedWith(unit, change, denied.revokeId, denied.actor);
}

const nobody = planOf({ of: 'any', quorum: 1, slots: [], escalated: false });
const undecided: Verdict = { effect: 'ask', grounds: [] };
const goneFromIdp: Verdict = {
  effect: 'refuse',
  grounds: [{ text: 'the person is no longer in the identity provider', clause: null }],
};

export type ClickFactsNow = Pick<ClickFacts, 'plan' | 'verdict' | 'entitlement' | 'target'>;

/** Authority and policy as they are at the click, not as they were when the card was posted; null: no such change. */
export async function factsNow(context: Context, changeId: string): Promise<ClickFactsNow | null> {
  const change = await readChange(context.db, changeId);
  return change === null ? null : await factsOf(context, change);
}

export async function factsOf(context: Context, change: Change): Promise<ClickFactsNow> {
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  const status = entitlement === null ? null : context.catalogue.status(entitlement.key);
  const known = { entitlement, target: status?.status === 'ready' ? status.target : null };
  // A settled change needs no facts: the loser of a race is told at once who decided.
  const isDecided = change.state !== 'asking' && change.state !== 'scheduled';
  if (isDecided || entitlement === null) return { ...known, plan: change.plan ?? nobody, verdict: undecided };
  const [{ beneficiary, refusal, knownAs, leavers }, declined] = await Promise.all([
    concernedBy(at(context, entitlement), change),
    refuseWaitingRenewal(context.db, change),
  ]);
  if (beneficiary === null) return { ...known, plan: change.plan ?? nobody, verdict: goneFromIdp };
  const left = leavers.get(beneficiary.id);
  const why =
    left === undefined
      ? ((refusal ?? declined)?.text.replace(/\.$/, '') ??
        noLongerNeeded(change, entitlement, beneficiary.department))
      : leftInWords(beneficiary.name, left).replace(/\.$/, '');
  if (why !== null) {
    const verdict: Verdict = { effect: 'refuse', grounds: [{ text: why, clause: null }] };
    return { ...known, plan: change.plan ?? nobody, verdict };
  }
  return { ...known, ...(await decidedBy(context, { entitlement, beneficiary, change, knownAs })) };
}

/** An answer that can't be shown is not worth deciding again: the click is settled either way. */
export async function tellClicker(
  context: Parties & Runtime,
  click: Clicked,
  text: string | Said,
  link?: { label: string; url: string },
): Promise<void> {
  try {
    await context.messenger.whisper(click.channel, click.chatUserId, text, link);
  } catch (error) {
    context.log.warn({ err: (error as Error).message, click: click.clickId }, 'answer to a click not shown');
  }
}
