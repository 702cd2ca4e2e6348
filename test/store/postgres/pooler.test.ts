import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDatabase } from '../../../src/store/postgres/database-check.ts';
import { refusePooler, sharedByPooler } from '../../../src/store/postgres/pooler.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';
import { hasPgbouncer, type Pgbouncer, startPgbouncer } from '../../faults/pgbouncer.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

test('PostgreSQL itself keeps each connection', async () => {
  expect(await sharedByPooler(fresh.url)).toBeNull();
});

// good_job #1573, OCA/queue #907, queue_classic #184: workers behind a pooler that shares connections.
describe.skipIf(!hasPgbouncer())('PgBouncer between', () => {
  let pooler: Pgbouncer;
  const through = async (mode: 'session' | 'transaction' | 'statement') => {
    pooler = await startPgbouncer(fresh.url, mode);
    return pooler.url;
  };

  test('that gives a connection for as long as it lasts is as good as none', async () => {
    const url = await through('session');
    try {
      expect(await sharedByPooler(url)).toBeNull();
      await refusePooler(url);
    } finally {
      await pooler.stop();
    }
  });

  test.each(['transaction', 'statement'] as const)(
    'that gives one for a %s is refused at the start, with the way out',
    async (mode) => {
      const url = await through(mode);
      try {
        await expect(refusePooler(url)).rejects.toMatchObject({
          code: 'config.invalid',
          message: expect.stringContaining('pool_mode=session'),
        });
        expect((await checkDatabase(url))[0]).toEqual({
          name: 'database',
          trouble: expect.stringContaining('let DATABASE_URL lead to PostgreSQL itself'),
        });
      } finally {
        await pooler.stop();
      }
    },
  );
});
