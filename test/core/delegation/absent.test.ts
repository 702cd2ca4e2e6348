import { expect, test } from 'vitest';
import { absentAmong } from '../../../src/core/delegation/absent.ts';
import { approvedBy, approver, person } from '../given.ts';
import { away, until } from './given.ts';

const tom = approver('tom');
const olga = approver('olga');
const among = (facts: Partial<Parameters<typeof absentAmong>[1]>, ...people: (typeof tom)[]) =>
  absentAmong(people, { absences: [], byStatus: [], given: [], ...facts }).map(({ name }) => name);

test.each<[string, string[], string[]]>([
  ['nobody is away', among({}, tom, olga), []],
  ['away, and nobody named', among({ byStatus: [{ id: tom.id, until: null }] }, tom, olga), ['tom']],
  ['away with a delegate', among({ absences: [away('tom', 'nadia')] }, tom), []],
  [
    'a delegate who may not decide on this',
    among({ absences: [away('tom', 'nadia', { whyNot: 'may not' })] }, tom),
    ['tom'],
  ],
  ['a delegate who is asked already', among({ absences: [away('tom', 'olga')] }, tom, olga), ['tom']],
  [
    'one delegate of two',
    among({ absences: [away('tom', 'nadia'), away('olga', 'nadia')] }, tom, olga),
    ['olga'],
  ],
  [
    'a delegate counts more than a status',
    among({ absences: [away('tom', 'nadia')], byStatus: [{ id: tom.id, until }] }, tom),
    [],
  ],
  ['who is back', among({ absences: [away('tom', 'nadia', { isOver: true })] }, tom), []],
  [
    'who has approved before they left',
    among({ byStatus: [{ id: tom.id, until }], given: approvedBy('tom') }, tom),
    [],
  ],
  [
    'for whom a delegate has approved',
    among(
      {
        absences: [away('tom', 'nadia', { whyNot: 'is away too' })],
        given: [{ by: person('nadia'), insteadOf: { id: tom.id, name: 'tom' } }],
      },
      tom,
    ),
    [],
  ],
])('of those asked, waiting is of no use: %s', (_, found, expected) => {
  expect(found).toEqual(expected);
});
