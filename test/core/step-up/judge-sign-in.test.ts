import { describe, expect, test } from 'vitest';
import { judgeSignIn, type SignInClaims, type WantedSignIn } from '../../../src/core/step-up/step-up.ts';
import { later } from '../given.ts';

const wanted: WantedSignIn = {
  subject: '00utom',
  acrValues: ['phr', 'urn:okta:loa:2fa:any'],
  begunAt: later(10),
  expiresAt: later(300),
};
const claims: SignInClaims = {
  subject: '00utom',
  authTime: later(40),
  acr: 'urn:okta:loa:2fa:any',
  amr: ['pwd', 'otp'],
};
const judged = (said: Partial<SignInClaims>, at = later(45), of: Partial<WantedSignIn> = {}) =>
  judgeSignIn({ ...wanted, ...of }, { ...claims, ...said }, at);

test('a fresh sign-in of the person who clicked, strong enough and in time, is kept with when and how', () => {
  expect(judged({})).toEqual({ at: later(40), acr: 'urn:okta:loa:2fa:any', amr: ['pwd', 'otp'] });
});

describe('a sign-in does not count', () => {
  test.each<[what: string, said: Partial<SignInClaims>, at: Date, failed: string]>([
    ['of somebody else', { subject: '00uines' }, later(45), 'otherPerson'],
    [
      'of somebody else, and too late: who it was comes first',
      { subject: '00uines' },
      later(999),
      'otherPerson',
    ],
    ['of nobody', { subject: '' }, later(45), 'otherPerson'],
    ['at the end of the time', {}, later(300), 'late'],
    ['after the time', {}, later(301), 'late'],
    ['of which it is not told when it was', { authTime: null }, later(45), 'notFresh'],
    ['from before it was begun: an old session', { authTime: later(-21) }, later(45), 'notFresh'],
    ['from the future, beyond what clocks differ', { authTime: later(76) }, later(45), 'notFresh'],
    ['at a time that is none', { authTime: new Date(Number.NaN) }, later(45), 'notFresh'],
    ['that reached another level', { acr: 'urn:okta:loa:1fa:any' }, later(45), 'tooWeak'],
    ['of which no level is told', { acr: null }, later(45), 'tooWeak'],
    ['whose level only looks like one', { acr: 'urn:okta:loa:2fa:any:ifpossible' }, later(45), 'tooWeak'],
  ])('%s', (_what, said, at, failed) => {
    expect(judged(said, at)).toEqual({ failed });
  });

  test('of a person whom the identity provider has no id for', () => {
    expect(judged({ subject: '00utom' }, later(45), { subject: '' })).toEqual({ failed: 'otherPerson' });
  });
});

test.each<[what: string, said: Partial<SignInClaims>, of?: Partial<WantedSignIn>]>([
  ['clocks that differ by half a minute, theirs behind', { authTime: later(-20) }],
  ['clocks that differ by half a minute, theirs ahead', { authTime: later(75) }],
  ['another of the levels', { acr: 'phr' }],
  ['no level, where none is asked for', { acr: null }, { acrValues: [] }],
  ['no methods', { amr: [] }],
])('counts all the same: %s', (_what, said, of = {}) => {
  expect(judged(said, later(45), of)).not.toHaveProperty('failed');
});
