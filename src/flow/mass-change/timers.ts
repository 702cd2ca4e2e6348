import type { MassChangeId } from '../../core/ids.ts';
import { endedOnMoveCards, massChangesDueToRemind } from '../../store/mass-changes.ts';
import { commit } from '../kernel/commit.ts';
import type { Road } from '../kernel/context.ts';
import { shrink } from './collect.ts';

const BATCH = 200;

/** What time brings to cards on many at once: reminders, and grants that ended before anybody decided. */
export async function sweepMassChanges(road: Road, now: Date): Promise<void> {
  const ended = Map.groupBy(await endedOnMoveCards(road.db, BATCH), ({ id }) => id);
  for (const [id, items] of ended)
    await alone(road, id, () =>
      shrink(
        road,
        id as MassChangeId,
        items.map(({ key }) => key),
        'the grant has ended meanwhile',
      ),
    );
  const since = new Date(now.getTime() - road.catalogue.current().remindSeconds * 1_000);
  for (const id of await massChangesDueToRemind(road.db, since))
    await alone(road, id, () => remind(road, id));
}

/** One that can't be dealt with now holds up none of the others, and is due again at the next look. */
async function alone(road: Road, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    road.log.error({ err: (error as Error).message, massChange: id }, 'mass change not looked at');
  }
}

async function remind(road: Road, id: string): Promise<void> {
  await commit(
    road.db,
    async (unit) => {
      const mass = await unit.massChange(id);
      if (mass === null || mass.state !== 'asking' || mass.remindedAt !== null) return { result: null };
      return {
        result: null,
        massChangeEvents: [
          { type: 'massReminded', massChangeId: mass.id, at: unit.now, actor: { part: 'latchkey' } },
        ],
      };
    },
    road.nudge,
  );
}
