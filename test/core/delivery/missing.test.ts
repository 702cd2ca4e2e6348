import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MissedBefore, missedNow } from '../../../src/core/delivery/missing.ts';

const before = (seenIds: string[], personIds: string[] = [], isTold = false): MissedBefore => ({
  seenIds,
  personIds,
  isTold,
});

test.each<[string, MissedBefore | null, string[], ReturnType<typeof missedNow>]>([
  ['nobody is missed, as before', null, [], { act: 'nothing', personIds: [] }],
  ['missed for the first time', null, ['a'], { act: 'note', personIds: [] }],
  ['and no longer', before(['a']), [], { act: 'forget', personIds: [] }],
  ['somebody else at each look', before(['a']), ['b'], { act: 'note', personIds: [] }],
  ['missed twice', before(['a', 'b']), ['b', 'c'], { act: 'tell', personIds: ['b'] }],
  ['told, and still so', before(['a'], ['a'], true), ['a'], { act: 'note', personIds: ['a'] }],
  [
    'told, and one more for the first time',
    before(['a'], ['a'], true),
    ['a', 'b'],
    { act: 'note', personIds: ['a'] },
  ],
  [
    'told, and one more twice',
    before(['a', 'b'], ['a'], true),
    ['a', 'b'],
    { act: 'tell', personIds: ['a', 'b'] },
  ],
  [
    'told, and one of two is there',
    before(['a', 'b'], ['a', 'b'], true),
    ['b'],
    { act: 'tell', personIds: ['b'] },
  ],
  [
    'told, and others for the first time',
    before(['a'], ['a'], true),
    ['c'],
    { act: 'note', personIds: ['a'] },
  ],
  ['told, and all are there', before(['a'], ['a'], true), [], { act: 'mend', personIds: ['a'] }],
])('%s', (_title, was, now, is) => {
  expect(missedNow(was, now)).toEqual(is);
});

test('nobody is told of who was missed at one look alone, whatever the looks find', () => {
  const looks = fc.array(fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c')), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(looks, (all) => {
      let row: MissedBefore | null = null;
      all.forEach((now, n) => {
        const { act, personIds } = missedNow(row, now);
        if (act === 'tell')
          for (const id of personIds)
            expect([now.includes(id), all[n - 1]?.includes(id)]).toEqual([true, true]);
        if (act === 'nothing' || act === 'mend' || act === 'forget') row = null;
        else row = { seenIds: now, personIds, isTold: act === 'tell' || row?.isTold === true };
      });
    }),
  );
});
