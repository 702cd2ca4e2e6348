import type { MassChangeId } from '../../core/ids.ts';
import { endedOnMoveCards, massChangesDueToRemind } from '../../store/mass-changes.ts';
import { commit } from '../kernel/commit.ts';
import type { Data, Runtime } from '../kernel/context.ts';
import { shrink } from './collect.ts';

const BATCH = 200;

/** The things that time brings to cards on many: reminders, and grants that ended before anybody decided. */
export async function runDueMassChanges(context: Data & Runtime, now: Date): Promise<void> {
  const ended = Map.groupBy(await endedOnMoveCards(context.db, BATCH), ({ id }) => id);
  for (const [id, items] of ended)
    await alone(context, id, () =>
      shrink(
        context,
        id as MassChangeId,
        items.map(({ key }) => key),
        'the grant has ended meanwhile',
      ),
    );
  const since = new Date(now.getTime() - context.catalogue.current().remindSeconds * 1_000);
  for (const id of await massChangesDueToRemind(context.db, since))
    await alone(context, id, () => remind(context, id));
}

/** One that can't be dealt with now holds up none of the others, and is due again at the next look. */
async function alone(context: Runtime, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.log.error({ err: (error as Error).message, massChange: id }, 'mass change not looked at');
  }
}

async function remind(context: Data & Runtime, id: string): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const mass = await unit.massChange(id);
      if (mass === null || mass.state !== 'asking' || mass.remindedAt !== null) return { result: null };
      return {
        result: null,
        events: [{ type: 'massReminded', massChangeId: mass.id, at: unit.now, actor: { part: 'latchkey' } }],
      };
    },
    context.nudge,
  );
}
