import { missedNow } from '../../core/delivery/missing.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import type { CarriedElsewhere } from '../../core/policy/delivery.ts';
import {
  beginDeliveryTrouble,
  changeDeliveryTrouble,
  forgetDeliveryTrouble,
  keepDeliveryTrouble,
  mendDeliveryTrouble,
  openDeliveryTrouble,
} from '../../store/delivery-troubles.ts';
import type { Note, Unit } from '../kernel/commit.ts';
import { noteAndTell } from '../messages/note-and-tell.ts';

type Following = { notes: Note[]; jobs: Job[] };

const nothing: Following = { notes: [], jobs: [] };

/** A group that something else than Latchkey carries to its team. */
export type ElsewhereTarget = Target & { delivery: CarriedElsewhere };

/** Its targets among these. */
export function carriedElsewhere(targets: readonly Target[]): ElsewhereTarget[] {
  return targets.filter((target): target is ElsewhereTarget => target.delivery !== undefined);
}

/**
 * What Anypoint said now of the mapping by which sign-ins give a team. `why` null: it is as it should be. `isToldAnew`:
 * nobody was told of it yet, and somebody has to be.
 */
export async function mappingSeen(
  unit: Unit,
  target: ElsewhereTarget,
  { why, isToldAnew }: { why: string | null; isToldAnew: boolean },
): Promise<Following> {
  const before = await openDeliveryTrouble(unit.tx, 'unmapped', target);
  if (before === null) {
    if (why === null || !isToldAnew) return nothing;
    const id = await beginDeliveryTrouble(unit.tx, {
      kind: 'unmapped',
      target,
      why,
      now: unit.now,
      isTold: true,
    });
    return id === null ? nothing : told(unit, id, 'deliveryTroubled', { ...placeOf(target), why });
  }
  if (why === before.why) return nothing;
  if (why !== null) {
    await changeDeliveryTrouble(unit.tx, before.id, why);
    return told(unit, before.id, 'deliveryTroubled', { ...placeOf(target), why });
  }
  return (await mendDeliveryTrouble(unit.tx, before.id, unit.now))
    ? told(unit, before.id, 'deliveryMended', { ...placeOf(target), since: before.since })
    : nothing;
}

/** Who should be in a team, as a comparison found it now, and is not. */
export async function missingSeen(
  unit: Unit,
  target: ElsewhereTarget,
  nowIds: readonly string[],
): Promise<Following> {
  const before = await openDeliveryTrouble(unit.tx, 'missing', target);
  const { act, personIds } = missedNow(before, nowIds);
  if (before === null) {
    if (act === 'note')
      await beginDeliveryTrouble(unit.tx, {
        kind: 'missing',
        target,
        why: null,
        now: unit.now,
        isTold: false,
        seenIds: nowIds,
      });
    return nothing;
  }
  if (act === 'forget') await forgetDeliveryTrouble(unit.tx, before.id);
  if (act === 'mend') {
    await mendDeliveryTrouble(unit.tx, before.id, unit.now);
    return told(unit, before.id, 'deliveryMended', { ...placeOf(target), since: before.since });
  }
  if (act !== 'note' && act !== 'tell') return nothing;
  const isTold = act === 'tell';
  await keepDeliveryTrouble(unit.tx, before.id, {
    seenIds: nowIds,
    personIds,
    tellNow: isTold ? unit.now : null,
  });
  return isTold
    ? told(unit, before.id, 'deliveryTroubled', { ...placeOf(target), missing: personIds.length })
    : nothing;
}

function told(
  unit: Unit,
  id: string,
  type: 'deliveryTroubled' | 'deliveryMended',
  data: Record<string, unknown>,
): Following {
  return noteAndTell(unit, { about: 'delivery', id }, type, data);
}

function placeOf({ groupName, teamName, delivery }: ElsewhereTarget): Record<string, string> {
  return { groupName, teamName, delivery };
}
