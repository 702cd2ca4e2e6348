import { describe, expect, test } from 'vitest';
import { entryInWords } from '../../src/web/entry-words.ts';
import { events, T0 } from '../core/given.ts';

const tom = { person: 'person-tom', name: 'Tom Okafor' };
const said = (type: string, data: Record<string, unknown> = {}, actor: unknown = { part: 'latchkey' }) =>
  entryInWords({ at: T0, type, actor, data }, 'Okta').text;

test.each(Object.entries(events))('%s is told in words', (type, event) => {
  const text = said(type, event, event.actor);
  expect(text).toMatch(/^(?:[A-Z]|tom |ines )/);
  expect(text).not.toMatch(/undefined|null|\[object|(?:change|idp|grant)[A-Z]/);
});

describe('who did it is named once', () => {
  test.each([
    ['approvalGiven', { approval: { name: 'Tom Okafor' } }],
    ['changeApproved', { decision: { by: 'person-tom', byName: 'Tom Okafor' } }],
    ['changeDenied', { decision: { by: 'person-tom', byName: 'Tom Okafor', note: 'no' } }],
    ['changeReceived', { kind: 'grant', cause: 'request' }],
    ['clickRefused', { reason: 'selfApproval' }],
    ['grantEnded', { stillHeld: false }],
  ])('%s', (type, data) => {
    expect(said(type, data, tom).split('Tom Okafor').length).toBeLessThanOrEqual(2);
  });
});

test('an entry that lacks what is told of it is told by its name', () => {
  expect(said('approvalGiven', {}, tom)).toBe('Approval given');
});

test('refused clicks are told in words', () => {
  expect(said('clickRefused', { reason: 'notAnApprover' }, tom)).toBe(
    'Tom Okafor is not an approver, and was refused',
  );
  expect(said('clickRefused', { reason: 'somethingNew' }, tom)).toMatch(/^Tom Okafor pressed a button/);
});

test('what was found, and what is taken away', () => {
  expect(said('changeReceived', { kind: 'grant', cause: 'finding' })).toBe(
    'Found in the group; nobody asked for it',
  );
  expect(said('changeReceived', { kind: 'revoke', cause: 'release' }, tom)).toBe(
    'To be taken away: given back early, by Tom Okafor',
  );
});

test('an entry of a newer Latchkey is shown as what it is called', () => {
  expect(said('somethingNewHappened')).toBe('Something new happened');
});
