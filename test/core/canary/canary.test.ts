import { describe, expect, test } from 'vitest';
import {
  advance,
  alarmTurn,
  beginRound,
  type CanaryRun,
  isRoundDue,
  type RoundResult,
  tripLegs,
  withRevoke,
} from '../../../src/core/canary/canary.ts';
import type { Change } from '../../../src/core/change/change.ts';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import { revertEvents } from '../../../src/core/change/revert.ts';
import type { ChangeId, EntitlementKey, GrantId } from '../../../src/core/ids.ts';
import { later, person, T0, target } from '../given.ts';

const OBJECTIVE_MS = 60_000;
const begun = beginRound({
  runId: 'run-1',
  changeId: 'there' as ChangeId,
  grantId: 'grant-1' as GrantId,
  personId: person('kit'),
  entitlement: { key: 'canary' as EntitlementKey, defaultSeconds: 3_600 },
  target,
  objectiveMs: OBJECTIVE_MS,
  now: T0,
});

type Happening = ChangeEvent extends infer E
  ? E extends ChangeEvent
    ? Omit<E, 'changeId' | 'at' | 'actor'>
    : never
  : never;

/** What happened to a change, each at so many seconds. */
function after(events: readonly ChangeEvent[], ...then: [number, Happening][]): Change {
  const [first] = events as [ChangeEvent];
  const all = [
    ...events,
    ...then.map(
      ([seconds, event]) =>
        ({ ...event, changeId: first.changeId, at: later(seconds), actor: first.actor }) as ChangeEvent,
    ),
  ];
  return all.reduce<Change | null>(evolve, null) as Change;
}

const there = (...then: [number, Happening][]) => after(begun.events, ...then);
const back = (from: number, ...then: [number, Happening][]) =>
  after(
    revertEvents(
      { entitlementKey: 'canary' as EntitlementKey, personId: person('kit'), target },
      'back' as ChangeId,
      { changeId: 'back' as ChangeId, at: later(from), actor: { part: 'latchkey' } },
    ),
    ...then,
  );

const written: Happening = { type: 'idpWritten', wrote: 'added' };
const pushed: Happening = { type: 'scimPushed' };
const delivered: Happening = { type: 'delivered', wrote: 'added' };
const seen: Happening = { type: 'changeSeen', note: null };
const late: Happening = { type: 'changeLate', leg: 'delivery', why: 'Anypoint does not show it' };
const seenInTime: [number, Happening][] = [
  [1, written],
  [2, pushed],
  [5, delivered],
  [9, seen],
];
const onItsWayBack: CanaryRun = { ...begun.run, state: 'revoking', revokeChangeId: 'back' as ChangeId };

test('a round begins with a grant that is decided already and ends by itself if it is forgotten', () => {
  const change = there();
  expect(change).toMatchObject({ cause: 'canary', kind: 'grant', state: 'applying', requesterId: null });
  expect(change.grant?.endsAt).toEqual(later(3_600));
  expect(begun.run).toMatchObject({ state: 'granting', result: null, grantChangeId: 'there' });
});

describe('when the next round is due', () => {
  const last: CanaryRun = { ...begun.run, state: 'over', endedAt: later(20) };
  test.each([
    ['the first, at once', null, 0, true],
    ['not before its time', last, 299, false],
    ['when its time has come', last, 300, true],
    ['once and not many times after a week of nothing', last, 604_800, true],
    ['never while one is under way', begun.run, 604_800, false],
  ])('%s', (_name, run, at, due) => {
    expect(isRoundDue(run, 300, later(at))).toBe(due);
  });
});

