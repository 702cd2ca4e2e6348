import { describe, expect, test } from 'vitest';
import { evolve } from '../../../src/core/change/evolve.ts';
import {
  begun,
  lapsesWith,
  mayCoincide,
  needsSinceApproved,
  neverBegun,
  overlaps,
  refuseOver,
  startDelayed,
  startOf,
} from '../../../src/core/change/scheduled.ts';
import { approveByRule, decideOnClick } from '../../../src/core/change/settle.ts';
import { withdraw } from '../../../src/core/change/undecided.ts';
import type { GrantId } from '../../../src/core/ids.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import {
  asking,
  asks,
  changeAfter,
  entitlement,
  events,
  later,
  person,
  T0,
  target,
  wayTo,
} from '../given.ts';

const DAY = 86_400;

describe('whether what waits may be for the same time', () => {
  const hours = (from: number, until: number) => ({
    startsAt: later(from * 3_600),
    endsAt: later(until * 3_600),
  });
  const atOnce = asking({ requestedSeconds: 7_200, lapsesAt: later(3_600) });
  const fromNoon = { ...atOnce, startsAt: later(3 * 3_600) };
  test.each([
    ['at once, and at once', atOnce, hours(0, 1), true],
    ['at once if it is approved at the last moment', atOnce, hours(2, 4), true],
    ['at once, and after all that it can become', atOnce, hours(3, 4), false],
    ['from later on, and what ends before', fromNoon, hours(0, 3), false],
    ['from later on, and within it', fromNoon, hours(4, 6), true],
    ['from later on, and what begins after', fromNoon, hours(5, 6), false],
    ['an extension, and whatever it is', { ...atOnce, cause: 'extension' as const }, hours(90, 91), true],
  ])('%s', (_, waiting, time, is) => {
    expect(mayCoincide(waiting, time, T0)).toBe(is);
  });
});

describe('from when it is asked for', () => {
  test.each<[what: string, aheadSeconds: number, allowed: number, is: 'at once' | 'later' | RegExp]>([
    ['now', 0, 30 * DAY, 'at once'],
    ['a minute ago, while the form was filled in', -60, 30 * DAY, 'at once'],
    ['an hour ago', -3_600, 30 * DAY, /has passed/],
    ['yesterday', -DAY, 30 * DAY, /has passed/],
    ['in an hour', 3_600, 30 * DAY, 'later'],
    ['as far ahead as it may be', 30 * DAY, 30 * DAY, 'later'],
    ['a second further', 30 * DAY + 1, 30 * DAY, /30 days ahead at the most/],
    ['the year 9999', 250_000_000_000, 90 * DAY, /at the most/],
    ['tomorrow, where the catalogue lets nobody', DAY, 0, /lets nobody/],
    ['at once, where the catalogue lets nobody ask for later', 0, 0, 'at once'],
  ])('%s', (_, aheadSeconds, allowed, is) => {
    const wanted = later(aheadSeconds);
    const start = startOf(wanted, T0, allowed);
    if (typeof is !== 'string') return expect(isRefusal(start) && start.text).toMatch(is);
    expect(start).toEqual({ startsAt: is === 'later' ? wanted : null });
  });

  test('nothing, or no date', () => {
    expect(startOf(null, T0, DAY)).toEqual({ startsAt: null });
    expect(startOf(undefined, T0, DAY)).toEqual({ startsAt: null });
    expect(startOf(new Date(Number.NaN), T0, DAY)).toMatchObject({ reason: 'startInvalid' });
  });
});

