import { randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import { evolve } from '../../core/change/evolve.ts';
import { narrowTo } from '../../core/change/narrow.ts';
import { type ClickFacts, decideOnClick } from '../../core/change/settle.ts';
import type { ChangeId, GrantId } from '../../core/ids.ts';
import type { ClickReceived } from '../../core/jobs/reactions.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import type { Entitlement, Target } from '../../core/policy/catalogue.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { pendingRequest, readChange } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import type { Person } from '../../store/people.ts';
import { commit, type Outcome, type Unit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';

type Facts = Pick<ClickFacts, 'plan' | 'verdict' | 'entitlement' | 'target'>;
type Narrower = Extract<ClickReceived['act'], { verb: 'approveNarrower' }>;

/**
 * Approves a narrower entitlement of the same family. The clicker has to be somebody who may decide on the entitlement
 * that was asked for, and on the narrower one. Each is looked up now, by its own rule. `factsOf`: authority and policy
 * for a change.
 */
export async function approveNarrower(
  context: Context,
  click: ClickReceived & { act: Narrower },
  { clicker, facts }: { clicker: Person; facts: Facts },
  factsOf: (context: Context, change: Change) => Promise<Facts>,
): Promise<Refusal | null> {
  const change = await readChange(context.db, click.changeId);
  const key = click.act.entitlementKey;
  const entitlement = context.catalogue.entitlement(key);
  const status = entitlement === null ? null : context.catalogue.status(entitlement.key);
  if (change === null || entitlement === null || status?.status !== 'ready') return unavailable;
  const { target } = status;
  // Outside of the lock: who may decide on it is asked of the IdP.
  const narrowFacts = await factsOf(context, {
    ...change,
    entitlementKey: entitlement.key,
    target,
    approvals: [],
  });
  if (narrowFacts.verdict.holds?.some(({ needs }) => needs === 'stepUp') === true) return needsSignIn;
  return await commit<Refusal | null>(
    context.db,
    (unit) =>
      decideBoth(unit, click, { clicker, wide: facts, narrower: { ...narrowFacts, entitlement, target } }),
    context.nudge,
  );
}

/** On the wide one as it is, then on the narrower one as it would be: neither may refuse it. */
async function decideBoth(
  unit: Unit,
  click: ClickReceived & { act: Narrower },
  given: { clicker: Person; wide: Facts; narrower: Facts & { entitlement: Entitlement; target: Target } },
): Promise<Outcome<Refusal | null>> {
  const { clicker, wide, narrower } = given;
  const locked = await unit.change(click.changeId);
  if (locked === null) return { result: unavailable };
  const decided = {
    clicker: { id: clicker.id, name: clicker.name },
    as: { email: clicker.email, department: clicker.department, title: clicker.title },
    grantId: randomUUID() as GrantId,
    revokeId: randomUUID() as ChangeId,
    heldUntil: null,
    now: unit.now,
  };
  const pressed = { id: click.clickId, verb: 'approve' } as const;
  const stepUp = { id: randomUUID(), proof: null };
  const onWide = decideOnClick(
    locked,
    { ...pressed, round: click.round, seconds: null },
    { ...wide, ...decided, stepUp },
  );
  if (isRefusal(onWide)) return { result: onWide };
  // The very same click was counted before.
  if (onWide.length === 0) return { result: null };
  const event = narrowTo(locked, narrower, {
    wide: wide.entitlement,
    by: decided.clicker,
    whyNot: await whyNot(unit, locked, narrower.entitlement.key),
    now: unit.now,
  });
  if (isRefusal(event)) return { result: event };
  const narrowed = evolve(locked, event);
  const { seconds } = click.act;
  const outcome = decideOnClick(
    narrowed,
    { ...pressed, round: narrowed.round, seconds },
    { ...narrower, ...decided },
  );
  if (isRefusal(outcome)) return { result: outcome };
  return {
    result: null,
    events: [event, ...outcome],
    jobs: [{ job: 'assessRequest', changeId: locked.id }],
  };
}

const unavailable = refuse(
  'entitlementUnavailable',
  'The narrower entitlement can’t be given at the moment.',
  'Approve what was asked for, or deny it.',
);

const needsSignIn = refuse(
  'stepUpUnavailable',
  'Policy wants a fresh sign-in for the narrower one, which can’t be asked for on this way.',
  'Approve what was asked for, or deny it and say what to ask for instead.',
);

async function whyNot(unit: Unit, { personId }: Change, entitlementKey: string): Promise<string | null> {
  const grants = await unendedGrants(unit.tx, { personId, entitlementKey });
  if (heldUntil(grants, unit.now) !== null) return 'they have it already';
  return (await pendingRequest(unit.tx, personId, entitlementKey)) === null
    ? null
    : 'they have asked for it by itself, and it waits for a decision';
}
