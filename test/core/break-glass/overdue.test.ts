import { describe, expect, test } from 'vitest';
import { overdueReview } from '../../../src/core/break-glass/overdue.ts';
import type { EscalationRung } from '../../../src/core/policy/catalogue.ts';
import { climbedTo, clockOfStage } from '../../../src/core/policy/ladder.ts';
import { later, person, T0 } from '../given.ts';

const HOUR = 3_600;
const ladder: EscalationRung[] = [
  { afterSeconds: 8 * HOUR, to: [{ owner: true }] },
  { afterSeconds: 8 * HOUR, to: [{ admins: true }] },
];
const silent = [
  { id: person('tom'), name: 'tom', isOfRung: false },
  { id: person('olga'), name: 'olga', isOfRung: false },
];
const given = {
  ladder,
  remindSeconds: 4 * HOUR,
  opens: (at: Date) => at,
  rungInWords: (rung: EscalationRung | undefined) => Object.keys(rung?.to[0] ?? {}).join(),
};
const due = (clock: Parameters<typeof overdueReview>[0]['clock'], seconds: number, rest = {}) =>
  overdueReview({ clock, dueAt: T0, silent }, { ...given, ...rest }, later(seconds));

describe('a review that nobody gives', () => {
  test('nothing before it is due', () => {
    expect(due(null, -1)).toEqual({ clock: null, climbed: null, reminded: [], nextAt: T0 });
  });

  test('all who owe it are reminded as soon as it is, and again after twice as long each time', () => {
    const times: number[] = [];
    let clock = clockOfStage(0, T0);
    for (let hour = 0; hour <= 60; hour++) {
      const step = due(clock, hour * HOUR, { ladder: [] });
      if (step.clock === null) continue;
      expect(step.reminded.map(({ name }) => name)).toEqual(['tom', 'olga']);
      times.push(hour);
      clock = step.clock;
    }
    expect(times).toEqual([0, 8, 24, 56]);
  });

  test('each is reminded in their own hours', () => {
    const opens = (at: Date, id: string) =>
      id === person('olga') ? new Date(at.getTime() + HOUR * 1_000) : at;
    expect(due(null, 0, { opens }).reminded.map(({ name }) => name)).toEqual(['tom']);
  });

  test('the ladder is climbed rung by rung from the moment at which it was due', () => {
    expect(due(null, 8 * HOUR - 1).climbed).toBeNull();
    const first = due(null, 8 * HOUR);
    expect([first.climbed, first.clock?.climbed?.to]).toEqual([1, 'owner']);
    expect(due(first.clock, 15 * HOUR).climbed).toBeNull();
    expect(due(first.clock, 16 * HOUR).climbed).toBe(2);
    const top = climbedTo(clockOfStage(0, T0), 2, { at: T0, to: 'x', why: 'noAnswer' });
    expect(due(top, 1_000 * HOUR).climbed).toBeNull();
  });

  test('who was asked by a rung is first reminded as long after that as anybody', () => {
    const clock = climbedTo(clockOfStage(0, T0), 1, { at: later(8 * HOUR), to: 'owner', why: 'noAnswer' });
    const nadia = { id: person('nadia'), name: 'nadia', isOfRung: true };
    const at = (hours: number) =>
      overdueReview({ clock, dueAt: T0, silent: [nadia] }, { ...given, ladder: [] }, later(hours * HOUR));
    expect(at(11).reminded).toEqual([]);
    expect(at(12).reminded.map(({ name }) => name)).toEqual(['nadia']);
  });
});
