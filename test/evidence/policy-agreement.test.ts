import { expect, test } from 'vitest';
import { agreementGaps } from '../../src/evidence/policy-agreement.ts';

const PERIOD = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-04-01T00:00:00Z') };
const FROM = '2026-01-10T15:00:06Z';
const agreed = (on: string, recordedAt: string) => ({
  name: 'Sofia',
  on,
  where: 'pull request 118',
  recordedAt,
  recordedBy: 'operator root',
});

test.each<[what: string, agreements: ReturnType<typeof agreed>[], between: string | null]>([
  ['an hour before anybody agreed', [agreed('2026-01-10', '2026-01-10T16:00:11Z')], 'up to 1.0 hours'],
  ['recorded as soon as its fingerprint was known', [agreed('2026-01-10', '2026-01-10T15:05:00Z')], null],
  ['agreed to the day before, and recorded later', [agreed('2026-01-09', '2026-01-20T10:00:00Z')], null],
  ['agreed to three days later', [agreed('2026-01-13', '2026-02-01T10:00:00Z')], 'up to 81.0 hours'],
  [
    'the first one of two who agreed',
    [agreed('2026-01-13', '2026-01-13T10:00:00Z'), agreed('2026-01-09', '2026-01-13T11:00:00Z')],
    null,
  ],
])('a policy in force: %s', (_what, agreements, between) => {
  const found = agreementGaps(
    { fingerprint: 'f', inForce: [{ from: FROM, to: null }], agreed: agreements },
    PERIOD,
  );
  expect(found.map(({ what }) => String(what).match(/up to .* hours/)?.[0])).toEqual(
    between === null ? [] : [between],
  );
});

test('a policy to which nobody agreed is an exception while it is in force, and not of another period', () => {
  const policy = { fingerprint: 'f', inForce: [{ from: FROM, to: '2026-01-12T09:00:00Z' }], agreed: [] };
  expect(agreementGaps(policy, PERIOD)).toMatchObject([
    {
      kind: 'policy: in force, and nobody’s agreement is on record',
      what: 'policy f was in force from 2026-01-10 15:00:06 UTC to 2026-01-12 09:00:00 UTC',
    },
  ]);
  expect(agreementGaps(policy, { from: PERIOD.to, to: new Date('2026-07-01T00:00:00Z') })).toEqual([]);
});
