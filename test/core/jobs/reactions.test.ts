import { describe, expect, test } from 'vitest';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import {
  massReactions,
  noteReactions,
  offboardingReactions,
  type Pair,
  reactions,
} from '../../../src/core/jobs/reactions.ts';
import type { MassChangeEvent } from '../../../src/core/mass-change/mass-change.ts';
import type { OffboardingEvent } from '../../../src/core/offboarding/events.ts';
import { events } from '../given.ts';

const pair = { personId: 'p', groupId: 'g', teamId: 't', urgency: 'revoke' } as const;
const look = {
  job: 'verifyInAnypoint',
  changeId: 'change-1',
  of: { personId: 'p', groupId: 'g', teamId: 't' },
};
const all = Object.values(events) as ChangeEvent[];
const silent = ['changeReceived', 'delivered'];

describe('what follows from an event', () => {
  test.each(all)(
    '$type makes the messages right, unless a look or a consideration follows that will',
    (event) => {
      const jobs = reactions(event, pair, ['c1', 'c2']);
      const told = jobs.filter((j) => j.job === 'updateMessages').map((j) => j.changeId);
      expect(told).toEqual(silent.includes(event.type) ? [] : ['c1', 'c2']);
    },
  );

  test('what is part of a joint request is told of in its one message too, at the same time', () => {
    const one = { job: 'updateCard', about: 'jointRequest', id: 'j' };
    expect(reactions(events.changeDenied, pair, ['c1'], ['j'])).toContainEqual(one);
    expect(reactions(events.scimPushed, pair, ['c1'], ['j'])).toContainEqual({ ...one, afterMs: 2_000 });
  });

  test('a request is considered; a revoke is not', () => {
    expect(reactions(events.changeReceived, null, ['c1'])).toEqual([
      { job: 'assessRequest', changeId: 'change-1' },
    ]);
    expect(reactions({ ...events.changeReceived, kind: 'revoke' }, pair, ['c1'])).toEqual([]);
  });

  test('asking brings the model in', () => {
    expect(reactions(events.approversAsked, pair, ['c1'])).toContainEqual({
      job: 'advise',
      changeId: 'change-1',
    });
  });

  test('a decision to give or take is applied and verified', () => {
    const jobs = reactions(events.changeApproved, pair, ['c1']);
    expect(jobs).toContainEqual({
      job: 'applyToIdp',
      idp: 'okta',
      personId: 'p',
      groupId: 'g',
      urgency: 'revoke',
    });
    expect(jobs).toContainEqual({ ...look, afterMs: 2_500 });
  });

  test('only an approval brings about a write, ever', () => {
    for (const event of all)
      if (event.type !== 'changeApproved')
        expect(
          reactions(event, pair, ['c1']).some((j) => j.job === 'applyToIdp' || j.job === 'deliverToTeam'),
        ).toBe(false);
  });

  test('a delivery brings a look, and so does a write that had nothing to change', () => {
    expect(reactions(events.delivered, pair, ['c1'])).toContainEqual(look);
    expect(
      reactions({ ...events.idpWritten, wrote: 'already so' } as ChangeEvent, pair, ['c1']),
    ).toContainEqual(look);
  });

  test('a write or a push that is followed by more brings none: where it is is told if that takes long', () => {
    const tell = { job: 'updateMessages', changeId: 'c1', afterMs: 2_000 };
    expect(reactions({ ...events.idpWritten, wrote: 'added' } as ChangeEvent, pair, ['c1'])).toEqual([tell]);
    expect(reactions(events.scimPushed, pair, ['c1'])).toEqual([tell]);
  });
});

test('after a write, what something else carries is looked for; what came by a sign-in is taken out at once', () => {
  const takeOut = { job: 'deliverToTeam', personId: 'p', teamId: pair.teamId };
  const tell = { job: 'updateMessages', changeId: 'c1', afterMs: 2_000 };
  const after = (carried: Pick<Pair, 'delivery' | 'urgency'>) =>
    reactions(events.idpWritten, { ...pair, ...carried }, ['c1']);
  expect(after({ delivery: 'claim', urgency: 'revoke' })).toEqual([look, takeOut, tell]);
  expect(after({ delivery: 'claim', urgency: 'leaver' })).toEqual([look, takeOut, tell]);
  expect(after({ delivery: 'claim', urgency: 'grant' })).toEqual([look, tell]);
  expect(after({ delivery: 'native', urgency: 'revoke' })).toEqual([look, tell]);
});

