import { durationInWords } from '../duration.ts';
import type { ChangeId, GrantId, PersonId } from '../ids.ts';
import type { Entitlement } from '../policy/catalogue.ts';
import {
  type Approver,
  type ApproverPlan,
  decidesFor,
  distinct,
  isApproved,
  mayApprove,
  openStage,
  slotsOf,
  stillMissing,
} from '../policy/routing.ts';
import type { ApproverFacts, Verdict } from '../policy/verdict.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { StepUpProof } from '../step-up/step-up.ts';
import { approvedEvent, concluded, decided, type GrantFacts } from './approved.ts';
import { type Change, type Decision, isFound } from './change.ts';
import type { Actor, ChangeEvent } from './events.ts';
import { refuseExtension } from './extended.ts';
import { notAnApprover } from './not-an-approver.ts';
import { type Base, revertEvents } from './revert.ts';
import { neverBegun, refuseOver } from './scheduled.ts';
import { apartSinceShown, otherwiseThanShown } from './shown.ts';
import { stageOpened } from './stage-opened.ts';
import { refuseStale } from './stale-click.ts';
import { awaitSignIn, counted } from './step-up.ts';

/** What an approver did. The button carried only the change's id and the round; everything else is looked up again. */
export type Click = {
  /** The same click delivered twice has the same id. */
  id: string;
  round: number;
} & ({ verb: 'approve'; seconds: number | null } | { verb: 'deny'; reason: string });

/** Everything a decision rests on, gathered at the click. No field of this comes from the model. */
export type ClickFacts = {
  clicker: { id: PersonId; name: string };
  /** Who they are, for the rules. */
  as?: ApproverFacts;
  /** Approvers by the catalogue and the IdP as they are now. */
  plan: ApproverPlan;
  /** The verdict by the rules as they are now. */
  verdict: Verdict;
  entitlement: Entitlement | null;
  target: NonNullable<Change['target']> | null;
  /** Id for the grant that an approval would make. */
  grantId: GrantId;
  /** Id for the revoke that reverting a finding would make. */
  revokeId: ChangeId;
  /** End of the access that this request extends, if the person holds it already. */
  heldUntil: Date | null;
  /** Id for the sign-in that an approval may wait for, and its known facts. Left out: none can be asked for. */
  stepUp?: { id: string; proof: StepUpProof | null };
  now: Date;
};

export const DENIAL_REASON_MAX = 1_000;

/**
 * Whether this click decides the change, and how. An empty list of events means the very same click was
 * counted before. Refusals change nothing and are shown to the clicker only.
 */
export function decideOnClick(change: Change, click: Click, facts: ClickFacts): ChangeEvent[] | Refusal {
  if (isRepeat(change, click) || isWaiting(change, click, facts)) return [];
  const stale = refuseStale(change, click, facts.now);
  if (stale !== null) return stale;
  const { clicker, plan, now } = facts;
  if (clicker.id === change.requesterId || clicker.id === change.personId)
    return refuse(
      'selfApproval',
      'You asked for this access, or it is for you, so you can’t decide on it.',
      'Another approver has to decide; the card names them.',
    );
  const { entitlement, target } = facts;
  // This comes first, because the approvers can have changed with it: the people who were asked are told what it is
  // now.
  if (click.verb === 'approve' && entitlement !== null && target !== null) {
    const changed = otherwiseThanShown(change, { ...facts, entitlement, target });
    if (changed.length > 0)
      return refuse(
        'staleCard',
        `What this card showed is no longer so: ${changed.join('; ')}.`,
        'Nothing was decided. It is put to approvers anew with what it is now: decide on that card.',
      );
  }
  const open = openStage(plan, counted(change.approvals, facts.verdict)).n;
  const asked = distinct(plan.stages.slice(0, open + 1).flatMap(slotsOf));
  const may = stillAsked([...asked, ...(click.verb === 'deny' ? (plan.revert ?? []) : [])]);
  if (!may.some((p) => p.id === clicker.id)) {
    if (stillAsked(mayApprove(plan)).some((p) => p.id === clicker.id)) return notYourTurn(change, plan);
    return notAnApprover(plan, clicker.id, asked);
  }
  const base = {
    changeId: change.id,
    at: now,
    actor: { person: clicker.id, name: clicker.name } satisfies Actor,
  };
  if (click.verb === 'deny') return deny(change, click, facts, base);
  return approve(change, click, facts, base);
}

/** A delegate of somebody who is back decides on nothing more. */
function stillAsked(people: readonly Approver[]): Approver[] {
  return people.filter((p) => p.for?.isOver !== true);
}

/** An approver of a later stage would else decide before those who are to look at it first. */
function notYourTurn(change: Change, plan: ApproverPlan): Refusal {
  const missing = stillMissing(plan, change.approvals, (name) => name);
  return refuse(
    'notYourTurn',
    `You are asked once the stage before yours has approved. It still needs ${missing}.`,
    'Nothing to do for you now: you will be told when it is your turn.',
  );
}

function deny(
  change: Change,
  click: Click & { verb: 'deny' },
  facts: ClickFacts,
  base: Base,
): ChangeEvent[] | Refusal {
  const reason = click.reason.trim();
  if (reason === '' || reason.length > DENIAL_REASON_MAX)
    return refuse(
      'denialNeedsReason',
      `A denial needs a reason of at most ${DENIAL_REASON_MAX} characters.`,
      'Press Deny again and say why.',
    );
  const revokeId = isFound(change) ? facts.revokeId : null;
  const denied: ChangeEvent = {
    ...base,
    type: 'changeDenied',
    decision: { ...decided('denied', facts, click.id, reason), ...insteadOf(facts) },
    revokeId,
  };
  return revokeId === null ? [denied] : [denied, ...revertEvents(change, revokeId, base)];
}

