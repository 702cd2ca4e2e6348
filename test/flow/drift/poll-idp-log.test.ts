import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createListener } from '../../../src/flow/drift/poll-idp-log.ts';
import { createOktaLog } from '../../../src/idp/okta/log.ts';
import { credentials } from '../../../src/sandbox/seed.ts';
import { readCursor } from '../../../src/store/event-source-cursors.ts';
import { freshDatabase } from '../../database.ts';
import { type StartedOkta, startOkta } from '../../sandbox/start-okta.ts';

let org: StartedOkta;
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
const lines: string[] = [];
beforeAll(async () => {
  org = await startOkta();
  fresh = await freshDatabase();
});
afterAll(async () => {
  await org.close();
  await fresh.database.close();
  await fresh.close();
});
beforeEach(() => {
  org.world.faults.clear();
  org.world.faults.forgetSeen();
  lines.length = 0;
});

function listener(): () => Promise<void> {
  const context = {
    db: fresh.database.db,
    nudge: () => {},
    log: pino({ level: 'info' }, { write: (line: string) => lines.push(line) }),
  };
  return createListener(context, {
    system: 'okta',
    log: createOktaLog({ orgUrl: `${org.url}/okta`, auth: { token: credentials.oktaApiToken } }),
  });
}
const observed = async () =>
  (await fresh.database.db.selectFrom('observed').select('key').execute()).map((row) => row.key);
const asked = () => org.world.faults.seen({ vendor: 'okta', path: '/logs' }).length;

test('what was observed and where to go on are stored together; the next look goes on from there', async () => {
  const listen = listener();
  await listen();
  const first = await readCursor(fresh.database.db, 'oktaLog');
  expect(Date.parse(first ?? '')).toBeLessThan(Date.now());
  await org.console.addMember('anypoint-orders-read', 'erik');
  await listen();
  expect(await observed()).toHaveLength(1);
  const second = await readCursor(fresh.database.db, 'oktaLog');
  expect(Date.parse(second ?? '')).toBeGreaterThan(Date.parse(first ?? ''));

  // when another process goes on
  await org.console.removeMember('anypoint-orders-read', 'erik');
  await listener()();
  await listener()();

  // then nothing is missed, and nothing counts twice
  expect(await observed()).toHaveLength(2);
});

test('an IdP that refuses its log is told of once, and asked on', async () => {
  const listen = listener();
  org.world.faults.add({ vendor: 'okta', kind: 'status', status: 403, path: '/logs' });
  for (let i = 0; i < 3; i += 1) await listen();
  expect(asked()).toBe(3);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('does not let us read its log');

  org.world.faults.clear();
  const before = (await observed()).length;
  await org.console.addMember('anypoint-orders-read', 'tom');
  await listen();
  expect(await observed()).toHaveLength(before + 1);
  expect(lines).toHaveLength(2);
});

test('a limit is waited out', async () => {
  const listen = listener();
  org.world.faults.add({ vendor: 'okta', kind: 'status', status: 429, path: '/logs', times: 1 });
  await expect(listen()).rejects.toMatchObject({ code: 'idp.throttled' });
  await listen();
  expect(asked()).toBe(1);
  await expect
    .poll(
      async () => {
        await listen();
        return asked();
      },
      { timeout: 15_000, interval: 200 },
    )
    .toBe(2);
});
