import type { PersonId } from '../ids.ts';
import type { Approver, Given } from '../policy/routing.ts';
import type { Absence } from './delegates.ts';

/** Somebody who is away and in whose stead nobody decides. `until`: ISO 8601; null: they did not say. */
export type Absent = { id: PersonId; name: string; until: string | null };

/**
 * Those of the people asked whom it is of no use to wait for: they are away, and nobody decides in their stead. Whoever
 * has answered already, also by a delegate, is not waited for. Pure.
 * - `absences`: by what they said in the form, with the delegate. A delegate who is asked already, or who stands for
 *   somebody else here, fills no second place.
 * - `byStatus`: whose status in the chat says so
 */
export function absentAmong(
  people: readonly Approver[],
  facts: {
    absences: readonly Absence[];
    byStatus: readonly { id: PersonId; until: string | null }[];
    given: readonly Given[];
  },
): Absent[] {
  const answered = new Set(facts.given.flatMap(({ by, insteadOf }) => [by, insteadOf?.id]));
  const taken = new Set<PersonId>(people.map(({ id }) => id));
  return people.flatMap(({ id, name }) => {
    if (answered.has(id)) return [];
    const absence = facts.absences.find((one) => one.person === id && one.isOver !== true);
    if (absence === undefined) {
      const status = facts.byStatus.find((one) => one.id === id);
      return status === undefined ? [] : [{ id, name, until: status.until }];
    }
    if (absence.whyNot === null && !taken.has(absence.delegate.id)) {
      taken.add(absence.delegate.id);
      return [];
    }
    return [{ id, name, until: absence.until }];
  });
}
