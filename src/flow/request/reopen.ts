import { type Change, isFound } from '../../core/change/change.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import type { MassChangeEvent } from '../../core/mass-change/mass-change.ts';
import { readMassChange } from '../../store/mass-changes.ts';
import { linkOf } from '../../store/people.ts';
import { tellingOf } from '../../store/telling.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran } from '../kernel/context.ts';
import { sinceWhen } from './deciders.ts';

/** A event source's clock may be ahead of ours a little, in milliseconds. */
const CLOCKS_APART_MS = 60_000;

/**
 * Reopens what was kept by whoever turns out to have done it: their word counted, so nothing rests on it. The grant
 * ends, the membership is found anew and put to others, and the admins are told. Safe to run twice.
 */
export async function reopenIfTheirOwn(context: Context, change: Change): Promise<Ran> {
  if (!isFound(change) || change.cause !== 'finding' || change.target === null) return done;
  if (change.grant === null || nextState(change.state, 'decisionReopened') === null) return done;
  const decidedAt = change.decision?.at ?? change.requestedAt;
  const { groupId, idp } = change.target;
  const { actors } = await tellingOf(
    context.db,
    {
      groupId,
      direction: 'added',
      since: await sinceWhen(context, change),
      until: new Date(decidedAt.getTime() + CLOCKS_APART_MS),
    },
    { personId: change.personId },
  );
  if (actors.length === 0) return done;
  const doers = new Set(actors.map(({ id }) => id));
  const counted = await whoCounted(context, change);
  const links = await Promise.all(
    counted.map(async (who) => ({ ...who, idpId: await linkOf(context.db, who.id, idp) })),
  );
  const doer = links.find(({ idpId }) => idpId !== null && doers.has(idpId));
  if (doer === undefined) return done;
  const by = { id: doer.id, name: doer.name };
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.change(change.id);
      if (locked === null || nextState(locked.state, 'decisionReopened') === null) return { result: null };
      const base = { at: unit.now, actor: { part: 'latchkey' } } as const;
      const onCard: MassChangeEvent[] =
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
        events: [{ ...base, type: 'decisionReopened', changeId: locked.id, by }, ...onCard],
        // A membership that nothing wants any more is found again; many at once on one card.
        jobs: [{ job: 'checkGroup', groupId, idp }],
      };
    },
    context.nudge,
  );
  return done;
}

/** Whose word the decision rests on. */
async function whoCounted(context: Data, change: Change) {
  const { decision, partOf } = change;
  const last = decision === null || decision.by === null ? [] : [{ id: decision.by, name: decision.byName }];
  if (partOf === null) return [...change.approvals.map(({ by, name }) => ({ id: by, name })), ...last];
  const mass = await readMassChange(context.db, partOf);
  const kept = (mass?.answers ?? []).filter(({ verb }) => verb === 'keep');
  return [...kept.map(({ by, byName }) => ({ id: by, name: byName })), ...last];
}
