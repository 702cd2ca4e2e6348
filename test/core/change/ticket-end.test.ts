import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import { type ChangeState, lifeCycle } from '../../../src/core/change/life-cycle.ts';
import {
  isEndedByTicket,
  latestEndOf,
  onTicket,
  refuseEndOfGone,
} from '../../../src/core/change/ticket-end.ts';
import { changeAfter, later, wayTo } from '../given.ts';

const states = Object.keys(lifeCycle) as ChangeState[];
const latest = later(86_400);
const held = (rest: Partial<Change> = {}): Change => ({
  ...changeAfter(...wayTo.inEffect),
  endsWithTicket: true,
  ...rest,
});
const told = (change: Change, ...answers: ['open' | 'closed' | 'gone', number, number?][]) =>
  answers.reduce(
    (now, [is, at, graceSeconds = 0]) =>
      onTicket(now, { is, status: is }, { graceSeconds, now: later(at) }).reduce(evolve, now),
    change,
  );

describe('what an answer about its ticket means for a grant', () => {
  test.each<[string, Change, Date, string | undefined]>([
    ['open changes nothing', told(held(), ['open', 10]), latest, undefined],
    ['closed ends it at once', told(held(), ['closed', 10]), later(10), 'closed'],
    ['closed ends it after the grace', told(held(), ['closed', 10, 900]), later(910), 'closed'],
    ['no grace is longer than the grant', told(held(), ['closed', 86_000, 900]), latest, 'closed'],
    [
      'closed again changes nothing',
      told(held(), ['closed', 10, 900], ['closed', 60, 900]),
      later(910),
      'closed',
    ],
    [
      'opened again before its end puts that back',
      told(held(), ['closed', 10, 900], ['open', 60]),
      latest,
      'open',
    ],
    [
      'closed a second time counts from then',
      told(held(), ['closed', 10, 900], ['open', 60], ['closed', 100, 900]),
      later(1_000),
      'closed',
    ],
    ['gone changes nothing of the end', told(held(), ['gone', 10]), latest, 'gone'],
    [
      'gone after it was closed puts the end back: a person looks',
      told(held(), ['closed', 10, 900], ['gone', 60]),
      latest,
      'gone',
    ],
    ['found again and closed ends it', told(held(), ['gone', 10], ['closed', 60]), later(60), 'closed'],
  ])('%s', (_, change, endsAt, is) => {
    expect(change.grant?.endsAt).toEqual(endsAt);
    expect(change.ticketNews?.is).toBe(is);
    expect(latestEndOf(change)).toEqual(latest);
    expect(isEndedByTicket(change)).toBe(is === 'closed' && endsAt < latest);
  });

  test.each<[string, Change]>([
    ['one that does not end with it', { ...changeAfter(...wayTo.inEffect) }],
    ['one without a ticket', held({ ticket: null })],
    ['one without a grant', held({ grant: null })],
    ['one that has ended', { ...changeAfter(...wayTo.ended), endsWithTicket: true }],
  ])('%s is left alone', (_, change) => {
    expect(onTicket(change, { is: 'closed', status: 'Done' }, { graceSeconds: 0, now: later(10) })).toEqual(
      [],
    );
  });

  test('it is ended on its way too, and wherever it can still be held', () => {
    const reached = states.filter((state) => {
      const change = { ...changeAfter(...wayTo[state]), endsWithTicket: true as const };
      return onTicket(change, { is: 'closed', status: null }, { graceSeconds: 0, now: later(10) }).length > 0;
    });
    expect(reached).toEqual(
      states.filter((state) =>
        ['applying', 'verifying', 'awaitingSignIn', 'late', 'inEffect', 'superseded'].includes(state),
      ),
    );
  });
});

describe('who can end it when its ticket is gone', () => {
  const gone = told(held(), ['gone', 10]);
  const by = (id: string, email = 'somebody@acme.example') => ({ id: id as Change['personId'], email });
  const OWNER = 'olga@acme.example';
  const why = (change: Change, who: ReturnType<typeof by>, owner: string | null = OWNER) =>
    refuseEndOfGone(change, who, owner)?.reason ?? null;

  test('its holder, its owner as of now, and whoever decided', () => {
    expect(why(gone, by(gone.personId))).toBeNull();
    expect(why(gone, by('o', 'Olga@acme.example'))).toBeNull();
    expect(
      why({ ...gone, decision: { ...gone.decision, by: 'd' } as Change['decision'] }, by('d')),
    ).toBeNull();
    const approvals = [
      { by: 'first', name: 'First', at: later(1), seconds: null, clickId: 'c' },
    ] as Change['approvals'];
    expect(why({ ...gone, approvals }, by('first'))).toBeNull();
  });

  test('nobody else, and nobody in the place of an owner who is not known', () => {
    expect(why(gone, by('other'))).toBe('notAnApprover');
    expect(why(gone, by('other', OWNER), null)).toBe('notAnApprover');
    expect(why(gone, by('other', OWNER), 'ines@acme.example')).toBe('notAnApprover');
  });

  test.each<[string, Change, string]>([
    ['it is there', held(), 'staleCard'],
    ['it was found again', told(held(), ['gone', 10], ['open', 20]), 'staleCard'],
    ['it was found again, and is closed', told(held(), ['gone', 10], ['closed', 20, 900]), 'staleCard'],
    [
      'it has ended',
      { ...gone, ended: { at: later(20), cause: 'expiry' } as Change['ended'] },
      'nothingToEnd',
    ],
  ])('not when %s', (_, change, reason) => {
    expect(why(change, by(change.personId))).toBe(reason);
  });
});
