import { type Change, isOnMassCard } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { Fault } from '../../core/fault.ts';
import { faultInWords } from '../../core/fault-words.ts';
import { lookAgainMs } from '../../core/jobs/look-again.ts';
import type { Job, LookedFor } from '../../core/jobs/reactions.ts';
import type { Person } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { at, idpName } from '../idps/idps.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Parties, type Ran, type Runtime } from '../kernel/context.ts';
import { anypointUsers } from './anypoint-users.ts';
import { pushTrouble } from './ask-for-push.ts';
import { isStillInGroup, notCarriedYet, notTakenOutYet, withMapping } from './carried-elsewhere.ts';
import { type Look, type Waiting, waiting } from './look.ts';
import { type LookFacts, lookedForNow, lookFacts } from './look-facts.ts';
import { isInGroupByScim, teamVerdict } from './wanted-in-team.ts';

/**
 * Looks into Anypoint until it agrees with the state that is desired now. Past the objective it raises the alarm that
 * names the stuck leg, and keeps watching. The row in the outbox stays open, and so survives everything, until the
 * change is seen or overtaken.
 */
export async function verifyInAnypoint(
  context: Context,
  job: Extract<Job, { job: 'verifyInAnypoint' }>,
): Promise<Ran> {
  const { changeId } = job;
  const of = job.of ?? (await lookedForNow(context, changeId));
  if (of === null) return done;
  const looked = await lookAt(context, changeId, of);
  if (looked !== 'another pair') return looked;
  // Since the look was called for they were joined with another record of theirs.
  const now = await lookedForNow(context, changeId);
  const again = now === null ? done : await lookAt(context, changeId, now);
  return again === 'another pair' ? { againInMs: 0 } : again;
}

/** Not while a delivery is between its write and its note: what is seen then would have no delivery time. */
async function lookAt(context: Context, changeId: string, of: LookedFor): Promise<Ran | 'another pair'> {
  return await context.locks.withLock(`team:${of.personId}:${of.teamId}`, async () => {
    const known = await lookFacts(context, changeId, of);
    return known === 'over' ? done : known === 'another pair' ? known : await look(context, known);
  });
}

type Target = NonNullable<Change['target']>;

async function look(context: Context, known: LookFacts): Promise<Ran> {
  const { change, target } = known;
  let found: Look;
  try {
    found = await lookOnce(context, known);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Not being able to look is not "not there": the alarm says which, and the look is repeated.
    const now = await databaseNow(context.db);
    const why = `Anypoint can’t be read: ${faultInWords(error)}`;
    await noteWaiting(context, change, { leg: 'delivery', why }, now);
    // A throttled lane waits as a whole, which is the relay's to arrange.
    if (error.code === 'mulesoft.throttled') throw error;
    context.log.warn({ code: error.code, change: change.id }, 'Anypoint can’t be read');
    return { againInMs: nextLookMs(change, context.objectiveMs, now) };
  }
  switch (found.found) {
    case 'agrees': {
      const { note } = found;
      const seenAt = await record(context, change, (base) => ({ ...base, type: 'changeSeen', note }));
      // How long somebody waits before they sign in again says nothing of the way.
      const isByNextSignIn = target.delivery === 'claim' && change.state === 'awaitingSignIn';
      if (seenAt !== null && !isByNextSignIn)
        context.measure(change, ageMs(clockFrom(change, seenAt), seenAt));
      return done;
    }
    case 'overtaken': {
      const { why } = found;
      await record(context, change, (base) => ({ ...base, type: 'changeOvertaken', why }));
      return done;
    }
    case 'waiting': {
      const now = await databaseNow(context.db);
      await noteWaiting(context, change, found, now);
      if (found.redeliver)
        await owe(context, { job: 'deliverToTeam', personId: change.personId, teamId: target.teamId });
      // The looks at thousands that wait for Okta would take the time of those that move.
      // A leg that is still to come brings a look, unless the delivery was earlier than the note of the write.
      const bringsALook =
        change.legs.deliveredAt === null && (found.leg === 'idpWrite' || found.leg === 'scimPush');
      return {
        againInMs:
          bringsALook && isOnMassCard(change)
            ? lookAgainMs('oneOfMany', ageMs(clockFrom(change, now), now), context.objectiveMs)
            : nextLookMs(change, context.objectiveMs, now),
      };
    }
    default:
      return found satisfies never;
  }
}

