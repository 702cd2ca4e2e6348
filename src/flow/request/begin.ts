import { randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { begun, needsSinceApproved, neverBegun, startDelayed } from '../../core/change/scheduled.ts';
import { apartSinceShown, otherwiseThanShown } from '../../core/change/shown.ts';
import { withFollowing } from '../../core/change/stage-opened.ts';
import { Fault } from '../../core/fault.ts';
import { faultInWords } from '../../core/fault-words.ts';
import type { ChangeId, GrantId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { Verdict } from '../../core/policy/verdict.ts';
import type { Refusal } from '../../core/refusal.ts';
import { readChange } from '../../store/changes.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { commit, type Following, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran, type Runtime } from '../kernel/context.ts';
import { type Assessment, asked, gather } from './assess.ts';
import { conflictsUnderLock, othersLookedAtAgain } from './kept-apart.ts';
import { notAllowed } from './why-not.ts';

/** An entitlement whose group or team can't be asked about is tried again this often, in milliseconds. */
const AGAIN_MS = 15_000;

/**
 * Begins what was approved for later. Everything is looked up again that a click would look up. It ends as one of:
 * - it goes on its way at "apply", with the end as it was approved
 * - it is put to approvers anew: what they saw is no longer so, or rules need more than they decided on
 * - it is refused with the reason: somebody has left, or policy forbids it by now
 * - it lapses: its end came before it could begin
 *
 * What can't be checked is neither: its messages say so once, and it is tried again. Safe to run twice or early.
 */
export async function beginAccess(
  context: Context,
  { changeId }: Extract<Job, { job: 'beginAccess' }>,
): Promise<Ran> {
  const change = await readChange(context.db, changeId);
  if (change === null || change.state !== 'scheduled' || change.scheduled == null) return done;
  const now = await databaseNow(context.db);
  const waitMs = change.scheduled.startsAt.getTime() - now.getTime();
  if (waitMs > 0) return { againInMs: waitMs };
  if (change.scheduled.endsAt <= now) return await lockedAs(context, change.id, async () => ({}));
  const status = context.catalogue.status(change.entitlementKey);
  if (context.catalogue.entitlement(change.entitlementKey) !== null && status.status === 'unchecked') {
    await tellDelayed(context, change.id, status.why);
    return { againInMs: AGAIN_MS };
  }
  let assessed: Awaited<ReturnType<typeof gather>>;
  try {
    assessed = await gather(context, change);
  } catch (error) {
    if (error instanceof Fault && !error.code.startsWith('store.'))
      await tellDelayed(context, change.id, faultInWords(error, { idp: context.idps.name }));
    throw error;
  }
  return await lockedAs(context, change.id, async (unit, locked) =>
    'refusal' in assessed
      ? { events: [refusedAtStart(locked, assessed, unit.now)] }
      : await decideAtStart(context, unit, locked, assessed),
  );
}

async function decideAtStart(
  context: Data,
  unit: Unit,
  locked: Change,
  assessed: Assessment,
): Promise<Following> {
  const { entitlement, target, byRules, plan } = assessed;
  if (byRules.effect === 'refuse')
    return {
      events: [
        refusedAtStart(locked, { refusal: notAllowed(byRules, entitlement), verdict: byRules }, unit.now),
      ],
    };
  const conflicts = await conflictsUnderLock(context, unit, locked, entitlement);
  const verdict: Verdict = conflicts.length === 0 ? byRules : { ...byRules, conflicts };
  const wasByRule = locked.decision?.by === null;
  const isOtherwise =
    otherwiseThanShown(locked, { entitlement, target, verdict }).length > 0 ||
    apartSinceShown(locked, verdict).length > 0 ||
    needsSinceApproved(locked, verdict).length > 0 ||
    (wasByRule && verdict.effect !== 'autoApprove');
  if (isOtherwise) {
    const given = { plan, verdict, entitlement, target, now: unit.now };
    const anew = {
      ...asked(
        locked,
        { ...given, grantId: randomUUID() as GrantId, heldUntil: null },
        context.catalogue.current().lapseSeconds,
      ),
      isAnew: true as const,
    };
    return { events: withFollowing(locked, anew, given) };
  }
  const events = begun(locked, { verdict, target, grantId: randomUUID() as GrantId }, unit.now);
  return { events, jobs: await othersLookedAtAgain(context, unit, locked, events) };
}

/** Decides under the change's row lock, unless it has moved on, or its time is over. */
async function lockedAs(
  context: Data & Runtime,
  id: ChangeId,
  decide: (unit: Unit, locked: Change) => Promise<Following>,
): Promise<Ran> {
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.change(id);
      if (locked?.scheduled == null || locked.state !== 'scheduled') return { result: null };
      if (locked.scheduled.endsAt <= unit.now)
        return { result: null, events: [neverBegun(locked, unit.now)] };
      return { result: null, ...(await decide(unit, locked)) };
    },
    context.nudge,
  );
  return done;
}

async function tellDelayed(context: Data & Runtime, id: ChangeId, why: string): Promise<void> {
  await lockedAs(context, id, async (unit, locked) => ({ events: startDelayed(locked, why, unit.now) }));
}

function refusedAtStart(
  { id }: Change,
  { refusal, verdict }: { refusal: Refusal; verdict: Verdict | null },
  at: Date,
): ChangeEvent {
  return { type: 'requestRefused', changeId: id, at, actor: { part: 'latchkey' }, refusal, verdict };
}
