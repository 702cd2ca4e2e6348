import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { eventually } from '../eventually.ts';
import { type Asked, type Journey, wordsOf } from '../journeys/journey.ts';
import { scimUserOf } from '../journeys/scim-wire.ts';
import { type Killable, setKillable } from './killable.ts';

/** What Latchkey does many at once is killed, or loses its connections, when half of it is done. */
const PATIENCE_MS = 150_000;
const MANY = 8;
const READ = { entitlement: 'orders-api-read', group: 'anypoint-orders-read', team: 'Orders API readers' };
const ONCE = ['changeReceived', 'approversAsked', 'changeApproved', 'idpWritten', 'changeSeen'];

/** As many for each test as it needs. */
const crowd = Array.from({ length: 5 * MANY }, (_, n) => crowdPerson(n));
const some = () => crowd.splice(0, MANY).map(({ key }) => key);
const newcomers = Array.from({ length: 2 * MANY }, (_, n) => crowdPerson(100 + n));

let killable: Killable;
let walk: Journey;
let database: pg.Client;
beforeAll(async () => {
  killable = await setKillable({ people: [...seeded, ...crowd, ...newcomers] });
  walk = killable.walk;
  database = new pg.Client({ connectionString: killable.databaseUrl });
  await database.connect();
}, PATIENCE_MS);
afterEach(() => walk.heal());
afterAll(async () => {
  await database?.end();
  await killable?.close();
});

async function askAll(keys: readonly string[], why: string): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const key of keys)
    asked.push(await walk.asks(key, { entitlement: READ.entitlement, reason: `${why}, for ${key}` }));
  return asked;
}

const approveAll = (asked: readonly Asked[]) =>
  Promise.all(asked.map((one) => walk.click('tom', one.card, 'approve')));

/** Each came to what it was to come to, once. */
async function allInEffectOnce(keys: readonly string[], asked: readonly Asked[]): Promise<void> {
  for (const { id } of asked) await walk.becomes(id, 'inEffect', 60_000);
  await killable.isWhole();
  for (const [n, one] of asked.entries()) {
    const types = await walk.auditTypes(one.id);
    for (const once of ONCE) expect(types.filter((type) => type === once)).toEqual([once]);
    expect(wordsOf(await walk.cardNow(one))).toContain('In effect in MuleSoft');
    expect(await walk.isInTeam(keys[n] ?? '', READ.team)).toBe(true);
  }
}

const seenOf = (vendor: string, method: string, path: string) => walk.requests({ vendor, method, path });

test(
  'killed with deliveries that run in its own process half done, it goes on with the rest, and none is done twice',
  async () => {
    // given Anypoint takes long for each
    const keys = some();
    const asked = await askAll(keys, 'Half delivered');
    const before = (await seenOf('anypoint', 'PUT', '/members/')).length;
    await walk.fault({ vendor: 'anypoint', method: 'PUT', path: '/members/', kind: 'latency', ms: 700 });
    await approveAll(asked);
    await walk.until('some are delivered and others are not', async (saw) => {
      const seen = (await seenOf('anypoint', 'PUT', '/members/')).slice(before);
      const answered = saw(seen.map(({ status }) => status)).filter((status) => status !== null).length;
      return answered > 0 && answered < MANY;
    });

    // when
    await killable.kill();
    await walk.heal();
    await killable.latchkey.start();

    // then
    await allInEffectOnce(keys, asked);
  },
  PATIENCE_MS,
);

test(
  'what has run, and whose rows were to be closed together when it was killed, runs again and changes nothing',
  async () => {
    // given all is done, and none of it was closed
    const keys = some();
    const asked = await askAll(keys, 'Not closed');
    await approveAll(asked);
    for (const { id } of asked) await walk.becomes(id, 'inEffect', 60_000);
    await killable.isWhole();
    const audit = () => Promise.all(asked.map(({ id }) => walk.auditTypes(id)));
    const writes = async () =>
      (
        await Promise.all([
          seenOf('okta', 'PUT', '/groups/.*/users/'),
          seenOf('slack', 'POST', 'chat\\.(post|update)'),
        ])
      ).map((seen) => seen.length);
    const [auditBefore, writesBefore] = [await audit(), await writes()];
    await killable.latchkey.kill();
    const opened = await walk.query(
      `update outbox set done_at = null, leased = true, taken = true, next_at = clock_timestamp()
       where id in (select distinct on (key) id from outbox where job = any($1) order by key, id desc) returning id`,
      [['applyToIdp', 'deliverToTeam', 'verifyInAnypoint', 'updateMessages', 'assessRequest', 'settleClick']],
    );
    expect(opened.length).toBeGreaterThan(4 * MANY);

    // when
    await killable.latchkey.start();

    // then
    await killable.isWhole();
    expect(await audit()).toEqual(auditBefore);
    // The bridge writes whatever reading says. In the directory and in Slack there is nothing to write.
    expect(await writes()).toEqual(writesBefore);
    for (const key of keys) expect(await walk.isInTeam(key, READ.team)).toBe(true);
  },
  PATIENCE_MS,
);

