import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EscalationRung } from '../../../src/core/policy/catalogue.ts';
import {
  climbedTo,
  clockOfStage,
  ladderStep,
  remindersDue,
  rungsAsked,
  type Silent,
} from '../../../src/core/policy/ladder.ts';
import { later, person, T0 } from '../given.ts';

const HOUR = 3_600;
const rung = (afterSeconds: number): EscalationRung => ({ afterSeconds, to: [{ owner: true }] });
const two = [rung(4 * HOUR), rung(2 * HOUR)];
const lapsesAt = later(24 * HOUR);
const fresh = clockOfStage(0, T0);
const climbed = climbedTo(fresh, 1, { at: later(4 * HOUR), to: 'the owner', why: 'noAnswer' });

describe('what the ladder calls for', () => {
  test.each([
    ['just asked', fresh, two, 0, { do: 'wait', at: later(3 * HOUR) }],
    ['before three quarters of the time', fresh, two, 3 * HOUR - 1, { do: 'wait', at: later(3 * HOUR) }],
    ['at three quarters', fresh, two, 3 * HOUR, { do: 'warn', nextAt: later(4 * HOUR), rung: two[0] }],
    [
      'warned already',
      { ...fresh, warned: { at: later(3 * HOUR), nextAt: later(4 * HOUR), next: 'the owner' } },
      two,
      3 * HOUR + 1,
      { do: 'wait', at: later(4 * HOUR) },
    ],
    ['when the time is over', fresh, two, 4 * HOUR, { do: 'climb', rung: 1 }],
    ['long after', fresh, two, 20 * HOUR, { do: 'climb', rung: 1 }],
    ['the second rung has a time of its own', climbed, two, 5 * HOUR, { do: 'wait', at: later(5.5 * HOUR) }],
    ['and is warned of', climbed, two, 5.5 * HOUR, { do: 'warn', nextAt: later(6 * HOUR), rung: two[1] }],
    ['and is asked', climbed, two, 6 * HOUR, { do: 'climb', rung: 2 }],
    ['no ladder: warned that it lapses', fresh, [], 18 * HOUR, { do: 'warn', nextAt: lapsesAt, rung: null }],
    ['no ladder: nothing before', fresh, [], HOUR, { do: 'wait', at: later(18 * HOUR) }],
    ['it lapses now, which is not the ladder’s to say', fresh, [], 24 * HOUR, null],
  ])('%s', (_what, clock, ladder, seconds, step) => {
    expect(ladderStep(clock, ladder, lapsesAt, later(seconds))).toEqual(step);
  });

  test('what never lapses and has no ladder is never due', () => {
    expect(ladderStep(fresh, [], null, later(1e9))).toBeNull();
  });

  test('each stage has rungs of its own', () => {
    const next = clockOfStage(1, later(5 * HOUR), climbed.rungs);
    expect([rungsAsked(next, 0), rungsAsked(next, 1), rungsAsked(undefined, 0)]).toEqual([1, 0, 0]);
    expect(climbedTo(next, 2, { at: T0, to: 'x', why: 'nobodyLeft' }).rungs).toEqual([1, 2]);
  });

  test('it climbs to the top one by one, each at its time, and warns once before each', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 60, max: 7_200 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 900 }),
        (afters, lookEvery) => {
          const ladder = afters.map(rung);
          let clock = clockOfStage(0, T0);
          const at: number[] = [];
          let warnings = 0;
          const end = afters.reduce((a, b) => a + b, 0) + afters.length * (lookEvery + 1);
          for (let s = 0; s <= end; s += lookEvery) {
            const step = ladderStep(clock, ladder, null, later(s));
            if (step?.do === 'warn') {
              warnings++;
              clock = { ...clock, warned: { at: later(s), nextAt: step.nextAt, next: null } };
            }
            if (step?.do !== 'climb') continue;
            expect(step.rung).toBe(at.length + 1);
            at.push(s);
            clock = climbedTo(clock, step.rung, { at: later(s), to: '', why: 'noAnswer' });
          }
          expect(at).toHaveLength(ladder.length);
          let before = 0;
          for (const [i, s] of at.entries()) {
            expect(s - before).toBeGreaterThanOrEqual(afters[i] as number);
            expect(s - before).toBeLessThan((afters[i] as number) + lookEvery);
            before = s;
          }
          expect(warnings).toBeLessThanOrEqual(ladder.length);
        },
      ),
    );
  });
});

describe('reminders', () => {
  const silent = (name: string, isOfRung = false): Silent => ({ id: person(name), name, isOfRung });
  const given = { remindSeconds: HOUR, opens: (at: Date) => at };
  const reminded = (...reminders: [seconds: number, ...names: string[]][]) => ({
    ...fresh,
    reminders: reminders.map(([s, ...names]) => ({
      at: later(s),
      people: names.map((name) => ({ id: person(name), name })),
    })),
  });
  const due = (clock: typeof fresh, seconds: number, ...all: Silent[]) => {
    const { people, nextAt } = remindersDue(clock, all, given, later(seconds));
    return [
      people.map(({ name }) => name),
      nextAt === null ? null : (nextAt.getTime() - T0.getTime()) / 1_000,
    ];
  };

  test('come after the time, and then after twice as long each', () => {
    expect(due(fresh, HOUR - 1, silent('tom'))).toEqual([[], HOUR]);
    expect(due(fresh, HOUR, silent('tom'))).toEqual([['tom'], null]);
    expect(due(reminded([HOUR, 'tom']), HOUR + 1, silent('tom'))).toEqual([[], 3 * HOUR]);
    expect(due(reminded([HOUR, 'tom'], [3 * HOUR, 'tom']), 4 * HOUR, silent('tom'))).toEqual([[], 7 * HOUR]);
  });

  test('go to each by themselves; whoever has answered is reminded no more', () => {
    expect(due(reminded([HOUR, 'tom']), HOUR + 5, silent('tom'), silent('olga'))).toEqual([
      ['olga'],
      3 * HOUR,
    ]);
    expect(due(reminded([HOUR, 'tom']), 3 * HOUR, silent('olga'))).toEqual([['olga'], null]);
  });

  test('of a rung count from when it was asked', () => {
    const clock = climbedTo(fresh, 1, { at: later(4 * HOUR), to: 'x', why: 'noAnswer' });
    expect(due(clock, 4 * HOUR + 1, silent('olga', true))).toEqual([[], 5 * HOUR]);
    expect(due(clock, 4 * HOUR + 1, silent('tom'), silent('olga', true))).toEqual([['tom'], 5 * HOUR]);
  });

  test('wait for the hours in which their reader works', () => {
    const opens = (_: Date, id: string) => (id === person('tom') ? later(20 * HOUR) : later(HOUR));
    const { people, nextAt } = remindersDue(
      fresh,
      [silent('tom'), silent('olga')],
      { ...given, opens },
      later(2 * HOUR),
    );
    expect(people.map(({ name }) => name)).toEqual(['olga']);
    expect(nextAt).toEqual(later(20 * HOUR));
  });

  test('nobody is left to remind: it is due all the same, for the owner to be told', () => {
    expect(remindersDue(fresh, [], given, later(HOUR))).toEqual({ people: [], isDue: true, nextAt: null });
    expect(remindersDue(reminded([HOUR]), [], given, later(HOUR + 1))).toEqual({
      people: [],
      isDue: false,
      nextAt: later(3 * HOUR),
    });
  });
});
