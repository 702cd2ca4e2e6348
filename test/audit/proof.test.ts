import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCheckpoint, parseProof } from '../../src/audit/checkpoint.ts';
import { createCheckpoints } from '../../src/audit/checkpoints.ts';
import { logKeysOf } from '../../src/audit/log-keys.ts';
import { hashLeaf, isConsistent, isIncluded, type Tree } from '../../src/audit/merkle.ts';
import { newSigningKey, readSigner } from '../../src/audit/note.ts';
import { proofOfEntry, proofOfGrowth } from '../../src/audit/proof.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { sealedCount } from '../../src/store/audit-seals.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

const ENTRIES = 700;
const key = newSigningKey('latchkey.example/audit');
const vkey = readSigner(key)?.verifier.vkey ?? '';
const folder = mkdtempSync(join(tmpdir(), 'latchkey-proof-'));
const program = join(folder, 'verify.mjs');

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  await sql`insert into audit (at, type, actor, data)
    select now(), 'changeApproved', '{"part":"slack","name":"Zoë"}', jsonb_build_object('n', n, 'note', 'é “„" 🙂')
    from generate_series(1, ${ENTRIES}) n`.execute(db);
  while ((await sealedCount(db)) < ENTRIES) {
    await sealAudit(db);
    await sleep(5);
  }
  await createCheckpoints(logKeysOf(key))(db);
  const guide = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  writeFileSync(program, /```js\n(.*?)```/s.exec(guide)?.[1] ?? '');
});
afterAll(async () => {
  await fresh.close();
  rmSync(folder, { recursive: true });
});

async function proofOf(auditId: number) {
  const found = await proofOfEntry(db, String(auditId));
  expect(found).not.toBeNull();
  return found as NonNullable<typeof found>;
}

/** What the program of the guide says. */
async function judge(entry: string, proof: string, by = vkey): Promise<string> {
  const [entryFile, proofFile] = [join(folder, 'entry.json'), join(folder, 'entry.tlog-proof')];
  writeFileSync(entryFile, entry);
  writeFileSync(proofFile, proof);
  return await promisify(execFile)(process.execPath, [program, entryFile, proofFile, by]).then(
    ({ stdout }) => stdout.trim(),
    (error) => (error as { stdout: string }).stdout.trim(),
  );
}

describe('the proof of an entry', () => {
  test('is right for each of them, wherever it is in the tree', async () => {
    for (const id of [1, 2, 255, 256, 257, 512, 513, 699, 700]) {
      const { entry, proof, index, size } = await proofOf(id);
      const parsed = parseProof(proof);
      const tree = parseCheckpoint(parsed?.checkpoint ?? '') as Tree;
      expect({ index, size }).toEqual({ index: parsed?.index, size: ENTRIES });
      expect(isIncluded(hashLeaf(entry), index, tree, parsed?.path ?? [])).toBe(true);
    }
  });

  test('is accepted by the program of the guide, which knows nothing of Latchkey', async () => {
    for (const id of [1, 300, 700]) {
      const { entry, proof } = await proofOf(id);
      expect(await judge(entry, proof)).toBe(
        `sealed number ${id} of the 700 that latchkey.example/audit has signed; its own id is ${JSON.parse(entry).id}`,
      );
    }
  });

  test('is refused by it when anything of it is another', async () => {
    const { entry, proof } = await proofOf(300);
    const other = await proofOf(301);
    expect(await judge(entry.replace('"n":300', '"n":301'), proof)).toMatch(/the entry is not in this log/);
    expect(await judge(other.entry, proof)).toMatch(/the entry is not in this log/);
    expect(await judge(entry, proof.replace('index 299', 'index 298'))).toMatch(
      /the entry is not in this log/,
    );
    expect(await judge(entry, proof.replace('\n700\n', '\n701\n'))).toMatch(/the signature does not fit/);
    const others = readSigner(newSigningKey('latchkey.example/audit'))?.verifier.vkey;
    expect(await judge(entry, proof, others)).toMatch(/it is signed by [0-9a-f]{8}, and not by/);
  });

  test('is not there for an entry that is not, or that no checkpoint covers', async () => {
    expect(await proofOfEntry(db, '999999')).toBeNull();
    await sql`insert into audit (at, type, actor, data) values (now(), 'late', '{}', '{}')`.execute(db);
    const { rows } = await sql<{ id: string }>`select max(id) as id from audit`.execute(db);
    while ((await sealedCount(db)) === ENTRIES) await sealAudit(db);
    expect(await proofOfEntry(db, rows[0]?.id ?? '')).toBeNull();
  });
});

test('that the trail has only grown is shown from any size to any other', async () => {
  const { rootAt } = await import('../../src/audit/merkle.ts');
  const { treeReader } = await import('../../src/audit/tree.ts');
  const treeOf = async (size: number) => ({ size, root: await rootAt(treeReader(db), size) });
  for (const [old, now] of [
    [1, 700],
    [256, 257],
    [255, 512],
    [512, 700],
    [699, 700],
  ] as const)
    expect(isConsistent(await treeOf(old), await treeOf(now), await proofOfGrowth(db, old, now))).toBe(true);
});
