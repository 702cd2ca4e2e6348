import type { PersonId } from '../ids.ts';
import type { EscalationRung } from './catalogue.ts';

/** How far the time to answer has gone in the stage that waits. */
export type ApproverClock = {
  /** The stage that waits, from 0, and when it was asked. */
  stage: number;
  askedAt: Date;
  /** How many rungs of the ladder are asked besides, by stage. */
  rungs: number[];
  /** When the last of them was asked, who that is, and why; null: none in this stage. */
  climbed: { at: Date; to: string; why: Climb } | null;
  /**
   * That those who have not answered know what comes next, and when; `next` null: the request lapses. Null: not yet.
   */
  warned: { at: Date; nextAt: Date; next: string | null } | null;
  /** Reminders in this stage, oldest first. */
  reminders: Reminder[];
};

/**
 * Why a rung is asked: its time was over, nobody was left to ask, or too few were left without those who are away and
 * in whose stead nobody decides.
 */
export type Climb = 'noAnswer' | 'nobodyLeft' | 'away';

export type Reminder = { at: Date; people: { id: PersonId; name: string }[] };

/** A stage that was asked at that time, and nothing has followed yet. */
export function clockOfStage(stage: number, askedAt: Date, rungs: number[] = []): ApproverClock {
  return { stage, askedAt, rungs, climbed: null, warned: null, reminders: [] };
}

/** How many rungs are asked in a stage. */
export function rungsAsked(clock: Pick<ApproverClock, 'rungs'> | undefined, stage: number): number {
  return clock?.rungs[stage] ?? 0;
}

/** The clock once so many rungs are asked in its stage. */
export function climbedTo(
  clock: ApproverClock,
  rung: number,
  climbed: NonNullable<ApproverClock['climbed']>,
): ApproverClock {
  const rungs = Array.from({ length: Math.max(clock.rungs.length, clock.stage + 1) }, (_, n) =>
    n === clock.stage ? rung : (clock.rungs[n] ?? 0),
  );
  return { ...clock, rungs, climbed, warned: null };
}

/** Of the time to answer, how much is over when those who have not answered are warned. */
const WARN_AFTER = 0.75;

/** What the ladder calls for. `climb`: so many rungs are asked from now on. `at`: nothing before. */
export type LadderStep =
  | { do: 'warn'; nextAt: Date; rung: EscalationRung | null }
  | { do: 'climb'; rung: number }
  | { do: 'wait'; at: Date }
  | null;

/**
 * What is due in the stage that waits. The time to answer begins when the stage or its last rung was asked. It ends
 * when the next rung is asked, or with none left when the request lapses. Null: nothing will ever be due.
 */
export function ladderStep(
  clock: ApproverClock,
  ladder: readonly EscalationRung[],
  lapsesAt: Date | null,
  now: Date,
): LadderStep {
  const since = clock.climbed?.at ?? clock.askedAt;
  const asked = rungsAsked(clock, clock.stage);
  const rung = ladder[asked] ?? null;
  const nextAt = rung === null ? lapsesAt : new Date(since.getTime() + rung.afterSeconds * 1_000);
  if (nextAt === null) return null;
  if (rung !== null && nextAt <= now) return { do: 'climb', rung: asked + 1 };
  if (nextAt <= now) return null;
  if (clock.warned !== null) return { do: 'wait', at: nextAt };
  const warnAt = new Date(since.getTime() + (nextAt.getTime() - since.getTime()) * WARN_AFTER);
  return warnAt <= now ? { do: 'warn', nextAt, rung } : { do: 'wait', at: warnAt };
}

/** Somebody who is asked and has not answered; `isOfRung`: they were asked when the ladder was climbed last. */
export type Silent = { id: PersonId; name: string; isOfRung: boolean };

/**
 * Who is to be reminded now, and when to look again. The time between two reminders of one person doubles. `opens`: the
 * first moment from then on at which they work. Where nobody is left to remind, the owner is told instead: nobody by
 * name.
 */
export function remindersDue(
  clock: ApproverClock,
  silent: readonly Silent[],
  given: { remindSeconds: number; opens: (at: Date, id: PersonId) => Date },
  now: Date,
): { people: Reminder['people']; isDue: boolean; nextAt: Date | null } {
  const waitMsAfter = (times: number) => given.remindSeconds * 1_000 * 2 ** Math.min(times, DOUBLINGS_MAX);
  if (silent.length === 0) {
    const nextAt = new Date(
      (clock.reminders.at(-1)?.at ?? clock.askedAt).getTime() + waitMsAfter(clock.reminders.length),
    );
    return nextAt <= now ? { people: [], isDue: true, nextAt: null } : { people: [], isDue: false, nextAt };
  }
  const dueAt = silent.map(({ id, isOfRung }) => {
    const before = clock.reminders.filter(({ people }) => people.some((p) => p.id === id));
    const since = before.at(-1)?.at ?? (isOfRung ? clock.climbed?.at : null) ?? clock.askedAt;
    return given.opens(new Date(since.getTime() + waitMsAfter(before.length)), id);
  });
  const people = silent.filter((_, i) => (dueAt[i] ?? now) <= now).map(({ id, name }) => ({ id, name }));
  const later = dueAt.filter((at) => at > now);
  return {
    people,
    isDue: people.length > 0,
    nextAt: later.length === 0 ? null : new Date(Math.min(...later.map((at) => at.getTime()))),
  };
}

/** Two to the power of this is more than any request waits. */
const DOUBLINGS_MAX = 16;
