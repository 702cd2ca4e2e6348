import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isByRule, isCanary, isFound, isOnMassCard } from '../../../src/core/change/change.ts';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import { legTimes } from '../../../src/core/change/legs.ts';
import type { ChangeState } from '../../../src/core/change/life-cycle.ts';
import { lifeCycle, nextState } from '../../../src/core/change/life-cycle.ts';
import { isUnderway } from '../../../src/core/change/states.ts';
import { Fault } from '../../../src/core/fault.ts';
import { changeAfter, events, later, T0, wayTo } from '../given.ts';
import { NEVER, whatIsSigned } from '../signed-table.ts';

const states = Object.keys(wayTo) as ChangeState[];
const types = Object.keys(events) as ChangeEvent['type'][];

const endings: ChangeState[] = ['refused', 'denied', 'withdrawn', 'lapsed', 'closed', 'ended'];
const onItsWay: ChangeState[] = ['applying', 'verifying', 'awaitingSignIn', 'late'];

/** The life cycle told a second time, by event. Whoever changes a line here changes what Latchkey promises. */
const signed = whatIsSigned<ChangeState, ChangeEvent['type']>(
  [
    // Asking and deciding.
    ['requestRefused', ['received', 'scheduled'], 'refused'],
    ['approversAsked', ['received', 'asking', 'scheduled'], 'asking'],
    ['approversReminded', ['asking'], 'stays'],
    ['approversNudged', ['asking'], 'stays'],
    ['approversWarned', ['asking'], 'stays'],
    ['approversEscalated', ['asking'], 'stays'],
    ['stageOpened', ['asking'], 'stays'],
    ['approvalGiven', ['asking'], 'stays'],
    // Less than was asked for: it waits on, for whoever decides on that.
    ['requestNarrowed', ['asking'], 'stays'],
    // A question decides nothing, and nor does its answer.
    ['questionAsked', ['asking'], 'stays'],
    ['questionAnswered', ['asking'], 'stays'],
    // An approval that waits for a sign-in changes nothing yet.
    ['stepUpAsked', ['asking'], 'stays'],
    ['stepUpEnded', ['asking'], 'stays'],
    // Approved for later: nothing is written before its start, and until then it can still come to nothing.
    ['changeScheduled', ['received', 'asking'], 'scheduled'],
    ['startDelayed', ['scheduled'], 'stays'],
    ['changeApproved', ['received', 'asking', 'scheduled'], 'applying'],
    ['changeDenied', ['received', 'asking', 'scheduled'], 'denied'],
    ['changeWithdrawn', ['received', 'asking', 'scheduled'], 'withdrawn'],
    ['requestLapsed', ['received', 'asking', 'scheduled'], 'lapsed'],
    ['requestClosed', ['received', 'asking', 'scheduled'], 'closed'],
    // Written and pushed is not in effect. Only a look into MuleSoft leads there, and not before the write is noted.
    ['idpWritten', ['applying'], 'verifying'],
    ['idpWritten', ['late'], 'stays'],
    ['scimPushed', ['applying', 'verifying', 'awaitingSignIn', 'late'], 'stays'],
    ['delivered', ['applying', 'verifying', 'late'], 'stays'],
    ['delivered', ['awaitingSignIn'], 'verifying'],
    ['signInAwaited', ['verifying', 'awaitingSignIn', 'late'], 'awaitingSignIn'],
    ['signedIn', ['awaitingSignIn'], 'verifying'],
    ['changeSeen', ['verifying', 'awaitingSignIn', 'late'], 'inEffect'],
    // What goes wrong. Whoever has to sign in first is not late.
    ['changeLate', ['applying', 'verifying', 'late'], 'late'],
    ['applyFailed', ['applying', 'verifying', 'late'], 'failed'],
    // The end.
    ['changeOvertaken', ['applying', 'verifying', 'awaitingSignIn', 'late'], 'superseded'],
    ['endingWarned', ['applying', 'verifying', 'awaitingSignIn', 'late', 'inEffect', 'failed'], 'stays'],
    ['renewalDeclined', ['applying', 'verifying', 'awaitingSignIn', 'late', 'inEffect'], 'stays'],
    ['ticketChanged', ['applying', 'verifying', 'awaitingSignIn', 'late', 'inEffect', 'superseded'], 'stays'],
    ['endAgreed', ['applying', 'verifying', 'awaitingSignIn', 'late', 'inEffect'], 'stays'],
    ['decisionReopened', ['applying', 'verifying', 'awaitingSignIn', 'late', 'inEffect'], 'ended'],
    ['grantEnded', ['applying', 'verifying', 'awaitingSignIn', 'late'], 'superseded'],
    ['grantEnded', ['inEffect', 'superseded', 'failed'], 'ended'],
  ],
  states,
  types,
);

test('the states are those that are signed', () => {
  expect(Object.keys(lifeCycle).sort()).toEqual([...states].sort());
});

describe.each(states)('a change that is %s', (state) => {
  const change = changeAfter(...wayTo[state]);

  test('is reached by its way', () => {
    expect(change.state).toBe(state);
    expect(change.version).toBe(wayTo[state].length);
  });

  test('is led by each event to where it is signed to lead, and refuses every other', () => {
    expect(Object.fromEntries(types.map((type) => [type, nextState(state, type) ?? NEVER]))).toEqual(
      signed[state],
    );
    for (const type of types) {
      if (signed[state][type] === NEVER) {
        expect(() => evolve(change, events[type]), type).toThrow(Fault);
        continue;
      }
      const moved = evolve(change, events[type]);
      expect(moved.state, type).toBe(signed[state][type]);
      expect(moved.version).toBe(change.version + 1);
      expect({ id: moved.id, personId: moved.personId, requestedAt: moved.requestedAt }).toEqual({
        id: change.id,
        personId: change.personId,
        requestedAt: change.requestedAt,
      });
    }
  });
});

