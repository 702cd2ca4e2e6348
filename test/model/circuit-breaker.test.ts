import { expect, test } from 'vitest';
import { CircuitBreaker } from '../../src/model/circuit-breaker.ts';

function breakerAt(start: number) {
  const clock = { ms: start };
  return { clock, breaker: new CircuitBreaker({ failuresToOpen: 3, openMs: 1_000, now: () => clock.ms }) };
}

test('opens after so many failures in a row', () => {
  const { breaker } = breakerAt(0);
  breaker.failed();
  breaker.failed();
  breaker.succeeded();
  breaker.failed();
  breaker.failed();
  expect(breaker.mayTry()).toBe(true);
  breaker.failed();
  expect(breaker.mayTry()).toBe(false);
});

test('after its time lets one through; a success closes it, a failure opens it again', () => {
  const { breaker, clock } = breakerAt(0);
  for (let n = 0; n < 3; n += 1) breaker.failed();
  clock.ms = 999;
  expect(breaker.mayTry()).toBe(false);
  clock.ms = 1_000;
  expect([breaker.mayTry(), breaker.mayTry()]).toEqual([true, false]);
  breaker.failed();
  clock.ms = 1_999;
  expect(breaker.mayTry()).toBe(false);
  clock.ms = 2_000;
  expect(breaker.mayTry()).toBe(true);
  breaker.succeeded();
  expect([breaker.mayTry(), breaker.mayTry()]).toEqual([true, true]);
});
