import { describe, expect, test } from 'vitest';
import type { ChangeEvent } from '../../../src/core/change/change.ts';
import { reactions } from '../../../src/core/jobs/reactions.ts';
import { events } from '../given.ts';

const pair = { personId: 'p', groupId: 'g', teamId: 't', urgency: 'revoke' } as const;
const all = Object.values(events) as ChangeEvent[];
const silent = ['changeReceived', 'idpWritten', 'scimPushed', 'delivered'];

describe('what follows from an event', () => {
  test.each(all)(
    '$type makes the messages right, unless a look or a consideration follows that will',
    (event) => {
      const jobs = reactions(event, pair, ['c1', 'c2']);
      const told = jobs.filter((j) => j.job === 'tell').map((j) => j.changeId);
      expect(told).toEqual(silent.includes(event.type) ? [] : ['c1', 'c2']);
    },
  );

  test('a request is considered; a revoke is not', () => {
    expect(reactions(events.changeReceived, null, ['c1'])).toEqual([
      { job: 'consider', changeId: 'change-1' },
    ]);
    expect(reactions({ ...events.changeReceived, kind: 'revoke' }, pair, ['c1'])).toEqual([]);
  });

  test('asking brings the model in', () => {
    expect(reactions(events.approversAsked, pair, ['c1'])).toContainEqual({
      job: 'summarize',
      changeId: 'change-1',
    });
  });

  test('a decision to give or take is applied and verified', () => {
    const jobs = reactions(events.changeApproved, pair, ['c1']);
    expect(jobs).toContainEqual({ job: 'apply', personId: 'p', groupId: 'g', urgency: 'revoke' });
    expect(jobs).toContainEqual({ job: 'verify', changeId: 'change-1', afterMs: 1_000 });
  });

  test('only an approval brings about a write, ever', () => {
    for (const event of all)
      if (event.type !== 'changeApproved')
        expect(reactions(event, pair, ['c1']).some((j) => j.job === 'apply' || j.job === 'deliver')).toBe(
          false,
        );
  });

  test('a delivery brings a look, and so does a write that had nothing to change', () => {
    const look = { job: 'verify', changeId: 'change-1' };
    expect(reactions(events.delivered, pair, ['c1'])).toContainEqual(look);
    expect(
      reactions({ ...events.idpWritten, wrote: 'already so' } as ChangeEvent, pair, ['c1']),
    ).toContainEqual(look);
  });

  test('a write or a push that is followed by more brings none: there is nothing to see yet', () => {
    expect(reactions({ ...events.idpWritten, wrote: 'added' } as ChangeEvent, pair, ['c1'])).toEqual([]);
    expect(reactions(events.scimPushed, pair, ['c1'])).toEqual([]);
  });
});
