import { expect, test } from 'vitest';
import { teamEventsIn } from '../../src/mulesoft/team-events.ts';

const row = (payload: unknown, objectType = 'Team') => ({
  timestamp: Date.parse('2026-03-03T10:00:00Z'),
  userId: 'u1',
  userName: 'admin',
  action: 'Edit',
  objects: [{ objectId: 't1', objectName: 'Orders', objectType }],
  payload,
});
const added = (list: unknown) => ({ subaction: 'Add Members', payload: list });

test('a membership change is told for each member, whether the log has texts, objects or ids', () => {
  for (const payload of [
    added([{ id: 'a', membership_type: 'member' }, { id: 'b' }]),
    JSON.stringify(added(['a', 'b'])),
    { subaction: 'add members', data: ['a', { id: 'b' }] },
  ])
    expect(teamEventsIn(row(payload)).map(({ account, direction }) => [account, direction])).toEqual([
      ['a', 'added'],
      ['b', 'added'],
    ]);
  expect(teamEventsIn(row({ subaction: 'Remove Members', payload: ['a'] }))).toEqual([
    {
      team: { id: 't1', name: 'Orders' },
      account: 'a',
      direction: 'removed',
      actor: { id: 'u1', name: 'admin' },
      at: new Date('2026-03-03T10:00:00Z'),
    },
  ]);
});

test('one whose members can’t be read is told without them, and is not left out', () => {
  for (const list of [undefined, [], 'a', [{ name: 'a' }], { 0: 'a' }])
    expect(teamEventsIn(row(added(list)))).toMatchObject([{ account: null, direction: 'added' }]);
  expect(teamEventsIn(row(added(['a\u0000'])))).toMatchObject([{ account: null }]);
});

test('what is of no team’s members is none', () => {
  for (const payload of [
    null,
    undefined,
    '',
    'x',
    '{',
    { subaction: 'Edit external group mapping', data: [] },
  ])
    expect(teamEventsIn(row(payload))).toEqual([]);
  expect(teamEventsIn(row(added(['a']), 'API'))).toEqual([]);
  expect(teamEventsIn({ ...row(added(['a'])), timestamp: 'soon' })).toEqual([]);
});