describe('on the way there', () => {
  test('under way, it waits', () => {
    expect(advance(begun.run, there([1, written]), null, later(30))).toBe(null);
  });

  test('seen in time, the grant is ended, and nothing is judged before the way back', () => {
    const step = advance(begun.run, there(...seenInTime), null, later(10));
    expect(step).toMatchObject({ endGrant: true, run: { state: 'revoking', result: null, stuck: null } });
    expect(step?.run.grantLegs).toEqual({
      decisionToIdp: 1_000,
      idpToScim: 1_000,
      scimToDelivery: 3_000,
      deliveryToSeen: 4_000,
      total: 9_000,
    });
  });

  test('late, it is a miss at once, by the leg that verify named, and is waited for', () => {
    const grant = there([1, written], [2, pushed], [60, late]);
    const step = advance(begun.run, grant, null, later(61));
    expect(step).toMatchObject({
      endGrant: false,
      run: { state: 'granting', result: 'miss', stuck: { direction: 'grant', leg: 'delivery' } },
    });
    // once is enough
    expect(advance(step?.run as CanaryRun, grant, null, later(80))).toBe(null);
  });

  test('late and nobody has named the leg: the first that was not reached', () => {
    expect(advance(begun.run, there([1, written]), null, later(62))).toBe(null);
    expect(advance(begun.run, there([1, written]), null, later(66))?.run.stuck).toMatchObject({
      leg: 'scimPush',
    });
    expect(advance(begun.run, there(), null, later(66))?.run.stuck).toMatchObject({ leg: 'idpWrite' });
  });

  test('seen late, it is a miss by the slowest leg, and goes on', () => {
    const grant = there([1, written], [63, pushed], [64, delivered], [65, seen]);
    expect(advance(begun.run, grant, null, later(66))).toMatchObject({
      endGrant: true,
      run: { state: 'revoking', result: 'miss', stuck: { leg: 'scimPush' } },
    });
  });

  test('never seen, it is given up after twice the objective, and the grant is ended all the same', () => {
    const step = advance(begun.run, there([1, written], [60, late]), null, later(120));
    expect(step).toMatchObject({ endGrant: true, run: { state: 'revoking', result: 'miss' } });
    expect(step?.run.grantLegs?.total).toBe(null);
  });

  test('whoever has never signed in to Anypoint is no canary', () => {
    const grant = there([1, written], [2, pushed], [3, { type: 'signInAwaited' }]);
    expect(advance(begun.run, grant, null, later(30))).toBe(null);
    expect(advance(begun.run, grant, null, later(60))?.run.stuck).toMatchObject({ leg: 'signIn' });
  });

  test('refused by the IdP, it is a miss with its words', () => {
    const grant = there([1, { type: 'applyFailed', code: 'E1', text: 'the group is locked' }]);
    expect(advance(begun.run, grant, null, later(2))).toMatchObject({
      endGrant: true,
      run: { result: 'miss', stuck: { leg: 'idpWrite', why: 'the group is locked' } },
    });
  });

  test('ended by something else, the round says nothing', () => {
    const grant = there([
      5,
      {
        type: 'grantEnded',
        cause: 'leaver',
        by: null,
        revokeId: null,
        stillHeld: false,
        stillHeldUntil: null,
      },
    ]);
    expect(advance(begun.run, grant, null, later(6))).toMatchObject({
      endGrant: false,
      run: { state: 'over', result: 'void', endedAt: later(6) },
    });
  });

  test('kept by something else, there is no way back to measure', () => {
    const step = advance(begun.run, there(...seenInTime), null, later(10));
    expect(withRevoke(step?.run as CanaryRun, null, later(10))).toMatchObject({
      state: 'over',
      result: 'void',
    });
    expect(withRevoke(step?.run as CanaryRun, 'back' as ChangeId, later(10))).toMatchObject({
      state: 'revoking',
      revokeChangeId: 'back',
    });
  });
});

