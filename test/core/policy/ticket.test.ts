import { expect, test } from 'vitest';
import { refuseTicket } from '../../../src/core/policy/ticket.ts';

const rule = { pattern: '(INC|CHG)-\\d{1,8}', example: 'INC-4711', requiredFor: ['critical' as const] };
const asked = (ticket: string | null, tier: 'low' | 'critical' = 'low', extend = false) =>
  refuseTicket(rule, { ticket, extend }, { title: 'Administration', tier })?.reason ?? null;

test.each([
  ['INC-4711', null],
  ['CHG-1', null],
  ['inc-4711', 'ticketInvalid'],
  ['INC-4711 and more', 'ticketInvalid'],
  ['see INC-4711', 'ticketInvalid'],
  ['INC-', 'ticketInvalid'],
  ['INC-4711|', 'ticketInvalid'],
])('a ticket has to be written whole as the catalogue says: %s', (ticket, refused) => {
  expect(asked(ticket)).toBe(refused);
});

test('one is needed for the tiers that the catalogue names, and not to extend', () => {
  expect(asked(null, 'critical')).toBe('ticketMissing');
  expect(asked(null, 'low')).toBeNull();
  expect(asked(null, 'critical', true)).toBeNull();
  expect(asked('INC-1', 'critical')).toBeNull();
});

test('where the catalogue says nothing of tickets anything will do', () => {
  expect(
    refuseTicket(undefined, { ticket: 'whatever', extend: false }, { title: 'A', tier: 'critical' }),
  ).toBeNull();
});
