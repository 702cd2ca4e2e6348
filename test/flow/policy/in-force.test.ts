import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyIsInForce } from '../../../src/flow/policy/policy-alarm.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';

let fresh: FreshDatabase;

beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const loaded = async () =>
  (
    await fresh.database.db
      .selectFrom('audit')
      .select('data')
      .where('type', '=', 'policyLoaded')
      .orderBy('id')
      .execute()
  ).map(({ data }) => data as { fingerprint: string; before: string | null; files: object });

test('the audit has each time that another policy is in force, also when an earlier one comes back, and with the hash of each text', async () => {
  const { db } = fresh.database;
  const start = (fingerprint: string) =>
    policyIsInForce({ db, nudge: () => {} }, fingerprint, { 'policy.md': fingerprint, 'a.cedar': 'x' });
  // A start with another policy than before, another start with the same, and a start with the first again.
  for (const fingerprint of ['first', 'second', 'second', 'first', 'first']) await start(fingerprint);
  expect((await loaded()).map(({ fingerprint, before }) => [fingerprint, before])).toEqual([
    ['first', null],
    ['second', 'first'],
    ['first', 'second'],
  ]);
  expect((await loaded())[1]?.files).toEqual({
    'policy.md': createHash('sha256').update('second').digest('hex'),
    'a.cedar': createHash('sha256').update('x').digest('hex'),
  });
});
