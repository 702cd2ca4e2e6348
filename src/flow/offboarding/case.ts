import { randomUUID } from 'node:crypto';
import type { ChangeEvent } from '../../core/change/events.ts';
import type { ChangeId, MassChangeId, OffboardingId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { OffboardingEvent } from '../../core/offboarding/events.ts';
import {
  type By,
  countsAsLeft,
  isOffboardingOpen,
  type Offboarding,
  type OffboardingCause,
  restsOnAWord,
  wasOnlyHeld,
} from '../../core/offboarding/offboarding.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import { readChange } from '../../store/changes.ts';
import { openMassChange } from '../../store/mass-changes.ts';
import { latestOffboarding, leaverCase, lockStart, lostAndLeft } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import { actsFor } from '../delegation/acts-for.ts';
import type { AnyEvent } from '../kernel/aggregates.ts';
import type { Outcome, Unit } from '../kernel/commit.ts';
import type { Context, Data } from '../kernel/context.ts';
import { putLeaversOnOneCard, shrinkWithin } from '../mass-change/collect.ts';
import { endAllOf } from '../membership/end-grants.ts';

/** What a commit has to write. */
export type Following = Required<Pick<Outcome<null>, 'events' | 'jobs'>>;

export const nothing: Following = { events: [], jobs: [] };

export type Start = { cause: OffboardingCause; by: By | null; reason: string | null };

/**
 * A person has left, or lost the app, or an admin says so. Their case begins, and every grant of theirs ends in the
 * same commit. Many lost at once wait for two admins. A case that is open already goes on; safe to call twice.
 */
export async function startOffboarding(
  context: Pick<Context, 'catalogue' | 'idps'>,
  unit: Unit,
  person: Pick<Person, 'id'>,
  { cause, by, reason }: Start,
): Promise<Following> {
  await lockStart(unit.tx, person.id);
  const open = await openCase(unit, person.id);
  if (open !== null) {
    if (open.state === 'asking' && cause !== 'lostApp') return await confirm(unit, open, by, cause);
    return await agreedTo(context, unit, open, cause);
  }
  // It is said already that they have left: there is nobody to ask.
  if (cause === 'lostApp' && (await leaverCase(unit.tx, person.id)) !== null) return nothing;
  const offboardingId = randomUUID() as OffboardingId;
  const state = (await isGuarded(context, unit, cause))
    ? 'held'
    : cause === 'lostApp'
      ? 'asking'
      : 'underway';
  const started: OffboardingEvent = {
    type: 'offboardingStarted',
    ...at(unit, offboardingId, by),
    personId: person.id,
    cause,
    startedBy: by,
    reason,
    state,
  };
  if (state === 'held') {
    const onCard = await putLeaversOnOneCard(unit, [{ offboardingId, personId: person.id }]);
    return { ...nothing, events: [started, ...onCard] };
  }
  const ended = await grantsEnded(unit, { id: offboardingId, personId: person.id, cause }, by);
  return {
    ...nothing,
    events: [started, ...ended],
  };
}

/** An admin said so first, and the directory says it now; not where it loses many at once, which may be a mistake. */
async function agreedTo(
  context: Pick<Context, 'catalogue' | 'idps'>,
  unit: Unit,
  open: Offboarding,
  cause: OffboardingCause,
): Promise<Following> {
  if (cause === 'byHand' || cause === 'lostApp' || !restsOnAWord(open)) return nothing;
  if (await isGuarded(context, unit, cause)) return nothing;
  return {
    ...nothing,
    events: [{ type: 'directoryAgreed', ...at(unit, open.id, null), cause }],
  };
}

/** Ends every grant, and notes on the case which and by which revokes. */
export async function grantsEnded(
  unit: Unit,
  of: Pick<Offboarding, 'id' | 'personId' | 'cause'>,
  by: By | null,
): Promise<AnyEvent[]> {
  const events = await endAllOf(unit, of.personId, of.cause === 'lostApp' ? 'lostApp' : 'leaver', by);
  if (events.length === 0) return [];
  return [
    ...events,
    {
      type: 'accessEnded',
      ...at(unit, of.id, by),
      ended: idsOf(events, 'grantEnded'),
      revokes: idsOf(events, 'changeReceived'),
      given: teamsOf(events),
    },
  ];
}

/** Names of the teams that revokes take away. */
export function teamsOf(events: readonly ChangeEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'changeApproved' ? [event.target.teamName] : []));
}

function idsOf(events: readonly ChangeEvent[], type: ChangeEvent['type']): ChangeId[] {
  return events.filter((event) => event.type === type).map((event) => event.changeId);
}

/** It was asked or held, and now it is said that they have left: all of it begins. */
async function confirm(
  unit: Unit,
  open: Offboarding,
  by: By | null,
  cause: OffboardingCause,
): Promise<Following> {
  const confirmed: OffboardingEvent = { type: 'leaverConfirmed', ...at(unit, open.id, by), by, cause };
  const ended = await grantsEnded(unit, { ...open, cause }, by);
  return {
    ...nothing,
    events: [confirmed, ...ended],
  };
}

/** Two admins say that somebody who was held has left, or one that somebody who lost the app has. */
export async function releaseOffboarding(unit: Unit, id: string, by: By): Promise<Following> {
  const open = await unit.offboarding(id);
  if (open === null || (open.state !== 'held' && open.state !== 'asking')) return nothing;
  return await confirm(unit, open, by, open.cause);
}