describe('approved', () => {
  const orders = entitlement({ maxSeconds: 14 * DAY, defaultSeconds: DAY });
  const tom = { id: person('tom'), name: 'tom' };
  const facts = (now: Date) => ({
    clicker: tom,
    plan: events.approversAsked.plan,
    verdict: asks,
    entitlement: orders,
    target,
    grantId: 'grant-9' as GrantId,
    revokeId: 'revoke-9' as never,
    heldUntil: null,
    now,
  });
  const click = (seconds: number | null = null) =>
    ({ id: 'click-9', round: 1, verb: 'approve', seconds }) as const;
  // Asked for two days from an hour after T0.
  const change = asking({ startsAt: later(3_600), requestedSeconds: 2 * DAY, lapsesAt: null });

  test.each<[when: string, now: Date, seconds: number | null, to: object | RegExp]>([
    [
      'before its start',
      T0,
      null,
      { type: 'changeScheduled', startsAt: later(3_600), endsAt: later(3_600 + 2 * DAY) },
    ],
    [
      'before it, for less',
      T0,
      DAY,
      { type: 'changeScheduled', startsAt: later(3_600), endsAt: later(3_600 + DAY) },
    ],
    [
      'at its start',
      later(3_600),
      null,
      {
        type: 'changeApproved',
        grant: { id: 'grant-9', startsAt: later(3_600), endsAt: later(3_600 + 2 * DAY) },
      },
    ],
    [
      'a day late: it begins at once and its end stays',
      later(3_600 + DAY),
      null,
      {
        type: 'changeApproved',
        grant: { id: 'grant-9', startsAt: later(3_600 + DAY), endsAt: later(3_600 + 2 * DAY) },
      },
    ],
    ['a day late and for less than that', later(3_600 + DAY), 3_600, /are over by now/],
    ['after its end', later(3_600 + 2 * DAY), null, /are over by now/],
  ])('%s', (_, now, seconds, to) => {
    const outcome = decideOnClick(change, click(seconds), facts(now));
    if (to instanceof RegExp) return expect(isRefusal(outcome) && outcome.text).toMatch(to);
    expect(isRefusal(outcome) ? outcome : outcome.at(-1)).toMatchObject(to);
  });

  test('by rule, before its start and after its end', () => {
    const received = { ...changeAfter('changeReceived'), startsAt: later(3_600), requestedSeconds: DAY };
    const by = (now: Date) =>
      approveByRule(received, { ...facts(now), verdict: { ...asks, effect: 'autoApprove' } });
    expect(by(T0).map(({ type }) => type)).toEqual(['changeScheduled']);
    expect(by(later(3_600 + DAY)).map(({ type }) => type)).toEqual(['requestLapsed']);
  });

  test('nothing is granted by it, so there is nothing that could be written', () => {
    const scheduled = changeAfter(...wayTo.scheduled);
    expect(scheduled.grant).toBeNull();
    expect(scheduled.legs.decidedAt).toBeNull();
  });

  test('an undecided request lapses with the end of its time at the latest', () => {
    const orNever = { startsAt: later(60), requestedSeconds: 600 };
    expect(lapsesWith(orNever, DAY, later(3 * DAY))).toEqual(later(660));
    expect(lapsesWith(orNever, DAY, later(100))).toEqual(later(100));
    expect(lapsesWith({ requestedSeconds: 600 }, DAY, later(3 * DAY))).toEqual(later(3 * DAY));
  });
});

describe('before its start', () => {
  const scheduled = changeAfter(...wayTo.scheduled);
  const click = { id: 'click-2', round: scheduled.round };
  const facts = (who: string) => ({
    clicker: { id: person(who), name: who },
    plan: events.approversAsked.plan,
    verdict: asks,
    entitlement: entitlement(),
    target,
    grantId: 'grant-9' as GrantId,
    revokeId: 'revoke-9' as never,
    heldUntil: null,
    now: later(60),
  });

  test('the requester takes it back', () => {
    const events = withdraw(scheduled, { id: person('ines'), name: 'ines' }, 'click-1b', later(60));
    expect(isRefusal(events) ? events : evolve(scheduled, events[0] as never).state).toBe('withdrawn');
  });

  test('somebody else does not', () => {
    expect(withdraw(scheduled, { id: person('olga'), name: 'olga' }, 'c', later(60))).toMatchObject({
      reason: 'notYours',
    });
  });

  test.each<[who: string, what: string, act: object, verdict: string]>([
    ['tom', 'calls it off', { verb: 'deny', reason: 'The project is cancelled' }, 'changeDenied'],
    ['tom', 'gives no reason', { verb: 'deny', reason: ' ' }, 'denialNeedsReason'],
    ['tom', 'presses a button of an older card', { verb: 'deny', reason: 'no', round: 0 }, 'alreadySettled'],
    ['tom', 'approves once more', { verb: 'approve', seconds: null }, 'alreadySettled'],
    ['ines', 'who asked, calls it off as an approver', { verb: 'deny', reason: 'no' }, 'selfApproval'],
    ['zoe', 'who may not decide, calls it off', { verb: 'deny', reason: 'no' }, 'notAnApprover'],
  ])('%s %s', (who, _, act, verdict) => {
    const outcome = decideOnClick(scheduled, { ...click, ...act } as never, facts(who));
    expect(isRefusal(outcome) ? outcome.reason : outcome.map(({ type }) => type).join()).toBe(verdict);
  });
});

