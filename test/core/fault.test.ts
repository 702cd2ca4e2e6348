import { describe, expect, test } from 'vitest';
import { Fault, invariant } from '../../src/core/fault.ts';

describe('a fault', () => {
  test('says what it is of, and whether to try again', () => {
    const cause = new Error('socket closed');
    const whole = { retryable: true, retryAfterMs: 5, outcomeUnknown: true, vendorCode: 'E1', cause };
    const fault = new Fault('idp.unavailable', 'Okta is away', whole);
    expect(fault).toMatchObject({
      name: 'Fault',
      code: 'idp.unavailable',
      message: 'Okta is away',
      ...whole,
    });
  });

  test('has happened for certain, and without a cause, unless that is said', () => {
    const fault = new Fault('idp.unavailable', 'Okta is away', { retryable: false });
    expect(fault.outcomeUnknown).toBe(false);
    expect(fault.retryable).toBe(false);
    expect('cause' in fault).toBe(false);
  });
});

test('what our own code promised and does not hold is a fault that nobody tries again', () => {
  expect(() => invariant(true, 'x')).not.toThrow();
  expect(() => invariant(null, 'two grants')).toThrow(
    expect.objectContaining({ code: 'bug.invariant', message: 'two grants', retryable: false }),
  );
});
