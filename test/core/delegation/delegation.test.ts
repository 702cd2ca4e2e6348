import { describe, expect, test } from 'vitest';
import { onStatus, type StatusFacts } from '../../../src/core/delegation/by-status.ts';
import {
  type Delegation,
  type DelegationEvent,
  evolveDelegation,
} from '../../../src/core/delegation/delegation.ts';
import {
  AWAY_DAYS_MAX,
  declineDelegation,
  delegationDue,
  endForLeaver,
  endOwn,
  type Naming,
  nameDelegate,
} from '../../../src/core/delegation/name-delegate.ts';
import type { DelegationId } from '../../../src/core/ids.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { later, person, T0 } from '../given.ts';

const DAY = 86_400;
const who = (name: string) => ({ id: person(name), name });

function naming(rest: Partial<Naming> = {}): Naming {
  return {
    id: 'd1' as DelegationId,
    person: who('tom'),
    delegate: who('nadia'),
    startsAt: null,
    endsAt: later(3 * DAY),
    cause: 'asked',
    own: [],
    ofDelegate: [],
    now: T0,
    ...rest,
  };
}

function eventsOf(outcome: ReturnType<typeof nameDelegate>): DelegationEvent[] {
  return isRefusal(outcome) ? expect.fail(outcome.text) : outcome;
}

function delegation(rest: Partial<Naming> = {}): Delegation {
  const events = eventsOf(nameDelegate(naming(rest)));
  return events.reduce<Delegation | null>(evolveDelegation, null) ?? expect.fail('nothing was named');
}

describe('naming a delegate', () => {
  test('from now on, it begins at once', () => {
    const events = eventsOf(nameDelegate(naming()));
    expect(events.map(({ type }) => type)).toEqual(['delegationNamed', 'delegationBegun']);
    expect(delegation()).toMatchObject({ state: 'active', startsAt: T0, endsAt: later(3 * DAY) });
  });

  test('for later, it waits for its time, and a beginning in the past is now', () => {
    expect(delegation({ startsAt: later(DAY) })).toMatchObject({ state: 'planned', startsAt: later(DAY) });
    expect(delegation({ startsAt: later(-DAY) })).toMatchObject({ state: 'active', startsAt: T0 });
  });

  test.each<[string, Partial<Naming>, 'times' | 'delegate', RegExp]>([
    ['an end in the past', { endsAt: T0 }, 'times', /in the past/],
    ['an end before the beginning', { startsAt: later(4 * DAY) }, 'times', /end before it begins/],
    ['longer than a quarter', { endsAt: later((AWAY_DAYS_MAX + 1) * DAY) }, 'times', /92 days/],
    ['themselves', { delegate: who('tom') }, 'delegate', /in your own stead/],
    [
      'somebody who has named them: a circle',
      { ofDelegate: [delegation({ person: who('nadia'), delegate: who('tom') })] },
      'delegate',
      /round in a circle/,
    ],
    [
      'somebody who is away too: a chain',
      { ofDelegate: [delegation({ person: who('nadia'), delegate: who('erik') })] },
      'delegate',
      /not passed on again/,
    ],
    [
      'somebody who will be away before they are back',
      {
        ofDelegate: [
          delegation({
            person: who('nadia'),
            delegate: who('erik'),
            startsAt: later(2 * DAY),
            endsAt: later(9 * DAY),
          }),
        ],
      },
      'delegate',
      /not passed on again/,
    ],
  ])('%s is refused', (_, rest, about, words) => {
    const outcome = nameDelegate(naming(rest));
    expect(outcome).toMatchObject({ reason: 'delegationInvalid', about, text: expect.stringMatching(words) });
  });

  test('somebody whose own absence begins when they are back again is fine', () => {
    const ofDelegate = [
      delegation({
        person: who('nadia'),
        delegate: who('erik'),
        startsAt: later(3 * DAY),
        endsAt: later(9 * DAY),
      }),
    ];
    expect(isRefusal(nameDelegate(naming({ ofDelegate })))).toBe(false);
  });

  test('it replaces what was said before', () => {
    const own = [delegation()];
    const events = eventsOf(nameDelegate(naming({ id: 'd2' as DelegationId, delegate: who('erik'), own })));
    expect(events[0]).toMatchObject({ type: 'delegationEnded', delegationId: 'd1', why: 'replaced' });
    expect(events[1]).toMatchObject({ type: 'delegationNamed', delegationId: 'd2' });
  });
});

