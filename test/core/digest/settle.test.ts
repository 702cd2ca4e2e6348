import { expect, test } from 'vitest';
import { type DigestLine, type LineVerb, verbsOf } from '../../../src/core/digest/digest.ts';
import { type AnswerFacts, settleLine } from '../../../src/core/digest/settle.ts';
import type { EntitlementKey, PersonId } from '../../../src/core/ids.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { later, T0 } from '../given.ts';

const id = (name: string) => name as PersonId;
const clicker = (name: string) => ({
  id: id(name),
  name,
  email: `${name}@acme.example`,
  login: `${name}.login`,
});
const line = (rest: Partial<DigestLine> = {}): DigestLine => ({
  place: 1,
  kinds: ['unused'],
  personId: id('ines'),
  personName: 'Ines',
  entitlementKey: 'orders' as EntitlementKey,
  changeId: null,
  facts: { startsAt: T0, endsAt: later(86_400), usage: null, silence: null, conflictsWith: null },
  answer: null,
  state: 'inEffect',
  ...rest,
});
const answered = (verb: LineVerb): DigestLine =>
  line({ answer: { verb, by: id('olga'), byName: 'Olga', at: T0, clickId: 'first' } });
const facts = (who: string, rest: Partial<AnswerFacts> = {}): AnswerFacts => ({
  clicker: clicker(who),
  owner: 'olga@acme.example',
  admins: ['sam@acme.example'],
  manager: 'tom@acme.example',
  ...rest,
});

// person, line, verb, facts, expected
test.each<[string, DigestLine, LineVerb, AnswerFacts, string]>([
  ['the owner keeps', line(), 'keep', facts('olga'), 'counts'],
  ['the owner revokes', line(), 'revoke', facts('olga'), 'counts'],
  ['the manager revokes', line(), 'revoke', facts('tom'), 'counts'],
  [
    'the manager, whom the directory calls by login',
    line(),
    'revoke',
    facts('tom', { manager: 'TOM.LOGIN' }),
    'counts',
  ],
  ['an admin, in another’s stead', line(), 'revoke', facts('sam'), 'counts'],
  ['somebody else', line(), 'revoke', facts('erik'), 'notAnApprover'],
  [
    'who was the manager when it was sent',
    line(),
    'keep',
    facts('tom', { manager: 'erik@acme.example' }),
    'notAnApprover',
  ],
  [
    'who was the owner when it was sent',
    line(),
    'revoke',
    facts('olga', { owner: 'erik@acme.example' }),
    'notAnApprover',
  ],
  [
    'the manager of somebody whom the IdP no longer knows',
    line(),
    'revoke',
    facts('tom', { manager: null }),
    'notAnApprover',
  ],
  ['the owner of what left the catalogue', line(), 'revoke', facts('olga', { owner: null }), 'notAnApprover'],
  ['nobody of their own', line(), 'keep', facts('ines', { owner: 'ines@acme.example' }), 'selfApproval'],
  [
    'nobody of their own, as an admin',
    line(),
    'revoke',
    facts('ines', { admins: ['ines@acme.example'] }),
    'selfApproval',
  ],
  ['a second person, after it was kept', answered('keep'), 'revoke', facts('tom'), 'alreadySettled'],
  ['a second person, after it was revoked', answered('revoke'), 'keep', facts('tom'), 'alreadySettled'],
  ['after a question it can still be revoked', answered('ask'), 'revoke', facts('tom'), 'counts'],
  ['a second question', answered('ask'), 'ask', facts('tom'), 'alreadySettled'],
])('%s', (_, given, verb, known, expected) => {
  const settled = settleLine(given, { id: 'click', verb }, known);
  expect(isRefusal(settled) ? settled.reason : settled).toBe(expected);
});

test('the very same click is counted once', () => {
  expect(settleLine(answered('keep'), { id: 'first', verb: 'keep' }, facts('olga'))).toBe('repeat');
});

test('what has no end can’t be left to end; what was found is decided on as on its card', () => {
  const { facts: dated } = line();
  expect(verbsOf(line({ facts: { ...dated, endsAt: null } }))).toEqual(['keep', 'revoke', 'ask']);
  expect(verbsOf(line({ kinds: ['found'] }))).toEqual([]);
});