test.each(endings)('there is no way out of %s', (state) => {
  for (const type of types) expect(nextState(state, type)).toBeNull();
});

test('every state that is no ending has a way out, and every way ends', () => {
  for (const state of states.filter((s) => !endings.includes(s)))
    expect(Object.keys(lifeCycle[state]).length).toBeGreaterThan(0);
  // From everywhere an ending (or being in effect) can be reached.
  for (const start of states) {
    const seen = new Set<ChangeState>([start]);
    for (const state of seen)
      for (const next of Object.values(lifeCycle[state])) seen.add(next as ChangeState);
    expect([...seen].some((s) => endings.includes(s))).toBe(true);
  }
});

test('nothing that was decided against ever leads to access', () => {
  const leadsToAccess = (state: ChangeState): boolean =>
    state === 'applying' ||
    Object.values(lifeCycle[state]).some((s) => s !== state && leadsToAccess(s as ChangeState));
  for (const state of ['refused', 'denied', 'withdrawn', 'lapsed'] as const)
    expect(leadsToAccess(state)).toBe(false);
});

test('nothing is in effect but what was seen, until its grant ends', () => {
  for (const state of states.filter((s) => s !== 'inEffect'))
    for (const type of types.filter((t) => t !== 'changeSeen'))
      expect(nextState(state, type), `${type} while it is ${state}`).not.toBe('inEffect');
});

test('what is underway can be seen, overtaken or ended, and nothing else can be seen', () => {
  for (const state of states) {
    expect(isUnderway(state)).toBe(onItsWay.includes(state));
    if (!isUnderway(state)) expect(nextState(state, 'changeSeen')).toBeNull();
    if (isUnderway(state)) {
      expect(nextState(state, 'changeOvertaken')).toBe('superseded');
      expect(nextState(state, 'grantEnded')).toBe('superseded');
    }
  }
});

test('no event comes before the change was received', () => {
  for (const type of types.filter((t) => t !== 'changeReceived'))
    expect(() => evolve(null, events[type])).toThrow(/before changeReceived/);
});

test('any sequence of events either moves as it is signed or throws, and never touches what went in', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...types), { maxLength: 12 }), (sequence) => {
      let change = evolve(null, events.changeReceived);
      for (const type of sequence) {
        const frozen = Object.freeze(change);
        const next = signed[change.state][type];
        if (next === NEVER) {
          expect(() => evolve(frozen, events[type])).toThrow(Fault);
          continue;
        }
        change = evolve(frozen, events[type]);
        expect(change.state).toBe(next);
      }
    }),
  );
});

describe('what events leave on the change', () => {
  test('the first note of a leg stands', () => {
    const pushed = evolve(changeAfter(...wayTo.verifying), { ...events.scimPushed, at: later(5) });
    const again = evolve(pushed, { ...events.scimPushed, at: later(9) });
    expect(again.legs.scimPushedAt).toEqual(later(5));
    const delivered = evolve(again, { ...events.delivered, at: later(10) });
    expect(evolve(delivered, { ...events.delivered, at: later(20) }).legs.deliveredAt).toEqual(later(10));
  });

  test('being seen clears the alarm and keeps that there was one', () => {
    const late = changeAfter(...wayTo.late);
    const seen = evolve(late, { ...events.changeSeen, at: later(90) });
    expect(seen.late).toMatchObject({ leg: 'scimPush', clearedAt: later(90) });
    expect(seen.legs.seenAt).toEqual(later(90));
  });

  test('approvals gather', () => {
    const one = evolve(changeAfter(...wayTo.asking), events.approvalGiven);
    expect(evolve(one, events.approvalGiven).approvals).toHaveLength(2);
  });
});

test('leg times are never negative, whichever note came first', () => {
  const point = fc.option(
    fc.integer({ min: -100, max: 100 }).map((s) => later(s)),
    { nil: null },
  );
  fc.assert(
    fc.property(
      fc.record({
        decidedAt: point,
        idpWrittenAt: point,
        scimPushedAt: point,
        deliveredAt: point,
        seenAt: point,
      }),
      (legs) => {
        for (const ms of Object.values(legTimes(legs))) if (ms !== null) expect(ms).toBeGreaterThanOrEqual(0);
      },
    ),
  );
  expect(
    legTimes({ decidedAt: T0, idpWrittenAt: null, scimPushedAt: null, deliveredAt: null, seenAt: later(3) }),
  ).toEqual({
    decisionToIdp: null,
    idpToScim: null,
    scimToDelivery: null,
    deliveryToSeen: null,
    total: 3_000,
  });
});

test('a change of a mass change is told of on its card until its own end is near', () => {
  const one = { partOf: 'mass-1', endingWarnedAt: null, ended: null };
  const { ended } = changeAfter(...wayTo.ended);
  expect(isOnMassCard(one)).toBe(true);
  expect(isOnMassCard({ ...one, partOf: null })).toBe(false);
  expect(isOnMassCard({ ...one, endingWarnedAt: T0 })).toBe(false);
  expect(isOnMassCard({ ...one, ended })).toBe(false);
});

test('a cause says whether anybody asked', () => {
  const all = [
    'request',
    'extension',
    'expiry',
    'release',
    'finding',
    'loss',
    'revert',
    'leaver',
    'birthright',
    'renewal',
    'move',
    'canary',
    'lostApp',
    'restore',
  ] as const;
  expect(all.filter((cause) => isFound({ cause }))).toEqual(['finding', 'loss']);
  expect(all.filter((cause) => isByRule({ cause }))).toEqual(['birthright', 'renewal']);
  expect(all.filter((cause) => isCanary({ cause }))).toEqual(['canary']);
});