function approve(
  change: Change,
  click: Click & { verb: 'approve' },
  facts: ClickFacts,
  base: Base,
): ChangeEvent[] | Refusal {
  const { clicker, plan, entitlement, target } = facts;
  if (entitlement === null || target === null)
    return refuse(
      'entitlementUnavailable',
      'This entitlement can’t be given at the moment: it left the catalogue or its group can’t be written.',
      'Deny the request, or ask the catalogue’s owner to mend it and then approve.',
    );
  if (facts.verdict.effect === 'refuse')
    return refuse(
      'notEligible',
      `Policy no longer allows this request: ${facts.verdict.grounds.map((g) => g.text).join('; ')}.`,
      'Deny the request; the requester can ask again if things change.',
    );
  const apart = apartSinceShown(change, facts.verdict);
  if (apart.length > 0)
    return refuse(
      'staleCard',
      `Since this card went out: whoever it is for ${apart.join('; ')}.`,
      'Nothing was decided. It is put to approvers anew with this: decide on that card.',
    );
  const time = refuseTime(change, click, { ...facts, entitlement });
  if (time !== null) return time;
  const before = counted(change.approvals, facts.verdict);
  const isAgain = before.some((a) => a.by === clicker.id);
  // Somebody who counts may have been away when the last of them approved: who says so again is believed again.
  if (isAgain && !isApproved(plan, before))
    return refuse(
      'alreadyApprovedByYou',
      'You have approved this already.',
      'It waits for another approver.',
    );
  const { n, stage } = openStage(plan, before);
  if (!distinct(slotsOf(stage)).some((p) => p.id === clicker.id))
    return refuse(
      'alreadySettled',
      'The stage in which you decide is approved already.',
      `It waits for ${stillMissing(plan, before, (name) => name)}.`,
    );
  const waits = awaitSignIn(click, facts, base);
  if (waits !== null) return waits;

  const given = givenEvent(click, n, facts, base);
  const approvals = isAgain ? change.approvals : [...change.approvals, given.approval];
  const events = isAgain ? [] : [given];
  const after = counted(approvals, facts.verdict);
  if (!isApproved(plan, after))
    return [...events, ...stageOpened({ ...change, approvals }, openStage(plan, after).n, base)];
  return [...events, concluded({ ...change, approvals }, { ...facts, entitlement, target }, base, click.id)];
}

/** Null: it can be given for so long. */
function refuseTime(
  change: Change,
  { seconds }: Click & { verb: 'approve' },
  { entitlement, heldUntil, now }: Pick<ClickFacts, 'heldUntil' | 'now'> & { entitlement: Entitlement },
): Refusal | null {
  const { cause, requestedSeconds } = change;
  const asked = requestedSeconds ?? entitlement.defaultSeconds;
  if (seconds !== null && (seconds <= 0 || seconds > asked))
    return refuse(
      'durationInvalid',
      `An approval can shorten the ${durationInWords(asked)} asked for, not lengthen it.`,
      'Choose a shorter time.',
    );
  const over = refuseOver(change, seconds ?? asked, now);
  if (over !== null) return over;
  return cause === 'extension' && heldUntil !== null
    ? refuseExtension(entitlement, { heldUntil, seconds: seconds ?? asked, now })
    : null;
}

/** `n`: the stage in which it counts, from 0. */
function givenEvent(
  click: Click & { verb: 'approve' },
  n: number,
  facts: ClickFacts,
  base: Base,
): ChangeEvent & { type: 'approvalGiven' } {
  const { clicker, as, stepUp, now } = facts;
  return {
    ...base,
    type: 'approvalGiven',
    approval: {
      by: clicker.id,
      name: clicker.name,
      at: now,
      seconds: click.seconds,
      clickId: click.id,
      ...(n === 0 ? {} : { stage: n }),
      ...insteadOf(facts),
      ...(as === undefined ? {} : { as }),
      ...(stepUp?.proof == null ? {} : { stepUp: stepUp.proof }),
    },
  };
}

/** Both are on record: who decided, and in whose stead. */
function insteadOf({ plan, clicker }: Pick<ClickFacts, 'plan' | 'clicker'>): Pick<Decision, 'insteadOf'> {
  const person = decidesFor(plan, clicker.id);
  return person === null ? {} : { insteadOf: person };
}

/** Approval by rule, where the verdict says so and nothing else. */
export function approveByRule(
  change: Change,
  facts: Omit<GrantFacts, 'maxSeconds'> & { entitlement: Entitlement },
): ChangeEvent[] {
  if (facts.verdict.effect !== 'autoApprove') return [];
  const asked = change.requestedSeconds ?? facts.entitlement.defaultSeconds;
  if (refuseOver(change, asked, facts.now) !== null) return [neverBegun(change, facts.now)];
  const base: Base = { changeId: change.id, at: facts.now, actor: { part: 'latchkey' } };
  const decision: Decision = {
    outcome: 'approved',
    by: null,
    byName: 'rule',
    at: facts.now,
    note: null,
    clickId: null,
  };
  return [
    approvedEvent(
      change,
      { ...facts, maxSeconds: facts.entitlement.maxSeconds },
      { seconds: asked, base, decision },
    ),
  ];
}

function isRepeat(change: Change, click: Click): boolean {
  return change.decision?.clickId === click.id || change.approvals.some((a) => a.clickId === click.id);
}

/** The click that an approval waits with; delivered twice it asks for one sign-in. */
function isWaiting(change: Change, click: Click, facts: ClickFacts): boolean {
  return facts.stepUp?.proof == null && change.stepUps?.some((s) => s.clickId === click.id) === true;
}