describe('on the way back', () => {
  const gone = back(10, [11, { ...written, wrote: 'removed' } as Happening], [12, pushed], [14, seen]);

  test('seen gone in time, the round is a hit', () => {
    const step = advance(onItsWayBack, there(...seenInTime), gone, later(15));
    expect(step).toMatchObject({ endGrant: false, run: { state: 'over', result: 'hit', stuck: null } });
    expect(tripLegs(step?.run as CanaryRun, 'revoke')).toEqual([
      ['idpWrite', 1_000],
      ['scimPush', 1_000],
      ['seen', 2_000],
      ['total', 4_000],
    ]);
    expect(tripLegs(step?.run as CanaryRun, 'grant')).toEqual([]);
  });

  test('a round whose way there missed stays a miss', () => {
    const missed: CanaryRun = {
      ...onItsWayBack,
      result: 'miss',
      stuck: { direction: 'grant', leg: 'scimPush', why: 'no push', at: later(60) },
    };
    expect(advance(missed, there(), gone, later(15))?.run).toMatchObject({
      state: 'over',
      result: 'miss',
      stuck: { direction: 'grant', leg: 'scimPush' },
    });
  });

  test('not gone in time, it is a miss, waited for, and given up', () => {
    const revoke = back(
      10,
      [11, { type: 'idpWritten', wrote: 'removed' }],
      [70, { ...late, leg: 'scimPush' }],
    );
    const step = advance(onItsWayBack, there(), revoke, later(71));
    expect(step?.run).toMatchObject({
      state: 'revoking',
      result: 'miss',
      stuck: { direction: 'revoke', leg: 'scimPush' },
    });
    expect(advance(step?.run as CanaryRun, there(), revoke, later(100))).toBe(null);
    expect(advance(step?.run as CanaryRun, there(), revoke, later(130))?.run).toMatchObject({
      state: 'over',
      result: 'miss',
    });
  });

  test('a round that is over needs nothing', () => {
    expect(advance({ ...onItsWayBack, state: 'over' }, there(), gone, later(500))).toBe(null);
  });
});