/** They have not left. A case on hold has ended nothing. Teams come back with the account, which the directory says. */
export async function dismissOffboarding(unit: Unit, id: string, by: By): Promise<Following> {
  const open = await unit.offboarding(id);
  if (open === null || (open.state !== 'held' && open.state !== 'asking')) return nothing;
  return {
    ...nothing,
    events: [{ type: 'offboardingDismissed', ...at(unit, open.id, by), by }],
  };
}

/** Two admins' decision about one of many people who were lost at once. */
export async function decideHeld(
  unit: Unit,
  id: string,
  choice: 'keep' | 'revert',
  by: By,
): Promise<Following> {
  return choice === 'keep' ? await dismissOffboarding(unit, id, by) : await releaseOffboarding(unit, id, by);
}

/** The directory has them again: the case is over, and its card offers to restore what has ended. */
export async function returned(unit: Unit, personId: string): Promise<Following> {
  await lockStart(unit.tx, personId);
  const latest = await latestOffboarding(unit.tx, personId);
  const locked = latest === null ? null : await unit.offboarding(latest.id);
  // A person whom an admin offboarded has not returned from where the directory never saw them.
  if (locked === null || (locked.cause === 'byHand' && locked.agreed === null)) return nothing;
  const isOver = !isOffboardingOpen(locked.state) && !countsAsLeft(locked);
  if (isOver && !(await isWorthRestoring(unit, locked))) return nothing;
  const back: OffboardingEvent = { type: 'offboardingReturned', ...at(unit, locked.id, null) };
  const card = await openMassChange(unit.tx, 'deactivated', 'everybody');
  const onCard =
    locked.state === 'held' && card !== null
      ? await shrinkWithin(unit, card.id as MassChangeId, [locked.id], 'back in the directory')
      : [];
  return { ...nothing, events: [back, ...onCard] };
}

async function isWorthRestoring(unit: Unit, closed: Offboarding): Promise<boolean> {
  if (closed.state !== 'closed') return false;
  if (wasOnlyHeld(closed)) return closed.teams.some((team) => !team.isManaged);
  for (const id of closed.ended) {
    const change = await readChange(unit.tx, id);
    if (change?.grant != null && change.grant.endsAt > unit.now) return true;
  }
  return false;
}

/**
 * A known leaver is still in a group or holds a grant. Their case begins, unless it was decided that they have not
 * left.
 */
export async function leaverFound(
  context: Pick<Context, 'catalogue' | 'idps'>,
  unit: Unit,
  person: Pick<Person, 'id'>,
  cause: OffboardingCause,
): Promise<Following> {
  const latest = await latestOffboarding(unit.tx, person.id);
  if (latest !== null && isOffboardingOpen(latest.state)) {
    const jobs: Job[] =
      latest.state === 'held' ? [] : [{ job: 'advanceOffboarding', offboardingId: latest.id }];
    return { ...nothing, jobs };
  }
  if (latest?.closing === 'dismissed') return nothing;
  return await startOffboarding(context, unit, person, { cause, by: null, reason: null });
}

async function openCase(unit: Unit, personId: string): Promise<Offboarding | null> {
  const latest = await latestOffboarding(unit.tx, personId);
  if (latest === null || !isOffboardingOpen(latest.state)) return null;
  return await unit.offboarding(latest.id);
}

/**
 * More people than the guard lets pass within its window, and that share of all, are a mistake until two admins say
 * otherwise.
 */
async function isGuarded(
  context: Pick<Context, 'catalogue' | 'idps'>,
  unit: Unit,
  cause: OffboardingCause,
): Promise<boolean> {
  if (cause === 'byHand') return false;
  const { people, share, peopleWindowSeconds } = context.catalogue.current().massGuard;
  const since = new Date(unit.now.getTime() - peopleWindowSeconds * 1_000);
  const { lost, active } = await lostAndLeft(
    unit.tx,
    context.idps.all.map(({ system }) => system),
    since,
  );
  const now = lost + 1;
  return now > people && now >= share * (active + now);
}

/** By the catalogue as it is now. */
export function isAdmin(context: Pick<Context, 'catalogue'>, person: Pick<Person, 'email'>): boolean {
  return context.catalogue.current().admins.some((email) => sameEmail(email, person.email));
}

/**
 * Who starts an offboarding of this person, answers about it, or takes it back: an admin, or the delegate of one who is
 * away. Never for oneself, and never in the stead of whom it is about.
 */
export async function actingAs(context: Data, clicker: Person, personId: string): Promise<By | Refusal> {
  const admin = await adminOr(context, clicker, personId);
  if (admin === null) return notAnAdmin(context);
  return clicker.id === personId
    ? refuse('selfApproval', 'It is about you, so you can’t decide on it.', 'Ask another admin.')
    : admin;
}

/** How this person decides about a leaver as an admin does; null: not at all. */
export async function adminOr(context: Data, clicker: Person, leaverId: string): Promise<By | null> {
  const by: By = { id: clicker.id, name: clicker.name };
  if (isAdmin(context, clicker)) return by;
  const absent = await actsFor(context, clicker);
  const admin = absent.find((one) => one.id !== leaverId && isAdmin(context, one));
  return admin === undefined ? null : { ...by, insteadOf: { id: admin.id, name: admin.name } };
}

export function notAnAdmin(context: Pick<Context, 'catalogue'>): Refusal {
  const { admins } = context.catalogue.current();
  return refuse(
    'notAnApprover',
    'Only the catalogue’s admins can offboard somebody or take it back.',
    `Ask one of them: ${admins.join(', ')}.`,
    admins,
  );
}

export function at(unit: Unit, offboardingId: OffboardingId, by: By | null) {
  const actor = by === null ? ({ part: 'latchkey' } as const) : { person: by.id, name: by.name };
  return { offboardingId, at: unit.now, actor };
}
