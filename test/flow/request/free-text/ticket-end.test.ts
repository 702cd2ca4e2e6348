import { expect, test } from 'vitest';
import { ticketEndSaid } from '../../../../src/flow/request/free-text/ticket-end.ts';

test.each<[string, string]>([
  ['orders api logs until INC-4711 is closed', 'INC-4711'],
  ['until the ticket INC-4711 has been resolved, please', 'INC-4711'],
  ['for a week or until INC-4711 is done', 'INC-4711'],
  ['as long as INC-4711 is still open', 'INC-4711'],
  ['while incident INC0010001 is open', 'INC0010001'],
  ['until closure of CHG-0815', 'CHG-0815'],
  ['OPS-1 told me: until INC-4711 is fixed', 'INC-4711'],
  ['Bitte bis INC-4711 geschlossen ist', 'INC-4711'],
  ['bis das Ticket INC-4711 gelöst ist', 'INC-4711'],
  ['jusqu’à ce que INC-4711 soit fermé', 'INC-4711'],
  ['hasta que INC-4711 esté cerrado', 'INC-4711'],
  ['I could not sleep. I need it until INC-4711 is closed', 'INC-4711'],
])('%s', (words, ticket) => {
  expect(ticketEndSaid(words)).toEqual({ ticket });
});

test.each([
  'for INC-4711, until it is closed',
  'INC-4711; until the ticket is resolved',
  'while the incident is open',
])('%s: which one stands elsewhere', (words) => expect(ticketEndSaid(words)).toEqual({ ticket: null }));

test.each([
  'until tomorrow for INC-4711',
  'INC-4711 is closed, and I still need it until Friday',
  'I don’t need it until INC-4711 is closed',
  'not until INC-4711 is closed',
  'nicht bis INC-4711 geschlossen ist',
  'until the shop is closed',
  'until INC-4711',
  'until INC-4711 is not closed',
  'undoing INC-4711 until Monday. CHG-1 is closed',
  '',
])('%s: it ends at its time', (words) => {
  expect(ticketEndSaid(words)).toBeNull();
});

test('a long text without an end is read at once', () => {
  const began = performance.now();
  expect(ticketEndSaid('until the ticket '.repeat(60).slice(0, 1_000))).toBeNull();
  expect(ticketEndSaid(`until ${'a'.repeat(990)}`)).toBeNull();
  expect(performance.now() - began).toBeLessThan(200);
});
