import { type Change, isFound, nextState } from '../../core/change/change.ts';
import type { MassChangeEvent } from '../../core/mass-change/mass-change.ts';
import { readMassChange } from '../../store/mass-changes.ts';
import { linkOf } from '../../store/people.ts';
import { tellingOf } from '../../store/telling.ts';
import { commit } from '../kernel/commit.ts';
import { done, type Ran, type Road } from '../kernel/context.ts';
import { sinceWhen } from './deciders.ts';

/** A voice's clock may be ahead of ours a little, in milliseconds. */
const CLOCKS_APART_MS = 60_000;

/**
 * Reopens what was kept by whoever turns out to have done it: their word counted, so nothing rests on it. The grant ends,
 * the membership is found anew and put to others, and the admins are told. Safe to run twice.
 */
export async function reopenIfTheirOwn(road: Road, change: Change): Promise<Ran> {
  if (!isFound(change) || change.cause !== 'finding' || change.target === null) return done;
  if (change.grant === null || nextState(change.state, 'decisionReopened') === null) return done;
  const decidedAt = change.decision?.at ?? change.requestedAt;
  const { groupId } = change.target;
  const { actors } = await tellingOf(
    road.db,
    {
      groupId,
      direction: 'added',
      since: await sinceWhen(road, change),
      until: new Date(decidedAt.getTime() + CLOCKS_APART_MS),
    },
    { personId: change.personId },
  );
  if (actors.length === 0) return done;
  const doers = new Set(actors.map(({ id }) => id));
  const counted = await whoCounted(road, change);
  const links = await Promise.all(
    counted.map(async (who) => ({ ...who, idpId: await linkOf(road.db, who.id, road.idp.name) })),
  );
  const doer = links.find(({ idpId }) => idpId !== null && doers.has(idpId));
  if (doer === undefined) return done;
  const by = { id: doer.id, name: doer.name };
  await commit(
    road.db,
    async (unit) => {
      const locked = await unit.change(change.id);
      if (locked === null || nextState(locked.state, 'decisionReopened') === null) return { result: null };
      const base = { at: unit.now, actor: { part: 'latchkey' } } as const;
      const massChangeEvents: MassChangeEvent[] =
        locked.partOf === null
          ? []
          : [
              {
                ...base,
                type: 'massReopened',
                massChangeId: locked.partOf as MassChangeEvent['massChangeId'],
                key: locked.personId,
                by,
              },
            ];
      return {
        result: null,
        events: [{ ...base, type: 'decisionReopened', changeId: locked.id, by }],
        massChangeEvents,
        // What nothing wants any more is found again; many at once on one card.
        jobs: [{ job: 'survey', groupId }],
      };
    },
    road.nudge,
  );
  return done;
}

/** Whose word the decision rests on. */
async function whoCounted(road: Road, change: Change) {
  const { decision, partOf } = change;
  const last = decision === null || decision.by === null ? [] : [{ id: decision.by, name: decision.byName }];
  if (partOf === null) return [...change.approvals.map(({ by, name }) => ({ id: by, name })), ...last];
  const mass = await readMassChange(road.db, partOf);
  const kept = (mass?.answers ?? []).filter(({ verb }) => verb === 'keep');
  return [...kept.map(({ by, byName }) => ({ id: by, name: byName })), ...last];
}
