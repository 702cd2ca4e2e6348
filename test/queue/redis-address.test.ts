import { describe, expect, test } from 'vitest';
import { readRedisAddress } from '../../src/queue/redis-address.ts';

const plain = {
  username: null,
  password: null,
  database: 0,
  master: null,
  sentinelUsername: null,
  sentinelPassword: null,
  tls: null,
};

describe('REDIS_URL', () => {
  test.each([
    ['redis://cache', { kind: 'single', hosts: [{ host: 'cache', port: 6379 }] }],
    [
      'rediss://cache:6380/1',
      { kind: 'single', hosts: [{ host: 'cache', port: 6380 }], database: 1, tls: { ca: null } },
    ],
    [
      'redis://:p%40ss@[::1]:7000',
      { kind: 'single', hosts: [{ host: '::1', port: 7000 }], password: 'p@ss' },
    ],
    [
      'redis://us:er:x@h/',
      { kind: 'single', hosts: [{ host: 'h', port: 6379 }], username: 'us', password: 'er:x' },
    ],
    [
      'redis+sentinel://u:p@a,b:26380/mymaster/2?sentinel_password=s',
      {
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 26380 },
        ],
        username: 'u',
        password: 'p',
        master: 'mymaster',
        database: 2,
        sentinelPassword: 's',
      },
    ],
    [
      'redis-sentinel://a/mymaster',
      { kind: 'sentinel', hosts: [{ host: 'a', port: 26379 }], master: 'mymaster' },
    ],
    [
      'rediss+cluster://a:1,b:2',
      {
        kind: 'cluster',
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        tls: { ca: null },
      },
    ],
  ])('%s', (url, expected) => {
    expect(readRedisAddress(url, null)).toEqual({ ...plain, ...expected });
  });

  test.each([
    ['http://cache', /none of redis:/],
    ['redis://a:1,b:2', /several hosts: are they Sentinels .* or a Cluster/],
    ['redis+sentinel://a:26379', /no name of the master/],
    ['redis+cluster://a/3', /a Cluster has only 0/],
    ['redis://a/x', /no number/],
    ['redis://a:99999', /a host that is none/],
    ['redis://a?tls=true', /option tls, which is not known/],
    ['redis://', /none of redis:/],
  ])('%s is refused, with the way out and without the password', (url, why) => {
    expect(readRedisAddress(url, null)).toEqual({ why: expect.stringMatching(why) });
    expect(JSON.stringify(readRedisAddress(url.replace('://', '://u:geheim@'), null))).not.toContain(
      'geheim',
    );
  });

  test('a certificate without TLS is a mistake', () => {
    expect(readRedisAddress('redis://a', 'PEM')).toEqual({ why: expect.stringContaining('REDIS_CA is set') });
    expect(readRedisAddress('rediss://a', 'PEM')).toMatchObject({ tls: { ca: 'PEM' } });
  });
});
