import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import { type Conflict, conflictsOf } from '../../core/policy/separation.ts';
import { heldBeside, lockPerson, otherPendingIds } from '../../store/holdings.ts';
import type { Unit } from '../kernel/commit.ts';
import type { Data } from '../kernel/context.ts';
import { dutiesFrom } from './request-facts.ts';

/**
 * The entitlements that this one must not come together with, as the person holds them or has asked for them at this
 * moment. Of two decisions at once on what must be kept apart one waits here for the other, and then knows of it.
 */
export async function conflictsUnderLock(
  context: Data,
  unit: Unit,
  { id, personId, requestedAt, state }: Change,
  entitlement: Entitlement,
): Promise<Conflict[]> {
  if (!isAnythingKeptApart(context)) return [];
  await lockPerson(unit.tx, personId);
  const held = await heldBeside(unit.tx, personId, {
    id,
    requestedAt,
    isPut: state === 'asking',
    isBeginning: state === 'scheduled',
  });
  return conflictsOf(context.catalogue.current(), entitlement, dutiesFrom(context, entitlement, held));
}

/**
 * Once this access is asked for or given, the person's other undecided requests are looked at again. Their cards have
 * to say where two must be kept apart.
 */
export async function othersLookedAtAgain(
  context: Data,
  unit: Unit,
  change: { id: string; personId: string },
  events: readonly ChangeEvent[],
): Promise<Job[]> {
  return isNews(events) ? lookedAtAgain(await othersApart(context, unit, change)) : [];
}

/** Ids of the person's other undecided requests, where anything is kept apart. To be read with the rest. */
export async function othersApart(
  context: Data,
  unit: Unit,
  change: { id: string | null; personId: string },
): Promise<string[]> {
  return isAnythingKeptApart(context) ? await otherPendingIds(unit.tx, change) : [];
}

export function lookedAtAgain(others: readonly string[]): Job[] {
  return others.map((changeId): Job => ({ job: 'assessRequest', changeId }));
}

/** Whether others are to be looked at again for these. */
export function isNews(events: readonly ChangeEvent[]): boolean {
  return events.some(
    ({ type }) => type === 'changeReceived' || type === 'changeScheduled' || type === 'changeApproved',
  );
}

function isAnythingKeptApart({ catalogue }: Data): boolean {
  return catalogue.current().entitlements.some(({ conflicts }) => conflicts.length > 0);
}
