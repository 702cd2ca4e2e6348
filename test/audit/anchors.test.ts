import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logKeysOf, noKeys } from '../../src/audit/log-keys.ts';
import { newSigningKey } from '../../src/audit/note.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { anchorWhenDue, checkpointsIn, readAnchorView } from '../../src/flow/audit/anchors.ts';
import { createSealing } from '../../src/flow/audit/sealing.ts';
import { auditTroublesInWords, checkAudit } from '../../src/flow/audit/troubles.ts';
import { anchorNotices } from '../../src/slack/audit/anchor.ts';
import { sealedCount } from '../../src/store/audit-seals.ts';
import { lastCheckpoint } from '../../src/store/audit-tree.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { tamper } from './tamper.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-anchors-'));
const file = join(folder, 'checkpoints');
const auditKeys = logKeysOf(newSigningKey('latchkey.example/audit'));
const auditAnchors = { channel: 'audit-checkpoints', file, everyMs: 0 };

let fresh: FreshDatabase;
let db: Db;
const said: unknown[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void said.push(JSON.parse(line)) });
const context = () => ({ db, log, auditKeys, auditAnchors, nudge: () => {} });
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterAll(async () => {
  await fresh.close();
  rmSync(folder, { recursive: true });
});

/** Seals as a Latchkey does that has just started. The first checkpoint is put elsewhere at once, others after a while. */
async function write(count: number): Promise<void> {
  const seal = createSealing({ ...context(), auditAnchors: { ...auditAnchors, everyMs: 3_600_000 } }, 1_000);
  await sql`insert into audit (at, type, actor, data) select now(), 'x', '{}', '{}' from generate_series(1, ${count})`.execute(
    db,
  );
  for (;;) {
    await seal();
    const { rows } = await sql<{ all: string }>`select count(*) as all from audit`.execute(db);
    if ((await sealedCount(db)) === Number(rows[0]?.all)) return;
    await sleep(5);
  }
}

test('checkpoints are put into the file and the channel, each once, and hold the trail against what it was', async () => {
  await write(10);
  await write(10);
  await anchorWhenDue(context());
  // Nothing was written since but that it was anchored, which no checkpoint covers yet.
  await anchorWhenDue(context());
  const kept = checkpointsIn(readFileSync(file, 'utf8'));
  expect(kept.map((one) => one.split('\n')[1])).toEqual(['10', '21']);
  const { rows } = await sql<{
    id: string;
  }>`select payload->>'id' as id from outbox where payload->>'about' = 'anchor'
    order by id`.execute(db);
  expect(rows).toHaveLength(2);
  expect(await verifyAudit(db, { keys: auditKeys(), known: kept })).toMatchObject({ signed: 21 });
});

test('the message has the checkpoint so that it can be copied', async () => {
  const { rows } = await sql<{ id: string }>`select id from audit_anchors order by size desc limit 1`.execute(
    db,
  );
  const view = await readAnchorView(context(), rows[0]?.id ?? '');
  expect(view).toMatchObject({ channel: 'audit-checkpoints', size: 21 });
  const [notice] = anchorNotices(view as NonNullable<typeof view>);
  expect(notice?.to).toEqual({ channel: 'audit-checkpoints' });
  expect(JSON.stringify(notice?.content)).toContain(JSON.stringify(view?.note).slice(1, -1));
});

test('a trail that was rewritten with its checkpoints gets none from a Latchkey that starts with the file', async () => {
  await tamper(
    db,
    `update audit set type = 'y' where id = 3; delete from audit_tree; delete from audit_seals; delete from audit_checkpoints`,
  );
  await write(10);
  expect(await lastCheckpoint(db)).toBeNull();
  expect(said).toMatchObject([{ why: 'of entries 1 to 21, which had been sealed, some have been changed' }]);
  expect(await auditTroublesInWords(context())).toEqual([
    'checkpoints: none is made, as of entries 1 to 21, which had been sealed, some have been changed: run `latchkey audit verify`',
  ]);
  writeFileSync(file, '');
  await write(1);
  expect(await lastCheckpoint(db)).not.toBeNull();
  expect(await verifyAudit(db, { keys: auditKeys() })).toMatchObject({ entries: 33 });
  expect(await auditTroublesInWords(context())).toEqual([]);
});

test('that checkpoints are not signed is told, with what to do', async () => {
  expect(await auditTroublesInWords({ db })).toEqual([
    expect.stringMatching(
      /^checkpoints are not signed, as AUDIT_SIGNING_KEY is not set.*`latchkey audit key`/,
    ),
  ]);
  expect(await checkAudit(auditKeys(), db)).toEqual([
    { name: 'audit', trouble: null, detail: 'ok: its checkpoints are signed as latchkey.example/audit' },
  ]);
  expect(await checkAudit(noKeys, null)).toMatchObject([
    { isOptional: true, trouble: expect.stringContaining('not signed') },
  ]);
});
