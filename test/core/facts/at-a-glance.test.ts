import { describe, expect, test } from 'vitest';
import { atAGlance, type GlanceSubject } from '../../../src/core/facts/at-a-glance.ts';

const asked: GlanceSubject = {
  change: { cause: 'request', ticket: null, requestedAt: new Date('2026-03-03T10:00:00Z') },
  entitlement: { tier: 'medium', maxSeconds: 7 * 86_400, defaultSeconds: 86_400 },
  beneficiary: {
    name: 'Ines Moreau',
    title: 'Intern',
    department: 'Orders',
    since: new Date('2025-01-05T08:00:00Z'),
  },
  manager: 'Tom Okafor',
  requestedSeconds: 86_400,
  holders: 3,
  holdersInDepartment: 2,
  earlierGrants: 1,
  heldUntil: null,
  facts: { hour: 10, weekday: 'tuesday' },
};
const high = { ...asked.entitlement, tier: 'high' as const };

describe('what an approver sees first', () => {
  test('who it is for, as the directory has them', () => {
    expect(atAGlance(asked).who).toEqual({
      title: 'Intern',
      department: 'Orders',
      manager: 'Tom Okafor',
      since: '2025-01-05T08:00:00.000Z',
    });
  });

  test('that nothing is unusual, and why not', () => {
    expect(atAGlance(asked)).toMatchObject({
      unusual: [],
      usual: 'Nothing unusual: given to Ines once before; held by 2 people in Orders',
    });
  });

  test.each<[string, Partial<GlanceSubject>, string]>([
    ['the first of a high tier', { entitlement: high, earlierGrants: 0 }, 'the first time for Ines'],
    ['a high tier without a ticket', { entitlement: high }, 'no ticket'],
    [
      'nobody holds a high tier',
      { entitlement: high, holders: 0, others: 2 },
      'nobody holds it through Latchkey; 2 people are in its group without a grant of Latchkey’s',
    ],
    [
      'others hold it, none of the department',
      { holders: 1, holdersInDepartment: 0 },
      'nobody else in Orders holds it through Latchkey; 1 person elsewhere does',
    ],
    ['the longest time', { requestedSeconds: 7 * 86_400 }, 'for the longest time there is, 7 days'],
    [
      'at night',
      { facts: { hour: 23, weekday: 'tuesday' } },
      'outside their working hours: Tuesday, about 23:00 their time',
    ],
    [
      'on a Sunday',
      { facts: { hour: 11, weekday: 'sunday' } },
      'outside their working hours: Sunday, about 11:00 their time',
    ],
    [
      'somebody new',
      { beneficiary: { ...asked.beneficiary, since: new Date('2026-02-24T10:00:00Z') } },
      'new: in the directory for 7 days',
    ],
    ['no manager', { manager: null }, 'the directory names no manager for them'],
    ['found in the group', { isIn: 'found' }, 'Ines is in its group already, and nobody gave that here'],
  ])('%s', (_what, rest, said) => {
    const { unusual, usual } = atAGlance({ ...asked, ...rest });
    expect(unusual).toContain(said);
    expect(usual).toBeNull();
  });

  test('nothing is made of facts that are not known, nor of what nobody asked for', () => {
    const unknown = { ...asked, facts: {}, beneficiary: { ...asked.beneficiary, since: null } };
    expect(atAGlance(unknown).unusual).toEqual([]);
    for (const cause of ['finding', 'loss', 'birthright', 'restore'] as const)
      expect(
        atAGlance({ ...asked, earlierGrants: 0, entitlement: high, change: { ...asked.change, cause } }),
      ).toMatchObject({
        unusual: [],
        usual: null,
      });
  });
});