describe('every turn of a round', () => {
  const removed: Happening = { type: 'idpWritten', wrote: 'removed' };
  const ended: Happening = {
    type: 'grantEnded',
    cause: 'leaver',
    by: null,
    revokeId: null,
    stillHeld: false,
    stillHeldUntil: null,
  };
  const refused: Happening = { type: 'applyFailed', code: 'E1', text: 'the group is locked' };
  const overtaken: Happening = { type: 'changeOvertaken', why: 'given anew' };
  const waiting: Happening = { type: 'signInAwaited' };
  const missed: CanaryRun = {
    ...begun.run,
    result: 'miss',
    stuck: { direction: 'grant', leg: 'idpWrite', why: 'it is not written yet', at: later(65) },
  };
  const missedBefore: CanaryRun = { ...missed, state: 'revoking', revokeChangeId: 'back' as ChangeId };
  const wayBack = (...then: [number, Happening][]) => back(10, ...then);
  const WAITS = 'waits';

  type Turn = [
    what: string,
    run: CanaryRun,
    trip: Change | null,
    at: number,
    turn: typeof WAITS | [state: CanaryRun['state'], result: RoundResult | null, andThen?: 'end the grant'],
  ];
  /** The objective is 60 seconds; a trip is given up after 120; a leg that nobody names is guessed after 65. */
  test.each<Turn>([
    // There.
    ['not written', begun.run, there(), 64, WAITS],
    ['not written for too long', begun.run, there(), 65, ['granting', 'miss']],
    ['written', begun.run, there([1, written]), 64, WAITS],
    ['late by name, before the objective', begun.run, there([1, written], [50, late]), 59, WAITS],
    ['late by name', begun.run, there([1, written], [50, late]), 60, ['granting', 'miss']],
    ['a miss that is known', missed, there([1, written]), 119, WAITS],
    ['a miss that is given up', missed, there([1, written]), 120, ['revoking', 'miss', 'end the grant']],
    ['waits to sign in', begun.run, there([1, written], [2, waiting]), 59, WAITS],
    ['waits to sign in for too long', begun.run, there([1, written], [2, waiting]), 60, ['granting', 'miss']],
    ['seen in time', begun.run, there([1, written], [60, seen]), 61, ['revoking', null, 'end the grant']],
    ['seen late', begun.run, there([1, written], [61, seen]), 61, ['revoking', 'miss', 'end the grant']],
    [
      'seen after the miss',
      missed,
      there([1, written], [90, seen]),
      91,
      ['revoking', 'miss', 'end the grant'],
    ],
    ['refused', begun.run, there([1, refused]), 2, ['revoking', 'miss', 'end the grant']],
    ['overtaken', begun.run, there([1, overtaken]), 2, ['over', 'void', 'end the grant']],
    ['overtaken after the miss', missed, there([70, overtaken]), 71, ['over', 'miss', 'end the grant']],
    ['ended by something else', begun.run, there([5, ended]), 6, ['over', 'void']],
    ['seen, then ended', begun.run, there([1, written], [2, seen], [5, ended]), 6, ['over', 'void']],
    ['ended after the miss', missed, there([70, ended]), 71, ['over', 'miss']],
    // Back. It sets out 10 seconds after the round began.
    ['no way back', onItsWayBack, null, 11, ['over', 'void']],
    ['no way back after the miss', missedBefore, null, 11, ['over', 'miss']],
    ['back: not written', onItsWayBack, wayBack(), 74, WAITS],
    ['back: not written for too long', onItsWayBack, wayBack(), 75, ['revoking', 'miss']],
    ['back: late by name', onItsWayBack, wayBack([11, removed], [69, late]), 70, ['revoking', 'miss']],
    ['back: gone in time', onItsWayBack, wayBack([11, removed], [70, seen]), 71, ['over', 'hit']],
    ['back: gone late', onItsWayBack, wayBack([11, removed], [71, seen]), 71, ['over', 'miss']],
    [
      'back: gone in time after the miss',
      missedBefore,
      wayBack([11, removed], [12, seen]),
      13,
      ['over', 'miss'],
    ],
    ['back: refused', onItsWayBack, wayBack([11, refused]), 12, ['over', 'miss']],
    ['back: overtaken', onItsWayBack, wayBack([11, overtaken]), 12, ['over', 'void']],
    ['back: given up', missedBefore, wayBack([11, removed]), 130, ['over', 'miss']],
    // Over.
    ['over', { ...begun.run, state: 'over', result: 'hit' }, there([1, written], [2, seen]), 500, WAITS],
  ])('%s', (_what, run, trip, at, turn) => {
    const [grant, revoke] = run.state === 'granting' ? [trip as Change, null] : [there(...seenInTime), trip];
    const step = advance(run, grant, revoke, later(at));
    if (turn === WAITS) {
      expect(step).toBeNull();
      return;
    }
    const [state, result, andThen] = turn;
    expect(step).toMatchObject({ endGrant: andThen !== undefined, run: { state, result } });
    expect(step?.run.endedAt).toEqual(state === 'over' ? later(at) : null);
    // What is stuck is said of a miss and of nothing else.
    expect(step?.run.stuck === null).toBe(result !== 'miss');
  });
});

