import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { logKeysOf } from '../../src/audit/log-keys.ts';
import { newSigningKey } from '../../src/audit/note.ts';
import { createS3Anchor, createS3Look, type S3Given } from '../../src/audit/s3-anchor.ts';
import { createSealing } from '../../src/flow/audit/sealing.ts';
import { auditTroublesInWords } from '../../src/flow/audit/troubles.ts';
import { LOCKED_BUCKET, type S3Emulator, s3Keys, startS3 } from '../../src/sandbox/s3/emulator.ts';
import { sealedCount } from '../../src/store/audit-seals.ts';
import { lastCheckpoint } from '../../src/store/audit-tree.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { tamper } from './tamper.ts';

const auditKeys = logKeysOf(newSigningKey('latchkey.example/audit'));
const bucket = { bucket: LOCKED_BUCKET, prefix: 'latchkey/', keepMs: 86_400_000 };
const context = () => ({
  db,
  log: pino({ level: 'silent' }),
  auditKeys,
  auditAnchors: { channel: null, file: null, s3: bucket, everyMs: 3_600_000 },
  nudge: () => {},
});

let s3: S3Emulator;
let given: S3Given;
let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  s3 = await startS3();
  given = { endpoint: s3.url, region: 'eu-west-1', credentials: s3Keys };
});
afterAll(() => s3.close());
beforeEach(async () => {
  s3.objects.clear();
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterEach(async () => {
  s3.refuse(null);
  s3.hang(false);
  await fresh.close();
});

/** Entries that a Latchkey seals which has just started. */
async function write(count: number, seal = createSealing(context(), 1_000, given)) {
  await sql`insert into audit (at, type, actor, data) select now(), 'x', '{}', jsonb_build_object('n', n) from generate_series(1, ${count}) n`.execute(
    db,
  );
  await eventually('all is sealed', async () => {
    await seal();
    const { rows } = await sql<{ all: string }>`select count(*) as all from audit`.execute(db);
    return (await sealedCount(db)) === Number(rows[0]?.all);
  });
  await seal();
}

async function anchored(): Promise<number> {
  const last = await lastCheckpoint(db);
  if (last === null) throw new Error('no checkpoint');
  expect(await createS3Anchor(bucket, given)(last, new Date())).toBeNull();
  return last.size;
}

/** As a backup leaves it that was made before those. */
const cutBackTo = (size: number) =>
  tamper(
    db,
    `delete from audit where id in (select audit_id from audit_seals where seq > ${size}); delete from audit_tree;
     delete from audit_seals where seq > ${size}; delete from audit_checkpoints; delete from audit_anchors;
     delete from audit where id not in (select audit_id from audit_seals)`,
  );

test('a database that was put back from a backup gets no checkpoint: the bucket has more than it', async () => {
  await write(10);
  await write(20);
  const size = await anchored();
  await cutBackTo(10);
  await createSealing(context(), 1_000, given)();
  expect(await lastCheckpoint(db)).toBeNull();
  expect(await auditTroublesInWords(context())).toEqual([
    `checkpoints: none is made, as entries 11 to ${size} had been sealed, and are gone: run \`latchkey audit verify\``,
  ]);
});

test('one that was made anew, and is longer than what the bucket has, gets none either', async () => {
  await write(10);
  const size = await anchored();
  await tamper(
    db,
    'update audit set at = now() where id = 3; delete from audit_tree; delete from audit_seals; delete from audit_checkpoints; delete from audit_anchors',
  );
  await write(30);
  expect(await lastCheckpoint(db)).toBeNull();
  expect(await auditTroublesInWords(context())).toEqual([
    expect.stringContaining(`of entries 1 to ${size}, which had been sealed, some have been changed`),
  ]);
});

test('a bucket that has what the database has holds up nothing', async () => {
  await write(10);
  await anchored();
  await write(10);
  expect(await lastCheckpoint(db)).toMatchObject({ size: await sealedCount(db) });
  expect(await auditTroublesInWords(context())).toEqual([]);
});

test('a bucket that is away holds up nothing; that it could not be asked is told', async () => {
  s3.refuse({ status: 403, code: 'AccessDenied' });
  await write(10);
  expect(await lastCheckpoint(db)).not.toBeNull();
  expect(await auditTroublesInWords(context())).toEqual([
    expect.stringMatching(
      /^what the bucket has: Latchkey’s role in AWS may not use it: allow .*s3:ListBucket/,
    ),
  ]);
});

test('a bucket that swallows everything holds up the first checkpoint for some seconds, and no other', async () => {
  s3.hang(true);
  const seal = createSealing(context(), 1_000, given);
  const began = performance.now();
  await write(10, seal);
  expect(performance.now() - began).toBeGreaterThan(2_000);
  const then = performance.now();
  await write(10, seal);
  expect(performance.now() - then).toBeLessThan(2_000);
  expect(await lastCheckpoint(db)).toMatchObject({ size: await sealedCount(db) });
});

test('the newest of many is found, beside what is not ours', async () => {
  const put = createS3Anchor(bucket, given);
  const note = (size: number) => `latchkey.example/audit\n${size}\nAAAA\n\n`;
  for (const size of [3, 9, 20, 101, 1_000]) await put({ size, note: note(size) }, new Date());
  const lock = { mode: 'COMPLIANCE', until: new Date() };
  s3.objects.set('latchkey/zz.txt', { body: 'x', ...lock });
  s3.objects.set('latchkey2/999999999999999.txt', { body: 'x', ...lock });
  const look = createS3Look(bucket, given);
  expect(await look(0)).toEqual({ note: note(1_000) });
  expect(await look(1_000)).toEqual({ note: note(1_000) });
  expect(await look(1_001)).toEqual({ note: null });
});
