import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type ApprovalFacts, decideOnApprovals } from '../../core/change/approved.ts';
import { type Change, type ChangeEvent, isFound } from '../../core/change/change.ts';
import { evolve } from '../../core/change/evolve.ts';
import { approveByRule } from '../../core/change/settle.ts';
import { otherwiseThanShown, shownOf } from '../../core/change/shown.ts';
import { findingSheet, plainFinding } from '../../core/facts/finding-facts.ts';
import { factSheet, plainSummary } from '../../core/facts/request-facts.ts';
import type { GrantId, PersonId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { noLongerNeeded } from '../../core/joiner-mover/birthright.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import { refuseForLeaver } from '../../core/offboarding/refusals.ts';
import { distinct } from '../../core/policy/routing.ts';
import { evaluateRequest, type Verdict } from '../../core/policy/verdict.ts';
import { refuse } from '../../core/refusal.ts';
import { earlierFindings, readChange } from '../../store/changes.ts';
import { holding, unendedGrants } from '../../store/grants.ts';
import { membersWithoutGrant } from '../../store/group-members.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { readSummary, writeSummary } from '../../store/summaries.ts';
import { commit, type Following } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';
import { concernedBy } from '../people/concerned.ts';
import { excludedFrom, planFor, tellingAboutFound } from './deciders.ts';
import { reopenIfTheirOwn } from './reopen.ts';
import { factsOfChange } from './request-facts.ts';

/**
 * Summarize and ask: identifies anew whom it concerns, gathers facts, evaluates policy, finds approvers. Safe to run
 * twice. What waits for a decision already is looked at again: it is put to approvers anew when the entitlement is no
 * longer what the card showed, or somebody who was asked turns out to have done what was found; and it is decided when
 * the approvals given count by now. The card goes out with the deterministic summary; the model comes later.
 */
export async function assessRequest(
  context: Context,
  job: Extract<Job, { job: 'assessRequest' }>,
): Promise<Ran> {
  const change = await readChange(context.db, job.changeId);
  if (change === null || change.kind !== 'grant') return done;
  // Kept already: whoever did it may be told of only now.
  if (change.state !== 'received' && change.state !== 'asking')
    return await reopenIfTheirOwn(context, change);
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  const status = entitlement === null ? null : context.catalogue.status(entitlement.key);
  if (entitlement === null || status?.status !== 'ready') {
    const why = status === null || status.status === 'ready' ? 'it left the catalogue' : status.why;
    return await refuseChange(
      context,
      job.changeId,
      refuse(
        'entitlementUnavailable',
        `This entitlement can’t be given: ${why}.`,
        'Ask the catalogue’s owner.',
      ),
    );
  }
  const { beneficiary, requester, refusal } = await concernedBy(context, change);
  const people = [beneficiary, requester].filter((person) => person !== null);
  const leavers = await leaversAmong(
    context.db,
    people.map(({ id }) => id),
  );
  for (const { id, name } of people) {
    const left = leavers.get(id);
    if (left !== undefined) return await refuseChange(context, job.changeId, refuseForLeaver(name, left));
  }
  if (refusal !== null) return await refuseChange(context, job.changeId, refusal);
  if (beneficiary === null) return await refuseChange(context, job.changeId, goneFromIdp);
  const moved = noLongerNeeded(change, entitlement, beneficiary.department);
  if (moved !== null)
    return await refuseChange(
      context,
      job.changeId,
      refuse(
        'notEligible',
        `${beneficiary.name} has moved: ${moved}.`,
        `Ask the owner, ${entitlement.owner}.`,
      ),
    );
  const requestedSeconds = change.requestedSeconds ?? entitlement.defaultSeconds;
  const facts = await factsOfChange(context, { entitlement, beneficiary, change });
  const byRules = evaluateRequest(facts, context.catalogue.rules());
  // What was found is there already: a rule can neither refuse nor approve it away, so a person looks.
  const verdict: Verdict = isFound(change) ? { ...byRules, effect: 'ask' } : byRules;
  // One that waits is not closed by a change of the policy, which may be mended: its card says so, and it can't be approved.
  if (verdict.effect === 'refuse' && change.state === 'received')
    return await refuseChange(
      context,
      job.changeId,
      refuse(
        'notEligible',
        `Policy does not allow this request: ${verdict.grounds.map((g) => g.text).join('; ')}.`,
        `Ask the owner, ${entitlement.owner}.`,
      ),
      verdict,
    );

  const catalogue = context.catalogue.current();
  const telling = await tellingAboutFound(context, change);
  const excluded = await excludedFrom(context, change, telling);
  const plan = await planFor(
    context,
    { entitlement, beneficiary, change, excluded, telling },
    { facts, verdict: byRules },
  );
  const target = status.target;

  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.change(job.changeId);
      if (locked === null || locked.state !== change.state) return { result: null };
      const grants = await unendedGrants(unit.tx, {
        personId: change.personId,
        entitlementKey: change.entitlementKey,
      });
      const held = heldUntil(grants, unit.now);
      const held_by = await holding(
        unit.tx,
        { entitlementKey: entitlement.key, personId: change.personId, department: beneficiary.department },
        unit.now,
      );
      const withoutGrant = await membersWithoutGrant(unit.tx, {
        groupId: target.groupId,
        personId: change.personId,
      });
      const cited = [...entitlement.clauses, ...(verdict.holds ?? []).map((hold) => hold.clause)];
      const clauses = catalogue.clauses.filter((c) => cited.includes(c.id));
      const found = isFound(change)
        ? findingSheet({
            cause: change.cause === 'loss' ? 'loss' : 'finding',
            who: beneficiary,
            entitlement,
            group: target.groupName,
            told: { ...telling, actors: telling.actors.map((actor) => actor.name) },
            holders: held_by.holders,
            others: withoutGrant.others,
            foundBefore: await earlierFindings(unit.tx, change),
            policy: byRules.grounds.map((g) => g.text).join('; '),
            clauses,
          })
        : null;
      const asks = factSheet({
        entitlement,
        beneficiary,
        requester: requester === null || requester.id === beneficiary.id ? null : requester,
        reason: change.reason,
        ticket: change.ticket,
        requestedSeconds,
        ...held_by,
        ...withoutGrant,
        heldUntil: held,
        verdict,
        clauses,
      });
      const sheet = found ?? asks;
      const isNewSheet = !isDeepStrictEqual((await readSummary(unit.tx, change.id))?.sheet, sheet);
      if (isNewSheet)
        await writeSummary(
          unit.tx,
          change.id,
          sheet,
          found === null ? plainSummary(asks) : plainFinding(found),
        );
      const given = {
        verdict,
        entitlement,
        target,
        grantId: randomUUID() as GrantId,
        heldUntil: held,
        now: unit.now,
      };
      if (locked.state === 'asking')
        return {
          result: null,
          ...lookedAtAgain(locked, { ...given, plan, excluded, byRules, isNewSheet }, catalogue.lapseSeconds),
        };
      const events: ChangeEvent[] =
        verdict.effect === 'autoApprove'
          ? approveByRule(locked, given)
          : [asked(locked, { ...given, plan }, catalogue.lapseSeconds)];
      return { result: null, events };
    },
    context.nudge,
  );
  return done;
}