describe('where a trip was stuck', () => {
  const stuckAt = (grant: Change, at: number) => {
    const stuck = advance(begun.run, grant, null, later(at))?.run.stuck;
    return stuck && [stuck.leg, stuck.why];
  };

  test.each<[what: string, grant: Change, at: number, leg: string, why: string]>([
    ['not written', there(), 66, 'idpWrite', 'it is not written yet'],
    ['not pushed', there([1, written]), 66, 'scimPush', 'no push has come'],
    ['pushed', there([1, written], [2, pushed]), 66, 'delivery', 'Anypoint does not show it yet'],
    ['named', there([1, written], [60, late]), 61, 'delivery', 'Anypoint does not show it'],
    [
      'never signed in',
      there([1, written], [2, { type: 'signInAwaited' }]),
      66,
      'signIn',
      'the canary has never signed in to Anypoint',
    ],
    // Seen, too late: the slowest leg.
    [
      'slow write',
      there([40, written], [50, pushed], [55, delivered], [61, seen]),
      62,
      'idpWrite',
      'it took the longest',
    ],
    [
      'slow push',
      there([1, written], [50, pushed], [55, delivered], [61, seen]),
      62,
      'scimPush',
      'it took the longest',
    ],
    [
      'slow delivery',
      there([1, written], [2, pushed], [50, delivered], [61, seen]),
      62,
      'delivery',
      'it took the longest',
    ],
    [
      'slow to show',
      there([1, written], [2, pushed], [3, delivered], [61, seen]),
      62,
      'delivery',
      'it took the longest',
    ],
    [
      'slow in both',
      there([21, written], [42, pushed], [53, delivered], [64, seen]),
      65,
      'delivery',
      'it took the longest',
    ],
  ])('%s', (_what, grant, at, leg, why) => {
    expect(stuckAt(grant, at)).toEqual([leg, why]);
  });

  test('refused without a word of the identity provider’s', () => {
    const refused = { ...there([1, { type: 'applyFailed', code: 'E1', text: 'x' }]), failure: null };
    expect(stuckAt(refused, 2)).toEqual(['idpWrite', 'refused']);
  });

  test('it is not as old as the hills where its decision was never noted', () => {
    const grant = { ...there(), legs: { ...there().legs, decidedAt: null } };
    expect(advance(begun.run, grant, null, later(500))).toBeNull();
  });
});

test('legs of a trip are shown as far as it came', () => {
  const run = advance(begun.run, there(...seenInTime), null, later(10))?.run as CanaryRun;
  expect(tripLegs(run, 'grant')).toEqual([
    ['idpWrite', 1_000],
    ['scimPush', 1_000],
    ['delivery', 3_000],
    ['seen', 4_000],
    ['total', 9_000],
  ]);
});

test('a revoke is noted while the way back waits for it, and never afterwards', () => {
  const over: CanaryRun = { ...onItsWayBack, state: 'over', result: 'void' };
  expect(withRevoke(over, 'other' as ChangeId, later(10))).toBe(over);
  expect(withRevoke(over, null, later(10))).toBe(over);
});

test('a round joins the road decided, by rule, with nobody who asked', () => {
  const base = { changeId: 'there', at: T0, actor: { part: 'latchkey' } };
  expect(begun.events).toEqual([
    {
      ...base,
      type: 'changeReceived',
      kind: 'grant',
      cause: 'canary',
      entitlementKey: 'canary',
      personId: person('kit'),
      requesterId: null,
      reason: 'the canary’s round',
      ticket: null,
      requestedSeconds: null,
      target,
      via: 'latchkey',
      lapsesAt: null,
    },
    {
      ...base,
      type: 'changeApproved',
      grant: { id: 'grant-1', startsAt: T0, endsAt: later(3_600) },
      verdict: null,
      target,
      decision: { outcome: 'approved', by: null, byName: 'rule', at: T0, note: null, clickId: null },
    },
  ]);
});

test.each<[RoundResult | null, RoundResult | null, boolean, string]>([
  ['miss', null, false, 'none'],
  ['miss', 'hit', false, 'none'],
  ['miss', 'miss', false, 'raise'],
  ['miss', 'miss', true, 'update'],
  ['miss', 'hit', true, 'update'],
  ['hit', 'miss', true, 'clear'],
  ['hit', 'miss', false, 'none'],
  ['void', 'miss', true, 'none'],
  ['void', 'miss', false, 'none'],
  [null, 'miss', true, 'none'],
])('a %s after a %s, alarm raised: %s: %s', (result, before, isRaised, turn) => {
  expect(alarmTurn(result, before, isRaised)).toBe(turn);
});
