import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { openSecrets } from '../../src/config/secrets.ts';
import {
  AWS_REGION,
  awsKeys,
  type SecretsManager,
  startSecretsManager,
} from '../../src/sandbox/secrets/emulator.ts';
import type { SecretBook } from '../../src/secrets/secret-book.ts';
import { type Journey, walkOn } from '../journeys/journey.ts';
import { type Stage, setStage } from '../stage.ts';
import { FIRST, SECOND, startTwoUsersPostgres, type TwoUsersPostgres } from './two-users-postgres.ts';

const SECRET = 'latchkey/database';

let postgres: TwoUsersPostgres;
let manager: SecretsManager;
let book: SecretBook;
let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  [postgres, manager] = await Promise.all([startTwoUsersPostgres(), startSecretsManager()]);
  manager.vault.create(SECRET, { SecretString: login(FIRST, 'one') });
  const env = { DATABASE_URL: postgres.url, DATABASE_PASSWORD: `secret://aws/${SECRET}` };
  book = await openSecrets(env, { region: AWS_REGION, endpoint: manager.url, credentials: awsKeys });
  const { databaseUrl } = readConfig(env, book);
  stage = await setStage({ through: (other) => databaseUrl ?? other });
  walk = await walkOn(stage.world.url, postgres.adminUrl);
});
afterAll(async () => {
  await stage?.close();
  await manager.close();
  await postgres.stop();
});

const login = (username: string, password: string) =>
  JSON.stringify({ engine: 'postgres', host: 'db', username, password, dbname: 'latchkey' });

const queueIsReady = () =>
  walk.until('the queue is ready', async () => (await stage.latchkey.readiness()).queue === 'ready', 30_000);

/** Connections that only listen: each is called after its lane. */
const listening = async (user: string) =>
  new Set((await postgres.connections(user)).filter((name) => name !== '' && !name.startsWith('latchkey')));
const LANES_MIN = 5;
const listens = async (user: string) => (await listening(user)).size >= LANES_MIN;

test('one user: the password is changed, and every connection breaks, those outside the pool too', async () => {
  // given
  expect(stage.latchkey.jobQueue).toBe('postgres');
  await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'With the first password' });
  expect((await listening(FIRST)).size).toBeGreaterThanOrEqual(LANES_MIN);

  // when: the other side first, as a rotation function does it
  await postgres.admin.query(`alter role ${FIRST} password 'two'`);
  await postgres.endAll(FIRST);
  manager.vault.put(SECRET, { SecretString: login(FIRST, 'two') });

  // then
  await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'With the second password' });
  await queueIsReady();
  await walk.until('all lanes listen again', async () => listens(FIRST));
});

test('two users: the next one is taken at once, also by what is not of the pool, and the first is left', async () => {
  expect((await listening(FIRST)).size).toBeGreaterThanOrEqual(LANES_MIN);

  // given somebody who holds a lock meanwhile
  const { locks } = stage.latchkey.context;
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const holding = locks.withLock('across a rotation', () => held);

  // when
  await postgres.admin.query(`alter role ${SECOND} password 'two of the clone'`);
  manager.vault.put(SECRET, { SecretString: login(SECOND, 'two of the clone') });
  // Nobody is refused, so nobody asks: it is found on schedule.
  await book.readAll();

  // then
  await walk.isGiven('sam', { entitlement: 'orders-api-read', reason: 'As the second user' });
  await walk.until('all lanes listen as the second user', async () => listens(SECOND));
  expect(await locks.tryLock('across a rotation', async () => 'taken')).toBeNull();
  letGo();
  await holding;
  expect(await locks.tryLock('across a rotation', async () => 'taken')).toBe('taken');
  await walk.until(
    'the first user has no connection',
    async (saw) => saw(await postgres.connections(FIRST)).length === 0,
  );

  // and the first is not needed any more
  await postgres.admin.query(`alter role ${FIRST} nologin`);
  await postgres.endAll(SECOND);
  await walk.until('there are others', async () => (await postgres.connections(SECOND)).includes('latchkey'));
  await walk.isGiven('tom', { entitlement: 'orders-api-read', reason: 'Without the first user' });
  await queueIsReady();
});
