import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type ApprovalFacts, decideOnApprovals } from '../../core/change/approved.ts';
import { type Change, isFound } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { evolve } from '../../core/change/evolve.ts';
import { cardFor } from '../../core/change/joint.ts';
import { lapsesWith } from '../../core/change/scheduled.ts';
import { approveByRule } from '../../core/change/settle.ts';
import { apartSinceShown, otherwiseThanShown, shownOf } from '../../core/change/shown.ts';
import { sinceAsked, withFollowing } from '../../core/change/stage-opened.ts';
import { isPending } from '../../core/change/states.ts';
import { atAGlance } from '../../core/facts/at-a-glance.ts';
import { changeSheet } from '../../core/facts/change-sheet.ts';
import type { ChangeId, GrantId, PersonId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import type { Entitlement, Target } from '../../core/policy/catalogue.ts';
import { type ApproverPlan, mayApprove } from '../../core/policy/routing.ts';
import { refuseForTicket } from '../../core/policy/ticket-fact.ts';
import { evaluateRequest, type Verdict } from '../../core/policy/verdict.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import { earlierFindings, readChange } from '../../store/changes.ts';
import { holding, unendedGrants } from '../../store/grants.ts';
import { membersWithoutGrant } from '../../store/group-members.ts';
import { lockSiblings } from '../../store/joint-requests.ts';
import type { Person } from '../../store/people.ts';
import { readSummary, writeSummary } from '../../store/summaries.ts';
import type { Telling } from '../../store/telling.ts';
import { at } from '../idps/idps.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran, type Runtime } from '../kernel/context.ts';
import { concernedBy } from '../people/concerned.ts';
import { managerName } from '../people/reports-to.ts';
import { excludedFrom, planFor, tellingAboutFound } from './deciders.ts';
import { othersLookedAtAgain } from './kept-apart.ts';
import { refuseWaitingRenewal } from './refuse-renewal.ts';
import { reopenIfTheirOwn } from './reopen.ts';
import { factsOfChange } from './request-facts.ts';
import { takeOver } from './take-over.ts';
import { goneFromIdp, notAllowed, whyNot } from './why-not.ts';

/**
 * Summarize and ask: identifies anew whom it concerns, gathers facts, evaluates policy, finds approvers. Safe to run
 * twice. A change that already waits for a decision is looked at again. It is put to approvers anew in two cases:
 * - the entitlement is no longer what the card showed
 * - one of the people who were asked turns out to have made the change that was found
 *
 * It is decided when the approvals so far are enough. The card goes out with the summary by rule, the model later.
 */
export async function assessRequest(
  context: Context,
  job: Extract<Job, { job: 'assessRequest' }>,
): Promise<Ran> {
  const change = await readChange(context.db, job.changeId);
  if (change === null || change.kind !== 'grant') return done;
  // Kept already: whoever did it may be told of only now.
  if (!isPending(change.state)) return await reopenIfTheirOwn(context, change);
  const assessed = await gather(context, change);
  return 'refusal' in assessed
    ? await refuseChange(context, change.id, assessed)
    : await put(context, assessed);
}

/** Why nobody is asked. */
export type Refused = { refusal: Refusal; verdict: Verdict | null };

/** The facts of a change that somebody is asked about, and who that is. */
export type Assessment = {
  change: Change;
  entitlement: Entitlement;
  target: Target;
  beneficiary: Person;
  requester: Person | null;
  /** What the beneficiary's manager is called. */
  manager: string | null;
  telling: Telling;
  excluded: ReadonlySet<PersonId>;
  /** What the rules say of giving it. */
  byRules: Verdict;
  /** The meaning of that here: a finding is asked about whatever rules say. */
  verdict: Verdict;
  plan: ApproverPlan;
};

/** Reads only, from the IdP too, so nothing is held meanwhile. */
export async function gather(context: Context, change: Change): Promise<Assessment | Refused> {
  const offer = offered(context, change);
  if ('refusal' in offer) return offer;
  const { entitlement } = offer;
  const concerned = await concernedBy(at(context, entitlement), change);
  const { beneficiary, requester } = concerned;
  const refusal = whyNot(change, entitlement, concerned) ?? (await refuseWaitingRenewal(context.db, change));
  if (beneficiary === null || refusal !== null) return { refusal: refusal ?? goneFromIdp, verdict: null };
  const { knownAs } = concerned;
  const facts = await factsOfChange(context, { entitlement, beneficiary, change, knownAs });
  const noTicket = change.state === 'received' ? refuseForTicket(facts.ticketFound) : null;
  const byRules = evaluateRequest(facts, context.catalogue.rules());
  if (noTicket !== null) return { refusal: noTicket, verdict: byRules };
  // A finding is there already. A rule can neither refuse nor approve it away, so a person looks.
  const verdict: Verdict = isFound(change) ? { ...byRules, effect: 'ask' } : byRules;
  // A change of the policy, which may be mended, closes no waiting change. Its card says so, and can't be approved.
  if (verdict.effect === 'refuse' && change.state === 'received')
    return { refusal: notAllowed(verdict, entitlement), verdict };
  const telling = await tellingAboutFound(context, change);
  const excluded = await excludedFrom(at(context, entitlement), change, telling);
  const plan = await planFor(
    context,
    { entitlement, beneficiary, change, excluded, telling, isAsking: true },
    { facts, verdict: byRules },
  );
  // After the plan: whom it resolved as the manager need not be looked up again.
  const manager = await managerName(at(context, entitlement), beneficiary);
  return { change, ...offer, beneficiary, requester, manager, telling, excluded, byRules, verdict, plan };
}

/** The entitlement and its target as long as it can be given. */
function offered(context: Data, change: Change): { entitlement: Entitlement; target: Target } | Refused {
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  const status = entitlement === null ? null : context.catalogue.status(entitlement.key);
  if (entitlement !== null && status?.status === 'ready') return { entitlement, target: status.target };
  const why = status === null || status.status === 'ready' ? 'it left the catalogue' : status.why;
  return {
    refusal: refuse(
      'entitlementUnavailable',
      `This entitlement can’t be given: ${why}.`,
      'Ask the catalogue’s owner.',
    ),
    verdict: null,
  };
}

/** Puts it to the approvers, or decides it by rule, with the facts that its card shows. */
async function put(context: Data & Runtime, assessed: Assessment): Promise<Ran> {
  const { change, entitlement, target, excluded, byRules, verdict, plan } = assessed;
  const { clauses, lapseSeconds } = context.catalogue.current();
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.change(change.id);
      if (locked === null || locked.state !== change.state) return { result: null };
      const [held, before] = await Promise.all([heldFacts(unit, assessed), readSummary(unit.tx, change.id)]);
      const requestedSeconds = change.requestedSeconds ?? entitlement.defaultSeconds;
      const { sheet, plain } = changeSheet({ ...assessed, ...held, requestedSeconds, clauses });
      const glance = atAGlance({ ...assessed, ...held, requestedSeconds, facts: byRules.facts });
      const isNewSheet = !isDeepStrictEqual(before?.sheet, sheet);
      if (isNewSheet || !isDeepStrictEqual(before?.glance, glance))
        await writeSummary(unit.tx, change.id, { sheet, plain, glance });
      const given = {
        verdict,
        entitlement,
        target,
        grantId: randomUUID() as GrantId,
        heldUntil: held.heldUntil,
        now: unit.now,
      };
      if (locked.state === 'asking') {
        const facts = { ...given, plan, excluded, byRules, isNewSheet };
        const { events = [], ...following } = lookedAtAgain(locked, facts, lapseSeconds);
        return { result: null, ...following, events: [...events, ...(await takeOver(unit, locked, events))] };
      }
      const events: ChangeEvent[] =
        verdict.effect === 'autoApprove'
          ? approveByRule(locked, given)
          : withFollowing(
              locked,
              {
                ...asked(locked, { ...given, plan }, lapseSeconds),
                ...(await onCardOf(unit, locked, plan)),
              },
              given,
            );
      return {
        result: null,
        events: [...events, ...(await takeOver(unit, locked, events))],
        jobs: await othersLookedAtAgain(context, unit, locked, events),
      };
    },
    context.nudge,
    { changes: [change.id] },
  );
  return done;
}

