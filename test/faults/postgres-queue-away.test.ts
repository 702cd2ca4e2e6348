import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

/** The queue's own tables in PostgreSQL; ours are elsewhere. */
const SCHEMA = 'bullmq';
const PATIENCE_MS = 120_000;

let stage: Stage;
let walk: Journey;
let holder: pg.Client;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ redisUrl: null }));
  await walk.isQuiet();
  holder = new pg.Client({ connectionString: stage.databaseUrl });
  holder.on('error', () => {});
  await holder.connect();
}, PATIENCE_MS);
afterAll(async () => {
  await holder?.end().catch(() => {});
  await stage?.close();
});

const queue = async () =>
  (
    (await (
      await fetch(`${stage.latchkey.url}/readyz`, {
        headers: { authorization: 'Bearer read-token-for-tests' },
      })
    ).json()) as { queue: string }
  ).queue;

const tables = async () =>
  (
    await walk.query<{ name: string }>(
      "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname = $1",
      [SCHEMA],
    )
  ).map(({ name }) => name);

/** The queue goes on meanwhile: where both would wait for each other, PostgreSQL ends one, and it is tried again. */
async function lockAll(names: readonly string[]): Promise<void> {
  await walk.until('its tables are locked', async () => {
    await holder.query('begin');
    try {
      return await holder.query(`lock table ${names.join(', ')} in access exclusive mode`);
    } catch (error) {
      await holder.query('rollback');
      if ((error as { code?: string }).code !== DEADLOCK) throw error;
      return null;
    }
  });
}
const DEADLOCK = '40P01';

test(
  'a queue on PostgreSQL that hangs is done without, and taken up again',
  async () => {
    // given its tables locked by somebody
    expect(await queue()).toBe('ready');
    const names = await tables();
    expect(names.length).toBeGreaterThan(0);
    await lockAll(names);

    // when
    const asked = await walk.asks('ines', {
      entitlement: 'orders-api-read',
      seconds: 10,
      reason: 'While it hangs',
    });
    await walk.click('tom', asked.card, 'approve');

    // then
    await walk.becomes(asked.id, 'inEffect', 20_000);
    await walk.until('it is said', async () => (await queue()).startsWith('away since'), 20_000);
    await walk.endsAs(asked.id, 'inEffect', 30_000);

    // when it is let go of
    await holder.query('rollback');
    await walk.until('it is ready', async () => (await queue()) === 'ready', 40_000);
    await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'On it again' });
    await walk.isQuiet();
  },
  PATIENCE_MS,
);

test(
  'a queue on PostgreSQL whose tables are gone makes them anew',
  async () => {
    await walk.query(`alter schema ${SCHEMA} rename to away`);
    await walk.isGiven('sam', { entitlement: 'orders-api-read', reason: 'Without its tables' });
    await walk.until(
      'it is ready',
      async () => (await queue()) === 'ready' && (await tables()).length > 0,
      40_000,
    );
    await walk.isGiven('sofia', { entitlement: 'orders-api-read', reason: 'With new ones' });
  },
  PATIENCE_MS,
);
