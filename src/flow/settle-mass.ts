import { z } from 'zod';
import { massVerbs, settleMass } from '../core/mass-change.ts';
import type { AnswerReceived } from '../core/reactions.ts';
import { isRefusal, type Refusal, refuse } from '../core/refusal.ts';
import { openItems, readMassChange } from '../store/mass-changes.ts';
import type { Person } from '../store/people.ts';
import { commit } from './commit.ts';
import type { Road } from './road.ts';
import { whoDecides } from './who-decides.ts';

/** What a click on such a card carries besides its verb: which round was shown and, one by one, what is to go. */
export const massAnswerItem = z.strictObject({ round: z.int(), chosen: z.array(z.string()).nullable() });
export type MassAnswerItem = z.infer<typeof massAnswerItem>;

/** Settles a click on the card of a mass change: authority and state are looked up now, decided under its row lock. */
export async function settleMassAnswer(
  road: Road,
  answer: AnswerReceived,
  clicker: Person,
): Promise<Refusal | null> {
  const mass = await readMassChange(road.db, answer.id);
  const verb = massVerbs.find((known) => known === answer.verb);
  const item = massAnswerItem.safeParse(JSON.parse(answer.item ?? 'null'));
  if (mass === null || verb === undefined || !item.success)
    return refuse(
      'unknownChange',
      'Latchkey does not know what this card is about.',
      'It may come from another installation; look for a newer card.',
    );
  const { plan, barred } = await whoDecides(road, mass);
  return await commit<Refusal | null>(
    road.db,
    async (unit) => {
      const locked = await unit.massChange(mass.id);
      if (locked === null) return { result: null };
      const keys = new Set((await openItems(unit.tx, mass.id)).map((i) => i.key));
      const outcome = settleMass(
        locked,
        { id: answer.clickId, verb, ...item.data },
        { clicker, plan, barred, keys, now: unit.now },
      );
      if (!isRefusal(outcome)) return { result: null, massChangeEvents: outcome };
      return {
        result: outcome,
        notes: [
          {
            type: 'clickRefused',
            changeId: null,
            at: unit.now,
            actor: { person: clicker.id, name: clicker.name },
            data: { massChangeId: mass.id, verb, reason: outcome.reason },
          },
        ],
      };
    },
    road.nudge,
  );
}