/** Of what was asked for together: the card that shows it as well, where those who decide are the same. */
async function onCardOf(
  unit: Unit,
  { id, joint }: Change,
  plan: ApproverPlan,
): Promise<{ cardOf?: ChangeId }> {
  if (joint === undefined) return {};
  const cardOf = cardFor(plan, await lockSiblings(unit.tx, { id, jointId: joint.id }));
  return cardOf === undefined ? {} : { cardOf };
}

/** The stored facts about its holders: the beneficiary, others by a grant, and others without one. */
async function heldFacts(unit: Unit, { change, entitlement, target, beneficiary }: Assessment) {
  const { personId, entitlementKey } = change;
  const { department } = beneficiary;
  const [grants, holders, members, foundBefore] = await Promise.all([
    unendedGrants(unit.tx, { personId, entitlementKey }),
    holding(unit.tx, { entitlementKey: entitlement.key, personId, department }, unit.now),
    membersWithoutGrant(unit.tx, { groupId: target.groupId, personId }),
    isFound(change) ? earlierFindings(unit.tx, change) : 0,
  ]);
  return { heldUntil: heldUntil(grants, unit.now), ...holders, ...members, foundBefore };
}

type Asking = ApprovalFacts & {
  excluded: ReadonlySet<PersonId>;
  /** A finding is asked about whatever rules say; to keep it has to be allowed. */
  byRules: Verdict;
  isNewSheet: boolean;
};

