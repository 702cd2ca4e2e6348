import { randomUUID } from 'node:crypto';
import type { Actor } from '../../core/change/events.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import type { ChangeId, EntitlementKey, PersonId } from '../../core/ids.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import { endBaseline, isInBaseline } from '../../store/baseline.ts';
import { revokeUnderway } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { type Following, type Note, noteByLatchkey, type Unit } from '../kernel/commit.ts';
import { endsOf, revokeOf } from './end-grants.ts';

/** One membership that somebody looked at and did not leave; `target`: where it is given now, null: not known. */
export type Reviewed = {
  personId: PersonId;
  groupId: string;
  entitlementKey: EntitlementKey;
  target: Target | null;
  /** What the removal has for its reason; left out: that of a review. */
  reason?: string;
};

export type TakenAway = Required<Following> & { revokeId: ChangeId };

/** `targetUnknown`: it is held, and nobody can tell yet which group and team it is to be taken from. */
export type NotTaken = 'notHeld' | 'targetUnknown';

/**
 * Takes a membership away because a review said so. Every live grant of the pair ends, a rule's too. A record from
 * before Latchkey ends too. One revoke goes down the road. A revoke that is underway is answered, and no second one
 * is made. `by` is null where nobody decided in time.
 */
export async function takeAwayReviewed(
  unit: Unit,
  { personId, groupId, entitlementKey, target, reason }: Reviewed,
  by: { id: PersonId; name: string } | null,
): Promise<TakenAway | NotTaken> {
  const pair = { personId, groupId };
  const actor = actorOf(by);
  const live = await liveGrants(unit, pair);
  const wasBefore = await isInBaseline(unit.tx, pair);
  const underway = live.length === 0 ? await revokeUnderway(unit.tx, pair) : null;
  // A grant remembers where it was given, also when the catalogue no longer says so.
  const from = live.find((change) => change.target !== null)?.target ?? target;
  const isHeld = live.length > 0 || wasBefore;
  if (underway === null && !isHeld) return 'notHeld';
  if (underway === null && from === null) return 'targetUnknown';
  const notes: Note[] = [];
  if (wasBefore) {
    await endBaseline(unit.tx, pair, unit.now);
    const ended = noteByLatchkey(unit, 'baselineEnded', { ...pair, groupName: from?.groupName ?? groupId });
    notes.push({ ...ended, actor });
  }
  if (underway !== null || from === null)
    return underway === null ? 'targetUnknown' : { revokeId: underway, events: [], notes, jobs: [] };
  const revokeId = randomUUID() as ChangeId;
  const ended = endsOf(
    live.map(({ id }) => id),
    { cause: 'review', revokeId, actor, at: unit.now },
  );
  const of = { personId, entitlementKey };
  const revoke = revokeOf({
    revokeId,
    of,
    target: from,
    cause: 'review',
    by,
    actor,
    at: unit.now,
    ...(reason === undefined ? {} : { reason }),
  });
  return { revokeId, events: [...ended, ...revoke], notes, jobs: [] };
}

/**
 * A revoke of what no record says is held any more, so that MuleSoft itself is looked at. "No longer on record" is not
 * "gone".
 */
export function proveGone(
  unit: Unit,
  { personId, entitlementKey, target }: Reviewed & { target: Target },
  by: { id: PersonId; name: string } | null,
): TakenAway {
  const revokeId = randomUUID() as ChangeId;
  const of = { personId, entitlementKey };
  const events = revokeOf({ revokeId, of, target, cause: 'review', by, actor: actorOf(by), at: unit.now });
  return { revokeId, events, notes: [], jobs: [] };
}

function actorOf(by: { id: PersonId; name: string } | null): Actor {
  return by === null ? { part: 'latchkey' } : { person: by.id, name: by.name };
}

async function liveGrants(unit: Unit, pair: { personId: string; groupId: string }) {
  const live = [];
  for (const id of (await unendedGrants(unit.tx, pair)).map((grant) => grant.changeId).sort()) {
    const change = await unit.change(id);
    if (change !== null && change.ended === null && nextState(change.state, 'grantEnded') !== null)
      live.push(change);
  }
  return live;
}