describe('what follows, whole', () => {
  const tell = (changeId: string) => ({ job: 'updateMessages', changeId });

  test('from a decision: the write first, the watch, and then the messages', () => {
    expect(reactions(events.changeApproved, pair, ['c1', 'c2'])).toEqual([
      { job: 'applyToIdp', idp: 'okta', personId: 'p', groupId: 'g', urgency: 'revoke' },
      { ...look, afterMs: 2_500 },
      { ...tell('c1'), afterMs: 150 },
      { ...tell('c2'), afterMs: 150 },
    ]);
    expect(reactions(events.changeApproved, null, ['c1'])).toEqual([tell('c1')]);
  });

  test('from asking, a delivery and a write that changed nothing', () => {
    expect(reactions(events.approversAsked, pair, ['c1'])).toEqual([
      tell('c1'),
      { job: 'advise', changeId: 'change-1' },
    ]);
    expect(reactions(events.delivered, pair, ['c1'])).toEqual([look]);
    expect(reactions({ ...events.idpWritten, wrote: 'already so' }, pair, ['c1'])).toEqual([look]);
  });

  test('from what is decided as it comes: no consideration', () => {
    for (const cause of ['birthright', 'renewal', 'canary'] as const)
      expect(reactions({ ...events.changeReceived, cause }, null, ['c1'])).toEqual([]);
    expect(reactions({ ...events.changeReceived, partOf: 'mass-1' }, null, ['c1'])).toEqual([]);
  });
});

test.each<[MassChangeEvent['type'], string[]]>([
  ['massOpened', []],
  ['massGrew', ['ask']],
  ['massShrank', ['ask']],
  ['massMoved', ['ask']],
  ['massAsked', ['report', 'summarize']],
  ['massReminded', ['report']],
  ['massAnswered', ['report']],
  ['massItemsAnswered', ['report']],
  ['massItemsDecided', ['report']],
  ['massDecided', ['carryOutMassChange', 'report']],
  ['massClosed', ['report']],
  ['massReopened', ['report']],
  ['massDone', ['report']],
])('from %s on a card on many: %j', (type, jobs) => {
  const whole = {
    ask: { job: 'assessMassChange', massChangeId: 'mass-1' },
    carryOutMassChange: { job: 'carryOutMassChange', massChangeId: 'mass-1' },
    summarize: { job: 'advise', changeId: 'mass-1' },
    report: { job: 'updateCard', about: 'massChange', id: 'mass-1', afterMs: 150 },
  };
  const event = { type, massChangeId: 'mass-1' } as MassChangeEvent;
  expect(massReactions(event)).toEqual(jobs.map((job) => whole[job as keyof typeof whole]));
});

test.each<[OffboardingEvent['type'], string[]]>([
  ['offboardingStarted', ['offboard']],
  ['leaverConfirmed', ['offboard', 'report']],
  ['applicationDecided', ['offboard', 'report']],
  ['offboardingReturned', ['offboard', 'report']],
  ['offboardingDismissed', ['report']],
  ['accessGone', ['report']],
  ['offboardingCancelled', ['report']],
  ['offboardingReported', ['report']],
])('from %s of an offboarding: %j', (type, jobs) => {
  const whole = {
    offboard: { job: 'advanceOffboarding', offboardingId: 'case-1' },
    report: { job: 'updateCard', about: 'offboarding', id: 'case-1', afterMs: 150 },
  };
  const event = { type, offboardingId: 'case-1' } as OffboardingEvent;
  expect(offboardingReactions(event)).toEqual(jobs.map((job) => whole[job as keyof typeof whole]));
});

test('from advice on a change, its messages; from any other note, nothing', () => {
  expect(noteReactions({ type: 'adviceGiven', changeId: 'change-1' })).toEqual([
    { job: 'updateMessages', changeId: 'change-1' },
  ]);
  expect(noteReactions({ type: 'adviceGiven', changeId: null })).toEqual([]);
  expect(noteReactions({ type: 'clickRefused', changeId: 'change-1' })).toEqual([]);
});