/** Of one that waits: what is news of it, and whether that decides it. Pure. */
function lookedAtAgain(
  change: Change,
  facts: Asking,
  lapseSeconds: number,
): { events?: ChangeEvent[]; jobs?: Job[] } {
  const isAnew =
    otherwiseThanShown(change, facts).length > 0 || apartSinceShown(change, facts.byRules).length > 0;
  const isPutToDoer = mayApprove(change.plan ?? { stages: [] }).some(({ id }) => facts.excluded.has(id));
  const isNews = isAnew || isPutToDoer || !isDeepStrictEqual(change.plan, facts.plan);
  // Put to the right people already: only what is known of it is news.
  const put = isNews
    ? [
        isAnew || isPutToDoer
          ? { ...asked(change, facts, lapseSeconds), ...(isAnew ? { isAnew: true as const } : {}) }
          : // The same card to whoever decides now: what was clicked on it meanwhile counts.
            { ...asked(change, facts, lapseSeconds), round: change.round, lapsesAt: change.lapsesAt },
      ]
    : [];
  const after = put.reduce<Change>((before, event) => evolve(before, event), change);
  const decided = decideOnApprovals(after, { ...facts, verdict: facts.byRules });
  const events = [...put, ...(decided.length > 0 ? decided : sinceAsked(after, facts))];
  if (events.length > 0) return { events };
  const tell: Job = { job: 'updateMessages', changeId: change.id };
  return { jobs: facts.isNewSheet ? [{ job: 'advise', changeId: change.id }, tell] : [tell] };
}

export function asked(change: Change, facts: ApprovalFacts, lapseSeconds: number) {
  const { plan, verdict, target, entitlement, now } = facts;
  return {
    type: 'approversAsked',
    changeId: change.id,
    at: now,
    actor: { part: 'latchkey' },
    plan,
    verdict,
    round: change.round + 1,
    // What was found stays a question until somebody answers it.
    lapsesAt: isFound(change)
      ? null
      : lapsesWith(change, entitlement.defaultSeconds, new Date(now.getTime() + lapseSeconds * 1_000)),
    target,
    shown: shownOf(entitlement, target, verdict),
  } satisfies ChangeEvent;
}

async function refuseChange(
  context: Data & Runtime,
  changeId: string,
  { refusal, verdict }: Refused,
): Promise<Ran> {
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.change(changeId);
      if (locked === null || locked.state !== 'received') return { result: null };
      return {
        result: null,
        events: [
          {
            type: 'requestRefused',
            changeId: locked.id,
            at: unit.now,
            actor: { part: 'latchkey' },
            refusal,
            verdict,
          },
        ],
      };
    },
    context.nudge,
    { changes: [changeId] },
  );
  return done;
}
