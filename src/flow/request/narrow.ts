import { randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { evolve } from '../../core/change/evolve.ts';
import { narrowTo } from '../../core/change/narrow.ts';
import { mayCoincide, overlaps, windowOf } from '../../core/change/scheduled.ts';
import { type ClickFacts, decideOnClick } from '../../core/change/settle.ts';
import type { ChangeId, GrantId } from '../../core/ids.ts';
import type { ClickReceived } from '../../core/jobs/reactions.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import type { Entitlement, Target } from '../../core/policy/catalogue.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { readChange } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import type { Person } from '../../store/people.ts';
import { pendingRequests, scheduledFor } from '../../store/scheduled.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { endProven, type ForStepUp, keepStepUp, stepUpFact } from './step-up.ts';

type Facts = Pick<ClickFacts, 'plan' | 'verdict' | 'entitlement' | 'target'>;
type FactsOf = (context: Context, change: Change) => Promise<Facts>;
type NarrowerFacts = Facts & { entitlement: Entitlement; target: Target };
type NarrowerClick = ClickReceived & { act: Extract<ClickReceived['act'], { verb: 'approveNarrower' }> };

/**
 * Approves a narrower entitlement of the same family. The clicker has to be somebody who may decide on the entitlement
 * that was asked for, and on the narrower one. Each is looked up now, by its own rule. `factsOf`: authority and policy
 * for a change. Where the narrower one wants a fresh sign-in, the click waits for it: nothing is narrowed before.
 */
export async function approveNarrower(
  context: Context,
  click: NarrowerClick,
  { clicker, facts, factsOf }: { clicker: Person; facts: Facts; factsOf: FactsOf },
  stepUp: ForStepUp,
): Promise<Refusal | 'waits' | null> {
  // Outside of the lock: who may decide on it is asked of the IdP.
  const narrower = await narrowerFacts(context, click, factsOf);
  return await commit<Refusal | 'waits' | null>(
    context.db,
    async (unit) => {
      const locked = await unit.change(click.changeId);
      if (locked === null) return { result: unavailable };
      const outcome =
        narrower === null
          ? unavailable
          : await decideBoth(unit, locked, { click, clicker, wide: facts, narrower, stepUp });
      const ended = 'proven' in stepUp ? await endProven(unit, locked, stepUp.proven, outcome) : [];
      if (isRefusal(outcome)) return { result: outcome, events: ended };
      // The very same click was counted before.
      if (outcome.length === 0) return { result: null };
      const waits = 'offered' in stepUp && (await keepStepUp(unit, outcome, click, stepUp.offered));
      if (waits) return { result: 'waits', events: outcome };
      return { result: null, events: outcome, jobs: [{ job: 'assessRequest', changeId: locked.id }] };
    },
    context.nudge,
  );
}

/** By the narrower one's own rule. Null: it can't be given now. */
async function narrowerFacts(
  context: Context,
  click: NarrowerClick,
  factsOf: FactsOf,
): Promise<NarrowerFacts | null> {
  const change = await readChange(context.db, click.changeId);
  const entitlement = context.catalogue.entitlement(click.act.entitlementKey);
  const status = entitlement === null ? null : context.catalogue.status(entitlement.key);
  if (change === null || entitlement === null || status?.status !== 'ready') return null;
  const { target } = status;
  const facts = await factsOf(context, {
    ...change,
    entitlementKey: entitlement.key,
    target,
    approvals: [],
  });
  return { ...facts, entitlement, target };
}

/**
 * On the wide one as it is, then on the narrower one as it would be: neither may refuse it. Of a click that waits for a
 * sign-in it is that alone which happens. An empty list: the very same click was counted, or waits, already.
 */
async function decideBoth(
  unit: Unit,
  locked: Change,
  given: { click: NarrowerClick; clicker: Person; wide: Facts; narrower: NarrowerFacts; stepUp: ForStepUp },
): Promise<ChangeEvent[] | Refusal> {
  const { click, clicker, wide, narrower, stepUp } = given;
  const decided = {
    clicker: { id: clicker.id, name: clicker.name },
    as: { email: clicker.email, department: clicker.department, title: clicker.title },
    grantId: randomUUID() as GrantId,
    revokeId: randomUUID() as ChangeId,
    heldUntil: null,
    now: unit.now,
  };
  const pressed = { id: click.clickId, verb: 'approve' } as const;
  // The wide one is not given, so nobody has to sign in for it.
  const onWide = decideOnClick(
    locked,
    { ...pressed, round: click.round, seconds: null },
    { ...wide, ...decided, stepUp: { id: randomUUID(), proof: null }, ...provenOnly(stepUp) },
  );
  if (isRefusal(onWide) || onWide.length === 0) return onWide;
  const event = narrowTo(locked, narrower, {
    wide: wide.entitlement,
    by: decided.clicker,
    whyNot: await whyNot(unit, locked, {
      entitlementKey: narrower.entitlement.key,
      seconds: click.act.seconds ?? locked.requestedSeconds ?? narrower.entitlement.defaultSeconds,
    }),
    now: unit.now,
  });
  if (isRefusal(event)) return event;
  const narrowed = evolve(locked, event);
  const outcome = decideOnClick(
    narrowed,
    { ...pressed, round: narrowed.round, seconds: click.act.seconds },
    { ...narrower, ...decided, ...stepUpFact(stepUp) },
  );
  if (isRefusal(outcome)) return outcome;
  return outcome.some(({ type }) => type === 'stepUpAsked') ? outcome : [event, ...outcome];
}

function provenOnly(stepUp: ForStepUp): ReturnType<typeof stepUpFact> {
  return 'proven' in stepUp ? stepUpFact(stepUp) : {};
}

const unavailable = refuse(
  'entitlementUnavailable',
  'The narrower entitlement can’t be given at the moment.',
  'Approve what was asked for, or deny it.',
);

/** For the time that was asked for: what ends before it, or begins after it, is another access. */
async function whyNot(
  { tx, now }: Unit,
  locked: Change,
  { entitlementKey, seconds }: { entitlementKey: string; seconds: number },
): Promise<string | null> {
  const { personId } = locked;
  const atOnce = { startsAt: now, endsAt: new Date(now.getTime() + seconds * 1_000) };
  const time = windowOf(locked, seconds) ?? atOnce;
  const grants = await unendedGrants(tx, { personId, entitlementKey });
  if (heldUntil(grants, time.startsAt > now ? time.startsAt : now) !== null) return 'they have it already';
  const scheduled = await scheduledFor(tx, personId, entitlementKey);
  if (scheduled.some((other) => overlaps(other, time)))
    return 'it is approved for them already, for that time';
  const waiting = await pendingRequests(tx, personId, entitlementKey);
  return waiting.some((other) => mayCoincide(other, time, now))
    ? 'they have asked for it by itself, and it waits for a decision'
    : null;
}
