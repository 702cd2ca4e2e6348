import { describe, expect, test } from 'vitest';
import { isJsonObject, readReference, valueUnder } from '../../src/secrets/reference.ts';

describe('where the value of a setting is', () => {
  test.each([
    ['xoxb-1234', null],
    ['postgres://u:p@db/latchkey', null],
    ['-----BEGIN PRIVATE KEY-----', null],
    ['file:///run/secrets/okta', { store: 'file', path: '/run/secrets/okta' }],
    ['secret://aws/latchkey', { store: 'aws', id: 'latchkey', region: null, key: null }],
    ['secret://aws/prod/latchkey/okta#token', { id: 'prod/latchkey/okta', key: 'token' }],
    ['secret://aws//prod/okta#a.b', { id: '/prod/okta', key: 'a.b' }],
    ['secret://aws/rds!db-1a2b#password', { id: 'rds!db-1a2b', key: 'password' }],
    [
      'secret://aws/arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/okta-AbC123#api.token',
      {
        id: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/okta-AbC123',
        region: 'eu-central-1',
        key: 'api.token',
      },
    ],
    [
      'secret://aws/arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:x-AbC123',
      { region: 'us-gov-west-1', key: null },
    ],
  ])('%s', (setting, expected) => {
    const read = readReference(setting);
    if (expected === null) expect(read).toBeNull();
    else expect(read).toMatchObject(expected);
  });

  test.each([
    ['secret://gcp/latchkey', /not known/],
    ['secret://aws/', /names no secret/],
    ['secret://aws/a b', /names no secret/],
    ['secret://aws/pro%2Fd', /names no secret/],
    ['secret://aws/name#', /nothing behind the #/],
    ['secret://aws/arn:aws:secretsmanager:eu-central-1:secret:x', /not the ARN/],
    ['secret://aws/arn:aws:ssm:eu-central-1:123456789012:secret:x', /not the ARN/],
    ['file://run/secrets/x', /names no file/],
    ['file:///', /names no file/],
    ['file:///run/secrets/x#key', /has no key/],
  ])('%s can’t be used, with why', (setting, why) => {
    expect(readReference(setting)).toMatchObject({ why: expect.stringMatching(why) });
  });
});

describe('the value under a key', () => {
  const text = JSON.stringify({
    token: 'geheim',
    'a.b': 'literal',
    okta: { key: 'nested', list: ['first', 'second'], jwk: { kty: 'RSA' } },
    port: 5432,
    off: null,
    toString: 'own',
  });

  test.each([
    ['token', 'geheim'],
    ['a.b', 'literal'],
    ['okta.key', 'nested'],
    ['okta.list.1', 'second'],
    ['okta.jwk', '{"kty":"RSA"}'],
    ['port', '5432'],
    ['toString', 'own'],
  ])('%s', (key, value) => {
    expect(valueUnder(text, key)).toEqual({ value });
  });

  test.each([
    ['tokn', /holds nothing under “tokn”: the JSON has 6 keys; is it “token” that was meant\?/],
    ['okta.none', /holds nothing under/],
    ['constructor', /holds nothing under/],
    ['okta.__proto__', /holds nothing under/],
    ['off', /holds no text/],
  ])('%s is told without any value', (key, why) => {
    const read = valueUnder(text, key);
    expect(read).toMatchObject({ why: expect.stringMatching(why) });
    expect(JSON.stringify(read)).not.toMatch(/geheim|literal|nested/);
  });

  test('what is no JSON is said so, without it', () => {
    expect(valueUnder('plain geheim', 'token')).toEqual({ why: expect.stringMatching(/^holds no JSON/) });
    expect(JSON.stringify(valueUnder('plain geheim', 'token'))).not.toContain('geheim');
    expect(valueUnder('"text"', 'length')).toMatchObject({ why: expect.stringMatching(/^holds no JSON/) });
    expect(isJsonObject('{"a":1}')).toBe(true);
    expect(isJsonObject('{broken')).toBe(false);
  });
});
