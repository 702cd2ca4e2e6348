import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  lookalikeInWords,
  type UserFacts,
  type Whose,
  whoseUser,
} from '../../../src/core/people/anypoint-user.ts';

const byLogin: UserFacts = {
  isFederated: true,
  isLogin: true,
  isVerified: false,
  isContested: false,
  holder: 'not asked',
  isLeaving: false,
};
const byEmail: UserFacts = { ...byLogin, isLogin: false };

const cases: [string, UserFacts, Whose][] = [
  ['their login, and nobody else’s', byLogin, 'theirs'],
  ['merely their e-mail: the IdP is asked by the name', byEmail, 'ask the IdP'],
  ['the IdP names them by it', { ...byEmail, holder: 'this person' }, 'theirs'],
  ['the IdP names nobody by it', { ...byEmail, holder: 'nobody' }, 'unproven'],
  ['the IdP names somebody else by it', { ...byEmail, holder: 'another, active' }, "another's"],
  ['the IdP does not say', { ...byEmail, holder: 'no answer' }, 'unproven'],
  ['a login that two go by: the IdP is asked', { ...byLogin, isContested: true }, 'ask the IdP'],
  [
    'a login given anew: it is whom the IdP names',
    { ...byLogin, isContested: true, holder: 'another, active' },
    "another's",
  ],
  [
    'a login that two go by, and no answer',
    { ...byLogin, isContested: true, holder: 'no answer' },
    'unproven',
  ],
  [
    'noted as theirs under a former name',
    { ...byEmail, isVerified: true, holder: 'nobody' },
    'formerly theirs',
  ],
  [
    'noted as theirs, and the name is somebody’s who is here now',
    { ...byEmail, isVerified: true, holder: 'another, active' },
    "another's",
  ],
  [
    'noted as theirs, and the IdP does not say: taking away is not lost',
    { ...byEmail, isVerified: true, holder: 'no answer' },
    'formerly theirs',
  ],
  [
    'a leaver’s, made anew by the same login before it was seen gone',
    { ...byLogin, isVerified: true, isContested: true, holder: 'another, active', isLeaving: true },
    'formerly theirs',
  ],
  [
    'a renamed leaver’s former name is the newcomer’s',
    { ...byEmail, isVerified: true, holder: 'another, active', isLeaving: true },
    "another's",
  ],
  ['a local user by the very login', { ...byLogin, isFederated: false }, 'unproven'],
];

test.each(cases)('%s', (_, facts, whose) => {
  expect(whoseUser(facts)).toBe(whose);
});

describe('by whom the IdP names, and what speaks for the person', () => {
  /** A login that somebody else goes by too; a note of ours; both; both of somebody who is leaving. */
  const neither = byEmail;
  const login: UserFacts = { ...byLogin, isContested: true };
  const note: UserFacts = { ...byEmail, isVerified: true };
  const both: UserFacts = { ...login, isVerified: true };
  const leaver: UserFacts = { ...both, isLeaving: true };
  const [T, F, A, U, ASK] = ['theirs', 'formerly theirs', "another's", 'unproven', 'ask the IdP'] as const;

  test.each<[UserFacts['holder'], Whose, Whose, Whose, Whose, Whose]>([
    // holder, neither, login, note, both, both of a leaver
    ['not asked', ASK, ASK, ASK, ASK, ASK],
    ['this person', T, T, T, T, T],
    ['another, active', A, A, A, A, F],
    ['another', A, F, F, F, F],
    ['nobody', U, F, F, F, F],
    ['no answer', U, U, F, F, F],
  ])('%s', (holder, ...whose) => {
    expect([neither, login, note, both, leaver].map((facts) => whoseUser({ ...facts, holder }))).toEqual(
      whose,
    );
  });

  test('a leaver who is known by the login or by a note alone is not taken for the newcomer', () => {
    for (const facts of [login, note])
      expect(whoseUser({ ...facts, holder: 'another, active', isLeaving: true })).toBe(A);
  });

  test('who does not sign in through the IdP has nothing but a note', () => {
    expect(whoseUser({ ...byLogin, isFederated: false, isVerified: true })).toBe(F);
    expect(whoseUser({ ...byEmail, isFederated: false, holder: 'this person' })).toBe(U);
  });
});

describe('whatever the facts', () => {
  const anyFacts: fc.Arbitrary<UserFacts> = fc.record({
    isFederated: fc.boolean(),
    isLogin: fc.boolean(),
    isVerified: fc.boolean(),
    isContested: fc.boolean(),
    holder: fc.constantFrom('this person', 'another, active', 'another', 'nobody', 'no answer', 'not asked'),
    isLeaving: fc.boolean(),
  });

  test('nobody is given anything but by the IdP’s login or the IdP’s answer, and through the IdP', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        if (whoseUser(facts) !== 'theirs') return;
        expect(facts.isFederated).toBe(true);
        expect(facts.holder === 'this person' || (facts.isLogin && !facts.isContested)).toBe(true);
      }),
    );
  });

  test('nothing is taken where neither the login nor a note of ours speaks for it', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const isBare = !facts.isLogin && !facts.isVerified && facts.holder !== 'this person';
        if (isBare) expect(['unproven', "another's", 'ask the IdP']).toContain(whoseUser(facts));
      }),
    );
  });
});

test('the trouble says what is there, why it does not count, and what would', () => {
  const nadia = { email: 'nadia@acme.example', login: 'nadia' };
  expect(lookalikeInWords({ id: '1', username: 'mallory', isFederated: true }, nadia, 'Okta')).toBe(
    'An Anypoint user carries the e-mail nadia@acme.example but goes by the name “mallory”, which Okta does not know as theirs. It counts as theirs once they sign in through Okta as nadia.',
  );
  expect(lookalikeInWords({ id: '1', username: 'nadia', isFederated: false }, nadia, 'Okta')).toContain(
    'signs in with a password of Anypoint’s own and not through Okta, so it could be anybody’s',
  );
});
