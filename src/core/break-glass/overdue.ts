import type { PersonId } from '../ids.ts';
import type { EscalationRung } from '../policy/catalogue.ts';
import {
  type ApproverClock,
  climbedTo,
  clockOfStage,
  ladderStep,
  remindersDue,
  rungsAsked,
  type Silent,
} from '../policy/ladder.ts';

/** What an overdue review calls for. `clock`: how it stands after that; null: nothing is due. `nextAt`: look again then. */
export type OverdueStep = {
  clock: ApproverClock | null;
  /** A rung is asked, from 1. */
  climbed: number | null;
  reminded: { id: PersonId; name: string }[];
  nextAt: Date | null;
};

/**
 * What is due on the review of an emergency that nobody has given. From the moment it is due, those who owe it are
 * reminded as the approvers of a request are: in their own hours, with back-off. The same ladder is climbed. Pure.
 * `silent`: who may give it. `rungInWords`: whom a rung asks.
 */
export function overdueReview(
  before: { clock: ApproverClock | null; dueAt: Date; silent: readonly Silent[] },
  given: {
    ladder: readonly EscalationRung[];
    remindSeconds: number;
    opens: (at: Date, id: PersonId) => Date;
    rungInWords: (rung: EscalationRung | undefined) => string;
  },
  now: Date,
): OverdueStep {
  const { dueAt, silent } = before;
  if (now < dueAt) return { clock: null, climbed: null, reminded: [], nextAt: dueAt };
  const clock = before.clock ?? clockOfStage(0, dueAt);
  const step = ladderStep({ ...clock, warned: null }, given.ladder, null, now);
  if (step?.do === 'climb') {
    const to = given.rungInWords(given.ladder[step.rung - 1]);
    const after = climbedTo(clock, step.rung, { at: now, to, why: 'noAnswer' });
    return { clock: after, climbed: step.rung, reminded: [], nextAt: now };
  }
  // The first reminder comes as soon as it is due.
  const from = new Date(dueAt.getTime() - given.remindSeconds * 1_000);
  const reminders = remindersDue({ ...clock, askedAt: from }, silent, given, now);
  const next = given.ladder[rungsAsked(clock, 0)];
  const since = clock.climbed?.at ?? clock.askedAt;
  const climbsAt = next === undefined ? null : new Date(since.getTime() + next.afterSeconds * 1_000);
  if (reminders.isDue && reminders.people.length > 0) {
    const reminder = { at: now, people: reminders.people };
    return {
      clock: { ...clock, reminders: [...clock.reminders, reminder] },
      climbed: null,
      reminded: reminders.people,
      nextAt: now,
    };
  }
  const times = [climbsAt, reminders.nextAt].filter((at) => at !== null);
  return {
    clock: null,
    climbed: null,
    reminded: [],
    nextAt: times.length === 0 ? null : new Date(Math.min(...times.map((at) => at.getTime()))),
  };
}
