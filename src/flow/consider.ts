import { randomUUID } from 'node:crypto';
import { outgrown } from '../core/birthright.ts';
import { type ChangeEvent, isFound } from '../core/change.ts';
import { heldUntil } from '../core/desired.ts';
import { factSheet, plainSummary } from '../core/fact-sheet.ts';
import { findingSheet, plainFinding } from '../core/finding-sheet.ts';
import type { GrantId } from '../core/ids.ts';
import { refuseForLeaver } from '../core/offboarded.ts';
import type { Job } from '../core/reactions.ts';
import { refuse } from '../core/refusal.ts';
import { distinct } from '../core/routing.ts';
import { approveByRule } from '../core/settle.ts';
import { evaluateRequest, type Verdict } from '../core/verdict.ts';
import { earlierFindings, readChange } from '../store/changes.ts';
import { holding, unendedGrants } from '../store/grants.ts';
import { leaversAmong } from '../store/offboardings.ts';
import { readPerson } from '../store/people.ts';
import { writeSummary } from '../store/summaries.ts';
import { askedOf, resolveApprovers } from './approvers.ts';
import { commit } from './commit.ts';
import { freshPerson } from './identify.ts';
import { factsOfChange } from './request-facts.ts';
import { done, type Ran, type Road } from './road.ts';
import { barredFrom, tellingAboutFound } from './who-decides.ts';

/**
 * Summarize and ask: gathers facts, evaluates policy, finds approvers. Safe to run twice: only a change that is
 * still `received` moves, and what was found once more is known of who did it: whoever that was is not the one to
 * ask. The card goes out with the deterministic summary; the model comes later.
 */
export async function consider(road: Road, job: Extract<Job, { job: 'consider' }>): Promise<Ran> {
  const change = await readChange(road.db, job.changeId);
  if (change === null || change.kind !== 'grant') return done;
  if (change.state !== 'received' && !(change.state === 'asking' && isFound(change))) return done;
  const entitlement = road.catalogue.entitlement(change.entitlementKey);
  const status = entitlement === null ? null : road.catalogue.status(entitlement.key);
  const beneficiary = await freshPerson(road, change.personId);
  const requester = change.requesterId === null ? null : await readPerson(road.db, change.requesterId);

  if (entitlement === null || status?.status !== 'ready' || beneficiary === null) {
    const why = status === null || status.status === 'ready' ? 'it left the catalogue' : status.why;
    return await refuseChange(
      road,
      job.changeId,
      refuse(
        'entitlementUnavailable',
        `This entitlement can’t be given: ${why}.`,
        'Ask the catalogue’s owner.',
      ),
    );
  }
  const people = requester === null ? [beneficiary] : [beneficiary, requester];
  const leavers = await leaversAmong(
    road.db,
    people.map(({ id }) => id),
  );
  for (const { id, name } of people) {
    const left = leavers.get(id);
    if (left !== undefined) return await refuseChange(road, job.changeId, refuseForLeaver(name, left));
  }
  const moved = outgrown(change, entitlement, beneficiary.department);
  if (moved !== null)
    return await refuseChange(
      road,
      job.changeId,
      refuse(
        'notEligible',
        `${beneficiary.name} has moved: ${moved}.`,
        `Ask the owner, ${entitlement.owner}.`,
      ),
    );
  const requestedSeconds = change.requestedSeconds ?? entitlement.defaultSeconds;
  const facts = await factsOfChange(road, { entitlement, beneficiary, change });
  const byRules = evaluateRequest(facts, road.catalogue.rules());
  // What was found is there already: a rule can neither refuse nor approve it away, so a person looks.
  const verdict: Verdict = isFound(change) ? { ...byRules, effect: 'ask' } : byRules;
  if (verdict.effect === 'refuse')
    return await refuseChange(
      road,
      job.changeId,
      refuse(
        'notEligible',
        `Policy does not allow this request: ${verdict.grounds.map((g) => g.text).join('; ')}.`,
        `Ask the owner, ${entitlement.owner}.`,
      ),
      verdict,
    );

  const catalogue = road.catalogue.current();
  const telling = await tellingAboutFound(road, change);
  const excluded = await barredFrom(road, change, telling);
  const asked = askedOf(change, entitlement);
  const plan = await resolveApprovers(road, catalogue, asked, beneficiary, excluded, { facts, verdict });
  const target = status.target;

  await commit(
    road.db,
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
        heldUntil: held,
        verdict,
        clauses,
      });
      await writeSummary(
        unit.tx,
        job.changeId,
        found ?? asks,
        found === null ? plainSummary(asks) : plainFinding(found),
      );
      const isOut = locked.state === 'asking';
      // Put to the right people already: only who did it is news.
      if (isOut && !distinct(locked.plan?.seats ?? []).some(({ id }) => excluded.has(id)))
        return {
          result: null,
          jobs: [
            { job: 'summarize', changeId: change.id },
            { job: 'tell', changeId: change.id },
          ],
        };
      const events: ChangeEvent[] =
        verdict.effect === 'autoApprove'
          ? approveByRule(locked, {
              verdict,
              entitlement,
              target,
              grantId: randomUUID() as GrantId,
              heldUntil: held,
              now: unit.now,
            })
          : [
              {
                type: 'approversAsked',
                changeId: change.id,
                at: unit.now,
                actor: { part: 'latchkey' },
                plan,
                verdict,
                round: locked.round + 1,
                // What was found stays a question until somebody answers it.
                lapsesAt: isFound(change)
                  ? null
                  : new Date(unit.now.getTime() + catalogue.lapseSeconds * 1_000),
                target,
              },
            ];
      return { result: null, events };
    },
    road.nudge,
  );
  return done;
}

async function refuseChange(
  road: Road,
  changeId: string,
  refusal: ReturnType<typeof refuse>,
  verdict: Verdict | null = null,
): Promise<Ran> {
  await commit(
    road.db,
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
    road.nudge,
  );
  return done;
}
