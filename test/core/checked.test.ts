import { expect, test } from 'vitest';
import { troubleOf } from '../../src/core/checked.ts';
import { Fault } from '../../src/core/fault.ts';

const next = (fault: Fault) => `look at ${fault.code}`;

test('what works is no trouble', async () => {
  expect(await troubleOf(async () => 'well', next)).toBeNull();
});

test('a fault is told with what to do next; a mistake of ours is thrown on', async () => {
  const failing = async (error: Error) => {
    throw error;
  };
  const fault = new Fault('idp.unavailable', 'Okta is away', { retryable: true });
  expect(await troubleOf(() => failing(fault), next)).toBe('Okta is away: look at idp.unavailable');
  await expect(troubleOf(() => failing(new Error('oops')), next)).rejects.toThrow('oops');
});