describe('at its start', () => {
  const scheduled = changeAfter(...wayTo.scheduled);
  const given = { verdict: asks, target, grantId: 'grant-9' as GrantId };

  test('it goes on its way, with the decision and the end that were approved', () => {
    const [event] = begun(scheduled, given, later(7_300));
    expect(event).toMatchObject({
      type: 'changeApproved',
      isBeginning: true,
      decision: events.changeScheduled.decision,
      grant: { startsAt: later(7_200), endsAt: later(93_600) },
    });
    expect(evolve(scheduled, event as never)).toMatchObject({
      state: 'applying',
      legs: { decidedAt: later(7_300) },
    });
  });

  test.each(['asking', 'applying', 'withdrawn', 'denied', 'inEffect'] as const)(
    'what is %s does not begin again',
    (state) => {
      expect(begun(changeAfter(...wayTo[state]), given, later(7_300))).toEqual([]);
    },
  );

  test('what is put to approvers anew is undecided, and nobody has approved it', () => {
    const anew = evolve(changeAfter('changeReceived', 'approversAsked', 'approvalGiven', 'changeScheduled'), {
      ...events.approversAsked,
      round: 2,
      isAnew: true,
    });
    expect(anew).toMatchObject({ state: 'asking', decision: null, scheduled: null, approvals: [], round: 2 });
  });

  test('its end came first', () => {
    expect(evolve(scheduled, neverBegun(scheduled, later(100_000)))).toMatchObject({
      state: 'lapsed',
      decision: { outcome: 'lapsed', note: 'its time was over before it could begin' },
    });
  });

  test('that it can’t be checked is told once', () => {
    const [told] = startDelayed(scheduled, 'Okta does not answer', later(7_300));
    const delayed = evolve(scheduled, told as never);
    expect(delayed).toMatchObject({
      state: 'scheduled',
      scheduled: { delayed: { why: 'Okta does not answer' } },
    });
    expect(startDelayed(delayed, 'Okta does not answer', later(7_400))).toEqual([]);
  });

  test('a need of the rules that nobody decided on', () => {
    const holds = [{ rule: 'a', needs: 'people:2', text: 'two people', policy: null }] as never;
    expect(needsSinceApproved({ verdict: asks }, { holds })).toEqual(['two people']);
    expect(needsSinceApproved({ verdict: { ...asks, holds } }, { holds })).toEqual([]);
  });
});

test.each<[a: [number, number], b: [number, number], is: boolean]>([
  [[0, 10], [10, 20], false],
  [[10, 20], [0, 10], false],
  [[0, 10], [9, 20], true],
  [[0, 30], [10, 20], true],
  [[10, 20], [0, 30], true],
])('%j and %j overlap: %s', ([a, b], [c, d], is) => {
  expect(overlaps({ startsAt: later(a), endsAt: later(b) }, { startsAt: later(c), endsAt: later(d) })).toBe(
    is,
  );
});

test('what is asked for at once is never over', () => {
  expect(refuseOver({}, 1, later(10 * DAY))).toBeNull();
});