async function lookOnce(
  context: Context,
  { change, target, isWanted, now, person, externalId }: LookFacts,
): Promise<Look> {
  const wants = change.kind === 'grant';
  if (isWanted !== wants) {
    // A grant whose time is over is ended by the timers, with a revoke; only then is this change overtaken.
    if (wants && change.grant !== null && change.ended === null)
      return waiting('idpWrite', 'its time is over, and it is about to be ended');
    return {
      found: 'overtaken',
      why: wants ? 'the access ended before it arrived' : 'the person was given this access again meanwhile',
    };
  }
  if (change.legs.idpWrittenAt === null)
    return waiting('idpWrite', `${idpName(context, target)} has not taken the change to ${target.groupName}`);
  if (person === null) return { found: 'overtaken', why: 'the person is no longer known' };

  // Where something else carries it, there may be no push to us at all. One of many is delivered ahead of its push.
  const isPushed =
    target.delivery !== undefined ||
    (isOnMassCard(change) && change.legs.deliveredAt !== null) ||
    (await isInGroupByScim(at(context, target), person, { groupName: target.groupName, externalId })) ===
      wants;
  const pushOwed = waiting(
    'scimPush',
    `${idpName(context, target)} has not pushed ${target.groupName} by SCIM`,
  );
  // Before the push there is nothing to see; reading Anypoint then would only spend its rate limit.
  if (!isPushed && !isPast(change, pushAwaitedMs(change, context.objectiveMs), now)) return pushOwed;
  const look = wants
    ? await lookForAccess(context, change, person, target)
    : await lookForItsEnd(context, change, person, target);
  // A membership that is seen counts, pushed or not. One that is not seen waits for the push first.
  if (look.found !== 'waiting' || isPushed || look.leg === 'signIn') return look;
  const trouble = await pushTrouble(at(context, target));
  return trouble === null ? pushOwed : waiting('scimPush', `${pushOwed.why}: ${trouble}`);
}

/** The connector had its time, and Latchkey did it. */
function wasLeftBehind({ target, late, legs }: Change): boolean {
  return target?.delivery === 'native' && late?.leg === 'delivery' && legs.deliveredAt !== null;
}

/** A leaver is out of Anypoint by their case, and who was deleted in the IdP is pushed by nobody. */
function pushAwaitedMs({ kind, cause }: Change, objectiveMs: number): number {
  const isByCase = kind === 'revoke' && (cause === 'leaver' || cause === 'lostApp');
  return isByCase ? Math.min(LEAVER_PUSH_AWAITED_MS, objectiveMs) : objectiveMs;
}

async function lookForAccess(
  context: Data & Parties,
  change: Change,
  person: Person,
  target: Target,
): Promise<Look> {
  const { current: user, trouble } = await anypointUsers(context, person);
  if (user === null && target.delivery === 'native' && trouble === null)
    return waiting(
      'delivery',
      `${idpName(context, target)}’s own Anypoint connector has not made ${person.name} an Anypoint user yet`,
    );
  if (user === null)
    return await withMapping(context, target, {
      ...waiting('signIn', `${person.name} has never signed in to Anypoint`),
      trouble,
    });
  const membership = await context.mulesoft.readMembership(target.teamId, user.id);
  if (membership !== null && user.enabled) return { found: 'agrees', note: null };
  if (membership !== null) return waiting('delivery', `the Anypoint user ${user.username} is disabled`);
  if (target.delivery !== undefined) return notCarriedYet(context, change, person, { target, user });
  return notDelivered(
    context,
    change,
    `Anypoint does not show ${person.name} in the team ${target.teamName}`,
  );
}

/** Gone is what none of the person's Anypoint users has any more. */
async function lookForItsEnd(
  context: Data & Parties & { objectiveMs: number },
  change: Change,
  person: Person,
  target: Target,
): Promise<Look> {
  const { all } = await anypointUsers(context, person);
  if (all.length === 0) return { found: 'agrees', note: 'no Anypoint user exists' };
  const memberships = await Promise.all(
    all.map((userId) => context.mulesoft.readMembership(target.teamId, userId)),
  );
  const left = memberships.filter((membership) => membership !== null);
  if (left.length === 0)
    return { found: 'agrees', note: wasLeftBehind(change) ? 'Latchkey took out what was left behind' : null };
  const { membership, why } = await teamVerdict(context, person, target.teamId);
  if (
    membership !== 'out' &&
    target.delivery !== undefined &&
    (await isStillInGroup(context, person.id, target))
  )
    return waiting(
      'idpWrite',
      `${idpName(context, target)} still shows ${person.name} in ${target.groupName}`,
    );
  if (membership !== 'out')
    return { found: 'agrees', note: membership === 'in' ? 'another group still gives this team' : why };
  if (left.some((membership) => membership.membershipType === 'maintainer'))
    return waiting(
      'delivery',
      `${person.name} was made a maintainer of ${target.teamName} by hand, which Latchkey does not take away: remove them in Anypoint`,
    );
  if (left.some((membership) => membership.isAssignedViaExternalGroups)) {
    const why = 'the membership comes from a group claim at sign-in, so a direct removal does not stick';
    if (target.delivery !== 'claim') return waiting('delivery', why);
    // Tried all the same, again and again: it may have come back by a sign-in of a moment ago.
    return notDelivered(context, change, `${why}; it goes with their next sign-in at the latest`);
  }
  const behind = await notTakenOutYet(context, change, person, target);
  if (behind !== null) return behind;
  return notDelivered(context, change, `Anypoint still shows ${person.name} in the team ${target.teamName}`);
}

