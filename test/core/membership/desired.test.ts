import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GrantId } from '../../../src/core/ids.ts';
import { type Grant, heldUntil, isDesired, isLive } from '../../../src/core/membership/desired.ts';
import { later, person } from '../given.ts';

function grant(from: number, to: number, endedAt: number | null = null): Grant {
  return {
    id: 'g' as GrantId,
    changeId: 'c',
    personId: person('ines'),
    entitlementKey: 'orders',
    groupId: 'g1',
    teamId: 't1',
    startsAt: later(from),
    endsAt: later(to),
    endedAt: endedAt === null ? null : later(endedAt),
  };
}

test.each([
  ['before it starts', grant(1, 10), 0, false],
  ['the moment it starts', grant(0, 10), 0, true],
  ['in the middle', grant(0, 10), 5, true],
  ['the moment it ends', grant(0, 10), 10, false],
  ['after it was given back', grant(0, 10, 3), 5, false],
])('a grant %s', (_when, one, at, live) => {
  expect(isLive(one, later(at))).toBe(live);
});

const someGrant = fc
  .tuple(
    fc.integer({ min: -50, max: 50 }),
    fc.integer({ min: 1, max: 50 }),
    fc.option(fc.integer({ min: -50, max: 100 }), { nil: null }),
  )
  .map(([from, length, ended]) => grant(from, from + length, ended));
const someGrants = fc.array(someGrant, { maxLength: 5 });
const aMoment = fc.integer({ min: -60, max: 110 }).map((s) => later(s));

test('desired exactly while some grant is live', () => {
  fc.assert(
    fc.property(someGrants, aMoment, (grants, now) => {
      expect(isDesired(grants, now)).toBe(
        grants.some((g) => g.endedAt === null && g.startsAt <= now && now < g.endsAt),
      );
    }),
  );
});

test('ending one grant never cuts while another is live', () => {
  fc.assert(
    fc.property(someGrants, someGrant, aMoment, (others, ending, now) => {
      const ended = { ...ending, endedAt: now };
      expect(isDesired([...others, ended], now)).toBe(isDesired(others, now));
    }),
  );
});

test('the order of grants makes no difference, nor does telling one twice', () => {
  fc.assert(
    fc.property(someGrants, aMoment, (grants, now) => {
      const other = [...grants].reverse().concat(grants);
      expect(isDesired(other, now)).toBe(isDesired(grants, now));
      expect(heldUntil(other, now)).toEqual(heldUntil(grants, now));
    }),
  );
});

test('held until the last live end, and held at all exactly when desired', () => {
  fc.assert(
    fc.property(someGrants, aMoment, (grants, now) => {
      const until = heldUntil(grants, now);
      expect(until !== null).toBe(isDesired(grants, now));
      if (until === null) return;
      expect(until.getTime()).toBeGreaterThan(now.getTime());
      for (const g of grants)
        if (isLive(g, now)) expect(g.endsAt.getTime()).toBeLessThanOrEqual(until.getTime());
    }),
  );
});

test('access is held until the last of the live grants ends', () => {
  const grants = [grant(0, 30), grant(0, 90), grant(0, 60), grant(0, 500, 5), grant(50, 900)];
  expect(heldUntil(grants, later(10))).toEqual(later(90));
  expect(heldUntil(grants, later(95))).toEqual(later(900));
  expect(heldUntil(grants, later(900))).toBeNull();
});
