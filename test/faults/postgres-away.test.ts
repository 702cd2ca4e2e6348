import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { query } from '../global-setup.ts';
import { type Journey, walkOn } from '../journeys/journey.ts';
import { scimCall } from '../journeys/scim-wire.ts';
import { type Stage, setStage } from '../stage.ts';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

const PATIENCE_MS = 150_000;
const read = 'orders-api-read';

let proxy: TcpProxy;
let stage: Stage;
let walk: Journey;
let database: string;
beforeAll(async () => {
  const server = new URL(inject('postgresUrl'));
  proxy = await tcpProxy(Number(server.port));
  stage = await setStage({
    people: [...seeded, ...Array.from({ length: 20 }, (_, n) => crowdPerson(n))],
    through: (url) => {
      const address = new URL(url);
      address.port = String(proxy.port);
      return address.href;
    },
  });
  database = new URL(stage.databaseUrl).pathname.slice(1);
  walk = await walkOn(stage.world.url, stage.databaseUrl);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(async () => {
  await stage?.close();
  await proxy?.close();
});

/** As the server's own. */
const onServer = (statement: string) => query(inject('postgresUrl'), statement);
const readyz = async () => {
  const answer = await fetch(`${stage.latchkey.url}/readyz`, {
    headers: { authorization: 'Bearer read-token-for-tests' },
  });
  return { status: answer.status, ...((await answer.json()) as { cannot: string[]; queue: string }) };
};
const refuses = (why: RegExp) =>
  eventually(
    `/readyz says ${why}`,
    async () => {
      const { status, cannot } = await readyz();
      return status === 503 && why.test(cannot.join('\n'));
    },
    40_000,
  );
const isReady = () =>
  eventually(
    'all is ready again',
    async () => {
      const { status, queue } = await readyz();
      return status === 200 && queue === 'ready';
    },
    40_000,
  );

/** How often somebody was told, wherever, that what they did came to nothing. */
const told = async (who: string) =>
  [...(await walk.whispers(who)), ...(await walk.whispers(who, 'dm'))].filter((text) =>
    text.includes('Nothing was changed'),
  ).length;

type Trouble = {
  name: string;
  says: RegExp;
  begin(): Promise<unknown> | unknown;
  end(): Promise<unknown> | unknown;
};

const endOurs = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '%' and application_name like 'latchkey%'`;

const troubles: Trouble[] = [
  {
    name: 'is read-only',
    says: /read-only/,
    begin: () =>
      onServer(`alter database ${database} set default_transaction_read_only = on`).then(() =>
        onServer(endOurs.replace('%', database)),
      ),
    end: () => onServer(`alter database ${database} reset default_transaction_read_only`),
  },
  {
    name: 'has no connection left for us',
    says: /no connection left/,
    begin: () =>
      onServer(`alter database ${database} connection limit 0`).then(() =>
        onServer(endOurs.replace('%', database)),
      ),
    end: () => onServer(`alter database ${database} connection limit -1`),
  },
  {
    name: 'answers nothing',
    says: /does not answer|can’t be connected/,
    begin: () => proxy.fallSilent(),
    end: () => proxy.speak(),
  },
];

describe('a PostgreSQL that', () => {
  let ending: (() => unknown) | null = null;
  afterEach(async () => {
    await ending?.();
    ending = null;
  });

  test.each(troubles)(
    '$name: people are told that nothing was changed, and everything goes on by itself when it is back',
    async ({ name, says, begin, end }) => {
      const n = troubles.findIndex((t) => t.name === name) * 3;
      const [asker, holder, later] = [n, n + 1, n + 2].map((at) => crowdPerson(at).key) as [
        string,
        string,
        string,
      ];
      const before = new Map<string, number>();
      const isTold = (who: string) => async () => (await told(who)) > (before.get(who) ?? 0);
      for (const who of [asker, 'olga']) before.set(who, await told(who));
      // given somebody whose request waits
      const asked = await walk.asks(holder, { entitlement: read, reason: `Asked before: ${name}` });

      // when
      ending = end;
      await begin();
      await refuses(says);

      // then whoever asks or clicks is told that nothing was changed, a SCIM client is told to send again
      await walk
        .request('POST', '/slack/sim/command', { as: asker, command: '/access', text: '' })
        .catch(() => {});
      await eventually('whoever asks is told of it', isTold(asker), 20_000);
      await walk.click('olga', asked.card, 'approve').catch(() => {});
      await eventually('the clicker is told of it', isTold('olga'), 20_000);
      await expect(
        scimCall(stage.latchkey.url, 'POST', '/Users', { schemas: [], userName: `nobody-${n}@acme.example` }),
      ).rejects.toThrow(/503/);

      // when it is back
      ending = null;
      await end();
      await isReady();

      // then
      await walk.click('olga', asked.card, 'approve');
      await walk.becomes(asked.id, 'inEffect', 40_000);
      await walk.isGiven(later, { entitlement: read, reason: `After: ${name}` });
      // Work under way when it went away is taken up when its lease has run out.
      await walk.owesNothing(60_000);
    },
    PATIENCE_MS,
  );

  test(
    'falls silent while work is under way under locks: they are free within the lease, and the work goes on',
    async () => {
      // given a write in Okta and a message in Slack that are under way, each under a lock
      const asked = await walk.asks(crowdPerson(16).key, { entitlement: read, reason: 'Under way' });
      await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'latency', ms: 2_000 });
      await walk.fault({ vendor: 'slack', path: 'chat\\.update', kind: 'latency', ms: 2_000 });
      const before = (await walk.requests({ vendor: 'okta', method: 'PUT' })).length;
      await walk.click('olga', asked.card, 'approve');
      await walk.until('the write is under way', async (saw) => {
        const all = await walk.requests({ vendor: 'okta', method: 'PUT' });
        return saw(all).length > before && all.at(-1)?.status === null;
      });

      // when
      ending = () => proxy.speak();
      proxy.fallSilent();
      await refuses(/does not answer|can’t be connected/);
      ending = null;
      proxy.speak();
      await walk.heal();

      // then
      await isReady();
      await walk.becomes(asked.id, 'inEffect', 40_000);
      await walk.owesNothing(40_000);
      const types = await walk.auditTypes(asked.id);
      for (const once of ['changeApproved', 'idpWritten', 'changeSeen'])
        expect(types.filter((type) => type === once)).toHaveLength(1);
    },
    PATIENCE_MS,
  );

  test(
    'ends our connections again and again, as in a failover: nothing is lost or done twice',
    async () => {
      // given
      const asked = await walk.asks(crowdPerson(15).key, {
        entitlement: read,
        reason: 'Ended again and again',
      });

      // when
      const killing = (async () => {
        for (let n = 0; n < 15; n += 1) {
          await onServer(endOurs.replace('%', database));
          await sleep(100);
        }
      })();
      await killing.then(() => walk.click('olga', asked.card, 'approve'));
      await onServer(endOurs.replace('%', database));

      // then
      await walk.becomes(asked.id, 'inEffect', 60_000);
      await isReady();
      const types = await walk.auditTypes(asked.id);
      for (const once of ['changeApproved', 'idpWritten', 'changeSeen'])
        expect(types.filter((type) => type === once)).toHaveLength(1);
    },
    PATIENCE_MS,
  );
});

test(
  'connections to a server that has become read-only are all replaced at the first refusal',
  async () => {
    // given as many connections as a pool holds, opened while the server was a standby to each of them
    const fresh = await freshDatabase();
    const name = new URL(fresh.url).pathname.slice(1);
    try {
      await onServer(`alter database ${name} set default_transaction_read_only = on`);
      const opened = await openDatabaseReadOnly(fresh.url);
      await onServer(`alter database ${name} reset default_transaction_read_only`);

      // when the first write is refused
      await expect(opened.held.query(INSERT)).rejects.toMatchObject({
        code: 'store.unavailable',
        vendorCode: '25006',
      });
      await sleep(300);

      // then every later one succeeds
      for (let n = 0; n < 20; n += 1) await opened.pool.query(INSERT);
      opened.held.release();
      await opened.close();
    } finally {
      await fresh.close();
    }
  },
  PATIENCE_MS,
);

test(
  'a connection that was made while the server was read-only is used for a second at most',
  async () => {
    const fresh = await freshDatabase();
    const name = new URL(fresh.url).pathname.slice(1);
    try {
      // given
      await onServer(`alter database ${name} set default_transaction_read_only = on`);
      const opened = await openDatabaseReadOnly(fresh.url);
      await onServer(`alter database ${name} reset default_transaction_read_only`);

      // when
      await sleep(1_100);

      // then nobody is refused, although no write was before
      for (let n = 0; n < 20; n += 1) await opened.pool.query(INSERT);
      opened.held.release();
      await opened.close();
    } finally {
      await fresh.close();
    }
  },
  PATIENCE_MS,
);

const INSERT = `insert into outbox (key, job, payload, priority)
  values (gen_random_uuid()::text, 'processObservations', '{}', 1)`;

/** With eight connections of a time when the server took no writes: seven are idle, one is held. */
async function openDatabaseReadOnly(url: string) {
  const { openPool } = await import('../../src/store/postgres/pool.ts');
  const pool = openPool(url, { max: 8, name: 'latchkey-test' });
  await Promise.all(Array.from({ length: 8 }, () => pool.query('select pg_sleep(0.2)')));
  expect(pool.idleCount).toBe(8);
  const held: pg.PoolClient = await pool.connect();
  return { pool, held, close: () => pool.end() };
}

test('a database that can’t be opened says why', async () => {
  const fresh = await freshDatabase();
  await fresh.database.close();
  const address = new URL(fresh.url);
  address.password = 'wrong';
  await expect(openDatabase(address.href)).rejects.toMatchObject({
    code: 'store.unavailable',
    message: expect.stringMatching(/can’t be opened: PostgreSQL does not take the password/),
  });
  await fresh.close().catch(() => {});
});