async function notDelivered(context: Data, change: Change, why: string): Promise<Look> {
  const { deliveredAt } = change.legs;
  const isQuiet =
    deliveredAt === null || ageMs(deliveredAt, await databaseNow(context.db)) > REDELIVER_AFTER_MS;
  return { ...waiting('delivery', why), redeliver: isQuiet };
}

/** The objective runs from the decision, or from the first sign-in that had to be waited for. */
function clockFrom(change: Change, now: Date): Date {
  return change.signedInAt ?? change.legs.decidedAt ?? now;
}

/** Whether the objective has passed. */
function isPast(change: Change, objectiveMs: number, now: Date): boolean {
  return ageMs(clockFrom(change, now), now) >= objectiveMs;
}

/** How long a leaver's push is waited for before Anypoint is looked at all the same. */
const LEAVER_PUSH_AWAITED_MS = 5_000;

/** A delivery that Anypoint accepted but does not show is repeated after this; it reads before it writes. */
const REDELIVER_AFTER_MS = 10_000;

/** A late change that reached another point this recently is on its way. */
const MOVING_MS = 15_000;

/** Notes a wait worth telling: first sign-in and its end, or the alarm once the objective has passed. */
async function noteWaiting(
  context: Data & Runtime,
  change: Change,
  look: Pick<Waiting, 'leg' | 'why' | 'isLeftBehind' | 'isUnmapped'> & { trouble?: string | null },
  now: Date,
): Promise<void> {
  const { leg, why, trouble = null } = look;
  if (leg === 'signIn') {
    const claim: { isForClaim?: true; isUnmapped?: true } = {
      ...(change.target?.delivery === 'claim' ? { isForClaim: true } : {}),
      ...(look.isUnmapped === true ? { isUnmapped: true } : {}),
    };
    if (change.state !== 'awaitingSignIn' || (change.signInTrouble ?? null) !== trouble)
      await record(context, change, (base) => ({ ...base, type: 'signInAwaited', trouble, ...claim }));
    return;
  }
  if (change.state === 'awaitingSignIn') {
    await record(context, change, (base) => ({ ...base, type: 'signedIn' }));
    return;
  }
  if (!isPast(change, context.objectiveMs, now) && look.isLeftBehind !== true) return;
  if (change.late !== null && change.late.clearedAt === null) {
    // Going on again after an alarm is no new alarm; being stuck at the next leg as well is.
    const movedAt = change.legs.deliveredAt ?? change.legs.scimPushedAt ?? change.legs.idpWrittenAt;
    const isMoving = movedAt !== null && ageMs(movedAt, now) < Math.min(context.objectiveMs, MOVING_MS);
    if (change.late.leg === leg || (isMoving && look.isLeftBehind !== true)) return;
  }
  await record(context, change, (base) => ({ ...base, type: 'changeLate', leg, why }));
}

type Base = Pick<ChangeEvent, 'changeId' | 'at' | 'actor'>;

/** Records what was found, unless the change moved on since it was read. Answers when; null: it had moved on. */
async function record(
  context: Data & Runtime,
  seen: Change,
  event: (base: Base) => ChangeEvent,
): Promise<Date | null> {
  return await commit<Date | null>(
    context.db,
    async (unit) => {
      const locked = await unit.change(seen.id);
      if (locked === null || locked.state !== seen.state) return { result: null };
      return {
        result: unit.now,
        events: [event({ changeId: locked.id, at: unit.now, actor: { part: 'latchkey' } })],
      };
    },
    context.nudge,
    { changes: [seen.id] },
  );
}

async function owe(context: Data & Runtime, job: Job): Promise<void> {
  await commit(context.db, async () => ({ result: null, jobs: [job] }), context.nudge);
}

/**
 * Often once it was delivered, seldom before: the push and the delivery bring a look by themselves. Never past
 * the objective without a look, so that the alarm is on time.
 */
function nextLookMs(change: Change, objectiveMs: number, now: Date): number {
  const age = ageMs(clockFrom(change, now), now);
  const sinceDelivery = change.legs.deliveredAt === null ? null : ageMs(change.legs.deliveredAt, now);
  if (sinceDelivery !== null && sinceDelivery < JUST_DELIVERED.forMs) return JUST_DELIVERED.everyMs;
  const way = change.target?.delivery;
  if (way === 'claim' && change.state === 'awaitingSignIn') return lookAgainMs('nextSignIn', age);
  // Of what a connector carries nothing brings a look.
  const isOften = sinceDelivery !== null || (way === 'native' && change.legs.idpWrittenAt !== null);
  return lookAgainMs(isOften ? 'delivered' : 'undelivered', age, objectiveMs);
}

/** What was delivered a moment ago is about to be seen. */
const JUST_DELIVERED = { forMs: 5_000, everyMs: 250 };

function ageMs(since: Date, now: Date): number {
  return now.getTime() - since.getTime();
}
