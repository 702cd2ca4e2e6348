import { z } from 'zod';
import { otherwiseOnCard } from '../../core/change/shown.ts';
import type { AnswerReceived } from '../../core/jobs/reactions.ts';
import { type MassChangeEvent, massVerbs } from '../../core/mass-change/mass-change.ts';
import { settleMass, settleSingle } from '../../core/mass-change/settle.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { openItems, readMassChange } from '../../store/mass-changes.ts';
import type { Person } from '../../store/people.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { whoDecides } from './deciders.ts';
import type { DecideHeld } from './held-people.ts';

/** The content of a click on such a card besides its verb: the round that was shown and, one by one, what is to go. */
export const massAnswerItem = z.strictObject({
  round: z.int(),
  chosen: z.array(z.string()).nullable(),
  /** For single ones: what is to become of each; the others wait. */
  choices: z.array(z.strictObject({ key: z.string(), choice: z.enum(['keep', 'revert']) })).optional(),
});
export type MassAnswerItem = z.infer<typeof massAnswerItem>;

const verbs = [...massVerbs, 'each'] as const;
export type MassClickVerb = (typeof verbs)[number];

/** Settles a click on the card of a mass change: authority and state are looked up now, decided under its row lock. */
export async function settleMassAnswer(
  context: Context,
  answer: AnswerReceived,
  clicker: Person,
  decideHeld: DecideHeld,
): Promise<Refusal | null> {
  const mass = await readMassChange(context.db, answer.id);
  const verb = verbs.find((known) => known === answer.verb);
  const item = massAnswerItem.safeParse(JSON.parse(answer.item ?? 'null'));
  if (mass === null || verb === undefined || !item.success)
    return refuse(
      'unknownChange',
      'Latchkey does not know what this card is about.',
      'It may come from another installation; look for a newer card.',
    );
  const { plan, excludedByPolicy, shown } = await whoDecides(context, mass);
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const locked = await unit.massChange(mass.id);
      if (locked === null) return { result: null };
      const keys = new Set((await openItems(unit.tx, mass.id)).map((i) => i.key));
      const { round, chosen, choices } = item.data;
      const id = answer.clickId;
      const changed = otherwiseOnCard(locked, shown);
      const facts = { clicker, plan, excludedByPolicy, keys, changed, now: unit.now };
      const outcome =
        verb === 'each'
          ? settleSingle(locked, { id, choices: choices ?? [] }, facts)
          : settleMass(locked, { id, verb, round, chosen }, facts);
      const again = { job: 'assessMassChange', massChangeId: mass.id } as const;
      if (!isRefusal(outcome)) {
        const cases = await casesDecided(unit, outcome, decideHeld);
        // It may wait for other people by now than the card says.
        const isWaiting = outcome.length > 0 && outcome.every(({ type }) => type === 'massAnswered');
        return {
          result: null,
          ...cases,
          events: [...outcome, ...cases.events],
          jobs: isWaiting ? [...cases.jobs, again] : cases.jobs,
        };
      }
      return {
        result: outcome,
        jobs: changed.length > 0 ? [again] : [],
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
    context.nudge,
  );
}

/** Single ones that are decided: each case goes on, or is over, in the same commit. */
async function casesDecided(unit: Unit, events: readonly MassChangeEvent[], decideHeld: DecideHeld) {
  const cases: Following[] = [];
  for (const event of events) {
    if (event.type !== 'massItemsDecided') continue;
    const by = { id: event.decision.by, name: event.decision.byName };
    for (const { key, choice } of event.decision.choices) {
      cases.push(await decideHeld(unit, key, choice, by));
    }
  }
  return together(cases);
}