type Asking = ApprovalFacts & {
  excluded: ReadonlySet<PersonId>;
  /** What was found is asked about whatever rules say; to keep it has to be allowed. */
  byRules: Verdict;
  isNewSheet: boolean;
};

/** Of one that waits: what is news of it, and whether that decides it. Pure. */
function lookedAtAgain(change: Change, facts: Asking, lapseSeconds: number): Following {
  const isAnew = otherwiseThanShown(change, facts).length > 0;
  const isPutToDoer = distinct(change.plan?.slots ?? []).some(({ id }) => facts.excluded.has(id));
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
  const events = [...put, ...decideOnApprovals(after, { ...facts, verdict: facts.byRules })];
  if (events.length > 0) return { events };
  const tell: Job = { job: 'updateMessages', changeId: change.id };
  return { jobs: facts.isNewSheet ? [{ job: 'advise', changeId: change.id }, tell] : [tell] };
}

function asked(change: Change, facts: ApprovalFacts, lapseSeconds: number) {
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
    lapsesAt: isFound(change) ? null : new Date(now.getTime() + lapseSeconds * 1_000),
    target,
    shown: shownOf(entitlement, target, verdict),
  } satisfies ChangeEvent;
}

const goneFromIdp = refuse(
  'unknownPerson',
  'Whoever it is for is no longer in the identity provider.',
  'Nothing more to do.',
);

async function refuseChange(
  context: Context,
  changeId: string,
  refusal: ReturnType<typeof refuse>,
  verdict: Verdict | null = null,
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
  );
  return done;
}
