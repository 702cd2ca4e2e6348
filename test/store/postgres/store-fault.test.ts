import { expect, test } from 'vitest';
import { Fault } from '../../../src/core/fault.ts';
import { storeFault } from '../../../src/store/postgres/store-fault.ts';

const error = (code?: string) =>
  Object.assign(new Error('as PostgreSQL says it'), code === undefined ? {} : { code });

test.each([
  ['25006', /read-only/],
  ['53100', /no room left on its disk/],
  ['53300', /no connection left/],
  ['57P01', /shut down/],
  ['57P03', /starting up or shutting down/],
  ['08006', /broke the connection/],
  ['28P01', /password/],
  ['58030', /disk/],
  ['ECONNREFUSED', /can’t be connected to/],
])('%s is a fault of the database, to be tried again', (code, words) => {
  expect(storeFault(error(code))).toMatchObject({
    code: 'store.unavailable',
    retryable: true,
    vendorCode: code,
    message: expect.stringMatching(words),
  });
});

test('what the statement itself is to blame for stays as it is', () => {
  for (const code of ['23505', '40001', '42P01', '22P02']) {
    const one = error(code);
    expect(storeFault(one, true), code).toBe(one);
  }
  const lost = storeFault(error(), true);
  expect(lost).toBeInstanceOf(Fault);
  expect(lost).toMatchObject({ message: 'PostgreSQL does not answer' });
  expect(storeFault(error(), false)).not.toBeInstanceOf(Fault);
});
