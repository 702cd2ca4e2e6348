import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { checkDatabase } from '../../src/store/postgres/database-check.ts';
import { migrateFor } from '../../src/store/postgres/running-role.ts';
import { FIRST, SECOND, startTwoUsersPostgres, type TwoUsersPostgres } from '../faults/two-users-postgres.ts';
import { walkOn } from '../journeys/journey.ts';
import { setStage } from '../stage.ts';

const RUNNER = 'latchkey_runner';

let server: TwoUsersPostgres;
let ownerUrl: string;
let runnerUrl: string;
let running: Database;
beforeAll(async () => {
  server = await startTwoUsersPostgres();
  await server.admin.query(`create role ${RUNNER} login password 'runs'`);
  const as = (name: string, password: string) =>
    Object.assign(new URL(server.url), { username: name, password }).href;
  ownerUrl = as(FIRST, 'one');
  runnerUrl = as(RUNNER, 'runs');
});
afterAll(async () => {
  await running?.close();
  await server.stop();
});

const lineOf = async (url: string) => (await checkDatabase(url)).find(({ name }) => name === 'database role');

describe('the role that Latchkey runs as', () => {
  test('can’t be the owner, one of its members, or nobody', async () => {
    expect(await migrateFor(ownerUrl, FIRST)).toMatchObject({ why: /the owner itself/ });
    expect(await migrateFor(ownerUrl, SECOND)).toMatchObject({ why: /a member of app_user/ });
    expect(await migrateFor(ownerUrl, 'nobody"; drop table audit')).toMatchObject({
      why: /there is no role/,
    });
  });

  test('is told by check to be another while it owns the tables', async () => {
    expect(await lineOf(ownerUrl)).toMatchObject({
      isOptional: true,
      trouble: /runs as app_user, which could/,
    });
  });

  test('opens a schema that is up to date, writes and seals', async () => {
    expect(await migrateFor(ownerUrl, RUNNER)).toEqual({ owner: FIRST, running: RUNNER });
    running = await openDatabase(runnerUrl);
    await commit(running.db, async ({ now }) => ({
      result: null,
      notes: [{ type: 'baselineTaken', at: now, actor: { part: 'latchkey' }, changeId: null, data: {} }],
    }));
    while ((await sealAudit(running.db)) === 0);
    expect(await verifyAudit(running.db)).toMatchObject({ entries: 1 });
    expect(await checkDatabase(runnerUrl)).toContainEqual({ name: 'database', trouble: null });
    expect(await lineOf(runnerUrl)).toMatchObject({ trouble: null, detail: /can only add to the audit/ });
  });

  test.each([
    `update audit set data = '{}'`,
    `delete from audit`,
    `truncate audit cascade`,
    `update audit_seals set hash = sha256('x')`,
    `delete from audit_seals`,
    `truncate audit_seals`,
    `with r as (insert into audit_archives (first, last, sha256) values (1, 1, '') returning 1) delete from audit`,
    `update audit_archives set last = 9`,
    `delete from audit_archives`,
    `alter table audit disable trigger audit_append_only`,
    `alter table audit disable trigger all`,
    `drop trigger audit_append_only on audit`,
    `create or replace function refuse_rewrite() returns trigger language plpgsql as 'begin return new; end'`,
    `create rule r as on update to audit do instead nothing`,
    `drop table audit cascade`,
    `set session_replication_role = replica`,
    `set role ${FIRST}`,
    `delete from kysely_migration`,
  ])('can’t: %s', async (statement) => {
    await expect(sql.raw(statement).execute(running.db)).rejects.toMatchObject({ code: '42501' });
  });

  test('is enough for the whole road', async () => {
    const stage = await setStage({ through: () => runnerUrl });
    const walk = await walkOn(stage.world.url, runnerUrl, { context: () => stage.latchkey.context });
    const { id } = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'With few rights' });
    expect((await walk.change(id)).state).toBe('inEffect');
    await stage.close();
  }, 90_000);

  test('is told who can, when the schema is of an older version', async () => {
    const owner = new pg.Client({ connectionString: ownerUrl });
    await owner.connect();
    await owner.query(`delete from kysely_migration where name = (select max(name) from kysely_migration)`);
    await owner.end();
    expect(await checkDatabase(runnerUrl)).toContainEqual({
      name: 'database',
      trouble: expect.stringMatching(/run `latchkey migrate` as the owner/),
    });
    await expect(openDatabase(runnerUrl)).rejects.toThrow(/run `latchkey migrate` as the owner/);
  });
});
