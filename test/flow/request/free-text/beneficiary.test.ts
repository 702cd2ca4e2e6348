import { expect, test } from 'vitest';
import { type Naming, namingIn } from '../../../../src/flow/request/free-text/beneficiary.ts';

const people = [
  { id: 'nadia', name: 'Nadia Haddad' },
  { id: 'tom', name: 'Tom Okafor' },
  { id: 'tom2', name: 'Tom Berger' },
  { id: 'ines', name: 'Ines Ferreira' },
];
const titles = ['Orders API: read logs and messages in prod', 'Payments API: read logs in prod'];
const naming = (text: string) => namingIn(text, people, { askerId: 'ines', titles });

test.each<[string, Naming]>([
  ['payments logs for Nadia', { is: 'person', id: 'nadia', name: 'Nadia Haddad' }],
  ['payments logs for nadia until Friday', { is: 'person', id: 'nadia', name: 'Nadia Haddad' }],
  ['for my colleague Nadia: orders logs', { is: 'person', id: 'nadia', name: 'Nadia Haddad' }],
  ['give Nadia the payments logs', { is: 'person', id: 'nadia', name: 'Nadia Haddad' }],
  ['Nadia needs the payments logs', { is: 'person', id: 'nadia', name: 'Nadia Haddad' }],
  ['Nadia braucht die Orders-Logs', { is: 'person', id: 'nadia', name: 'Nadia Haddad' }],
  ['Orders-Logs für Nadia Haddad', { is: 'person', id: 'nadia', name: 'Nadia Haddad' }],
  ['orders logs for Tom Berger', { is: 'person', id: 'tom2', name: 'Tom Berger' }],
  ['orders logs for Tom', { is: 'several', words: 'Tom', names: ['Tom Okafor', 'Tom Berger'] }],
  ['orders logs for <@U0000007|nadia>', { is: 'account', accountId: 'U0000007' }],
  ['for <@U0000007> and <@U0000002>', { is: 'several', words: 'several people', names: [] }],
  ['orders logs for Nadia, as <@U0000002> says', { is: 'several', words: 'several people', names: [] }],
  ['orders logs for Ludmilla', { is: 'unknown', words: 'Ludmilla' }],
  // For themselves.
  ['read orders logs', { is: 'oneself' }],
  ['orders logs for me', { is: 'oneself' }],
  ['orders logs for Ines', { is: 'oneself' }],
  ['I need logs for Orders', { is: 'oneself' }],
  ['payments logs for 3 days', { is: 'oneself' }],
  ['logs for Friday', { is: 'oneself' }],
  ['orders logs for INC-4711', { is: 'oneself' }],
  ['orders logs for debugging', { is: 'oneself' }],
  // Spoken of, and not whom it is for.
  ['orders logs because Nadia asked me', { is: 'oneself' }],
])('%s', (text, named) => {
  expect(naming(text)).toEqual(named);
});