test(
  'killed with edits of its messages half done, all messages are right in the end, and none stands twice',
  async () => {
    // given Slack takes long for each edit
    const keys = some();
    const asked = await askAll(keys, 'Half edited');
    await walk.fault({ vendor: 'slack', path: 'chat\\.update', kind: 'latency', ms: 400 });
    const before = (await seenOf('slack', 'POST', 'chat\\.update')).length;
    await approveAll(asked);
    await walk.until('some are edited, and others are being edited', async (saw) => {
      const seen = saw((await seenOf('slack', 'POST', 'chat\\.update')).slice(before));
      return seen.some(({ status }) => status !== null) && seen.some(({ status }) => status === null);
    });

    // when
    await killable.kill();
    await walk.heal();
    await killable.latchkey.start();

    // then
    await allInEffectOnce(keys, asked);
    for (const [n, { id }] of asked.entries())
      expect(wordsOf(await walk.statusOf(keys[n] ?? '', id))).toContain('In effect in MuleSoft');
  },
  PATIENCE_MS,
);

test(
  'its connections end again and again while many changes are under way, those of locks and of shared reads too: nothing is lost or done twice',
  async () => {
    // given
    const keys = some();
    const asked = await askAll(keys, 'Without connections');
    await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'latency', ms: 300 });
    await approveAll(asked);

    // when
    for (let n = 0; n < 12; n += 1) {
      // By turns the one that holds the locks, and all.
      const which = n % 3 === 0 ? 'latchkey-locks%' : 'latchkey%';
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name like $1`,
        [which],
      );
      await new Promise((resolve) => setTimeout(resolve, 120));
    }

    // then
    await allInEffectOnce(keys, asked);
  },
  PATIENCE_MS,
);

const WAITING = `select pid from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and application_name like 'latchkey%'`;

/** Sends them all at once, while PostgreSQL lets nobody write users. */
async function createWhileHeld(
  people: typeof newcomers,
  then: (sending: readonly Promise<string>[]) => Promise<void>,
): Promise<void> {
  await database.query('begin');
  await database.query('lock table scim_users in exclusive mode');
  const sending = people.map((person) =>
    killable.scim('POST', '/Users', scimUserOf(person)).then(
      () => 'created',
      () => 'not answered',
    ),
  );
  await eventually('their statement waits', async () => {
    return (await walk.query(WAITING)).length > 0;
  });
  await then(sending);
  await database.query('rollback');
  expect(await Promise.all(sending)).toEqual(people.map(() => 'not answered'));
}

const storedOf = (people: typeof newcomers) =>
  walk.query<{ user_name: string }>(`select user_name from scim_users where user_name = any($1) order by 1`, [
    people.map(({ email }) => email),
  ]);
/** As an identity provider does it that had no answer. */
async function sendAgain(people: typeof newcomers): Promise<string[]> {
  return await Promise.all(
    people.map((person) =>
      killable.scim('POST', '/Users', scimUserOf(person)).then(
        () => 'created',
        (error: Error) => (/409/.test(error.message) ? 'there already' : error.message),
      ),
    ),
  );
}
async function eachIsThereOnce(people: typeof newcomers): Promise<void> {
  await killable.isWhole();
  expect((await storedOf(people)).length).toBe(people.length);
  const made = await walk.query<{ name: string }>(
    `select data->>'userName' as name from audit where type = 'scimUserChanged' and data->>'did' = 'created'
       and data->>'userName' = any($1)`,
    [people.map(({ email }) => email)],
  );
  expect(made.map(({ name }) => name).sort()).toEqual(people.map(({ email }) => email).sort());
}

test(
  'killed while users that came together are in one statement, all or none of a statement is there, and what is sent again is there once',
  async () => {
    // given it is killed, and PostgreSQL carries out what it was given before
    const people = newcomers.slice(0, MANY);
    await createWhileHeld(people, () => killable.kill());
    await killable.latchkey.start();

    // when
    const answers = await sendAgain(people);

    // then
    expect(answers.filter((answer) => answer !== 'created' && answer !== 'there already')).toEqual([]);
    expect(answers).toContain('there already');
    await eachIsThereOnce(people);
  },
  PATIENCE_MS,
);

test(
  'where PostgreSQL ends that statement, none of it is there, the identity provider is told to send again, and then all is',
  async () => {
    const people = newcomers.slice(MANY);
    await createWhileHeld(people, async (sending) => {
      // Those that did not go with the first statement go with the next.
      let areAnswered = false;
      void Promise.all(sending).then(() => {
        areAnswered = true;
      });
      await eventually('all are answered', async () => {
        const waiting = await walk.query<{ pid: number }>(WAITING);
        for (const { pid } of waiting) await walk.query('select pg_terminate_backend($1)', [pid]);
        return areAnswered;
      });
    });
    expect(await storedOf(people)).toEqual([]);
    expect(await sendAgain(people)).toEqual(people.map(() => 'created'));
    await eachIsThereOnce(people);
  },
  PATIENCE_MS,
);
