import { expect, test } from 'vitest';
import { type PersonSnapshot, type Turn, turnsOf } from '../../../src/core/people/person-snapshot.ts';

const active: PersonSnapshot = { status: 'active', department: 'Sales', manager: 'olga@acme.example' };
const as = (status: PersonSnapshot['status']): PersonSnapshot => ({ ...active, status });
const was = (statusText: PersonSnapshot, hadApp = true) => ({ ...statusText, hadApp });

test.each<
  [
    string,
    { before: ReturnType<typeof was> | null; now: PersonSnapshot; told: boolean | null },
    readonly Turn[],
  ]
>([
  ['somebody new, with the app', { before: null, now: active, told: true }, ['arrived']],
  ['somebody new, switched off', { before: null, now: active, told: false }, ['lostApp', 'arrived']],
  ['somebody new, not known whether on: waits', { before: null, now: active, told: null }, []],
  ['new, on hold, not known whether on', { before: null, now: as('suspended'), told: null }, ['suspended']],
  ['new, and gone, not known whether on', { before: null, now: as('deleted'), told: null }, ['left']],
  ['known to be on, then not known', { before: was(active), now: active, told: null }, []],
  ['known to be off, then not known', { before: was(active, false), now: active, told: null }, []],
  ['known to be on, then off', { before: was(active), now: active, told: false }, ['lostApp']],
  ['known to be off, then on', { before: was(active, false), now: active, told: true }, ['returned']],
  [
    'moved, while it is not known',
    { before: was(active), now: { ...active, department: 'Support' }, told: null },
    ['moved'],
  ],
  [
    'back from a hold, while it is not known',
    { before: was(as('suspended')), now: active, told: null },
    ['returned'],
  ],
  ['left, while it is not known', { before: was(active), now: as('deprovisioned'), told: null }, ['left']],
  ['left before already', { before: was(as('deleted')), now: as('deprovisioned'), told: null }, []],
  [
    'off a hold, and neither on nor gone',
    { before: was(as('suspended')), now: as('inactive'), told: true },
    [],
  ],
  ['still on hold', { before: was(as('suspended')), now: as('suspended'), told: true }, []],
  [
    'still on hold, and switched off',
    { before: was(as('suspended')), now: as('suspended'), told: false },
    [],
  ],
  ['put on hold', { before: was(active), now: as('suspended'), told: true }, ['suspended']],
  [
    'another manager',
    { before: was(active), now: { ...active, manager: 'sam@acme.example' }, told: true },
    ['moved'],
  ],
  ['still off', { before: was(active, false), now: active, told: false }, []],
])('%s', (_, { before, now, told }, turns) => {
  expect(turnsOf(before, now, told)).toEqual(turns);
});