describe('what time and people bring', () => {
  const planned = delegation({ startsAt: later(DAY) });
  const active = delegation();

  test('it begins at its time, and ends by itself', () => {
    expect(delegationDue(planned, later(DAY - 1))).toEqual([]);
    expect(delegationDue(planned, later(DAY))).toMatchObject([{ type: 'delegationBegun' }]);
    expect(delegationDue(active, later(3 * DAY - 1))).toEqual([]);
    expect(delegationDue(active, later(3 * DAY))).toMatchObject([{ type: 'delegationEnded', why: 'over' }]);
    // Nobody looked for the whole of it: it does not begin first.
    expect(delegationDue(planned, later(9 * DAY))).toMatchObject([{ type: 'delegationEnded', why: 'over' }]);
  });

  test('once ended, nothing more happens to it', () => {
    const [event] = endOwn([active], who('tom'), later(60));
    const over = evolveDelegation(active, event ?? expect.fail('it does not end'));
    expect(over).toMatchObject({ state: 'ended', ended: { why: 'back', by: person('tom') } });
    expect(delegationDue(over, later(9 * DAY))).toEqual([]);
    expect(declineDelegation(over, who('nadia'), later(61))).toEqual([]);
    expect(endForLeaver(over, later(61))).toEqual([]);
    expect(() => evolveDelegation(over, event as DelegationEvent)).toThrow("can't happen");
  });

  test('only the delegate can decline', () => {
    expect(declineDelegation(active, who('nadia'), T0)).toMatchObject([{ why: 'declined' }]);
    expect(declineDelegation(active, who('tom'), T0)).toMatchObject({ reason: 'notYours' });
    expect(declineDelegation(null, who('nadia'), T0)).toMatchObject({ reason: 'notYours' });
  });
});

describe('a status in the chat', () => {
  const byStatus = delegation({ cause: 'status' });
  const away = { until: later(3 * DAY) };
  const facts = (rest: Partial<StatusFacts>): StatusFacts => ({
    away,
    isKnown: false,
    own: [],
    usual: who('nadia'),
    decides: true,
    now: T0,
    ...rest,
  });

  test.each<[string, Partial<StatusFacts>, ReturnType<typeof onStatus>]>([
    ['away, and somebody is named for that: it starts', {}, 'start'],
    ['the same absence again', { isKnown: true }, 'nothing'],
    ['away, and nobody is named', { usual: null }, 'offer'],
    ['away, nobody is named, and nothing is theirs to decide', { usual: null, decides: false }, 'nothing'],
    ['away without an end: nobody knows until when', { away: { until: null } }, 'offer'],
    ['away for an hour: a break', { away: { until: later(3_600) } }, 'nothing'],
    ['they have said it in the form already', { own: [delegation()] }, 'nothing'],
    ['away for longer than it said before', { own: [byStatus] }, 'start'],
    ['not away any more: what the status began ends', { away: null, own: [byStatus] }, 'end'],
    ['its time is over', { away: { until: later(-1) }, own: [byStatus] }, 'end'],
    ['not away, but they said in the form that they are', { away: null, own: [delegation()] }, 'nothing'],
    ['not away, and nobody thought so', { away: null }, 'nothing'],
  ])('%s', (_, rest, follows) => {
    expect(onStatus(facts(rest))).toBe(follows);
  });
});
