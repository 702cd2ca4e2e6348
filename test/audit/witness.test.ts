import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCheckpoints } from '../../src/audit/checkpoints.ts';
import { logKeysOf } from '../../src/audit/log-keys.ts';
import { newSigningKey, parseNote, readSigner, type Signer, signersOf } from '../../src/audit/note.ts';
import { proofOfEntry, proofOfGrowth } from '../../src/audit/proof.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { witnessRequest } from '../../src/audit/witness.ts';
import { auditTroublesInWords } from '../../src/flow/audit/troubles.ts';
import { createWitnessing, readWitness, type Witness } from '../../src/flow/audit/witnesses.ts';
import { sealedCount } from '../../src/store/audit-seals.ts';
import { lastCheckpoint } from '../../src/store/audit-tree.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { createServer } from '../../src/web/server.ts';
import { witnessRoutes } from '../../src/web/witness-routes.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { tamper } from './tamper.ts';

const ORIGIN = 'latchkey.example/audit';
const key = newSigningKey(ORIGIN);
const ours = readSigner(key) as Signer;
const signer = readSigner(newSigningKey('witness.example/auditor', true)) as Signer;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-witness-'));
const file = join(folder, 'seen.json');

let fresh: FreshDatabase;
let db: Db;
let app: FastifyInstance;
let url: string;
const said: { why?: string }[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void said.push(JSON.parse(line)) });
const ending = new AbortController();
const signed = (note: string) => {
  const parsed = parseNote(note);
  return parsed === null
    ? []
    : signersOf(parsed, [ours.verifier, signer.verifier]).signedBy.map(({ name }) => name);
};

beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  await begin();
  await write(10);
});
afterAll(async () => {
  await app.close();
  await fresh.close();
  rmSync(folder, { recursive: true });
});

async function begin(): Promise<void> {
  app = createServer({ log: pino({ level: 'silent' }) });
  witnessRoutes(app, { logs: [ours.verifier], signer, file });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
}

const witness = (): Witness => readWitness(`${signer.verifier.vkey}=${url}/`) as Witness;
const ask = () => createWitnessing({ db, log }, [witness()])(ending.signal);

async function seal(): Promise<void> {
  const { rows } = await sql<{ all: string }>`select count(*) as all from audit`.execute(db);
  while ((await sealedCount(db)) < Number(rows[0]?.all)) {
    await sealAudit(db);
    await sleep(5);
  }
}

async function write(count: number): Promise<void> {
  await sql`insert into audit (at, type, actor, data) select now(), 'x', '{}', '{}' from generate_series(1, ${count})`.execute(
    db,
  );
  await seal();
  await createCheckpoints(logKeysOf(key))(db);
}

const note = async () => (await lastCheckpoint(db))?.note ?? '';
const post = async (body: string) => {
  const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
};

describe('a witness', () => {
  test('signs what only grows, also after it was away, and its signature goes into the proofs', async () => {
    await ask();
    expect(signed(await note())).toEqual([ORIGIN, 'witness.example/auditor']);
    await write(20);
    await app.close();
    await ask();
    expect(said).toHaveLength(1);
    expect(await auditTroublesInWords({ db, auditKeys: logKeysOf(key) })).toEqual([
      expect.stringMatching(/^witness witness\.example\/auditor: it does not sign .*: see that it runs/),
    ]);
    await begin();
    await ask();
    expect(await auditTroublesInWords({ db, auditKeys: logKeysOf(key) })).toEqual([]);
    expect(signed(await note())).toEqual([ORIGIN, 'witness.example/auditor']);
    const { proof = '' } = (await proofOfEntry(db, '1')) ?? {};
    expect(proof).toContain('— witness.example/auditor ');
    expect(await verifyAudit(db, { keys: logKeysOf(key)() })).toMatchObject({ signed: 30 });
    said.length = 0;
  });

  test('answers as C2SP tlog-witness says', async () => {
    const grown = async (old: number) => await proofOfGrowth(db, old, 30);
    const checkpoint = await note();
    expect(await post(witnessRequest(10, await grown(10), checkpoint))).toEqual({
      status: 409,
      type: 'text/x.tlog.size',
      text: '30\n',
    });
    expect((await post(witnessRequest(30, [], checkpoint))).status).toBe(200);
    expect((await post(witnessRequest(30, await grown(10), checkpoint))).status).toBe(422);
    expect((await post(witnessRequest(31, [], checkpoint))).status).toBe(400);
    const unknown = checkpoint.replaceAll(ORIGIN, 'other.example/audit');
    expect((await post(witnessRequest(30, [], unknown))).status).toBe(404);
    const others = readSigner(newSigningKey(ORIGIN)) as Signer;
    const { signNote } = await import('../../src/audit/note.ts');
    const text = parseNote(checkpoint)?.text ?? '';
    expect((await post(witnessRequest(30, [], signNote(text, [others])))).status).toBe(403);
    const forged = checkpoint.replace('\n30\n', '\n31\n');
    expect((await post(witnessRequest(30, [], forged))).status).toBe(403);
    for (const body of [
      '',
      'old 30\n',
      `old 030\n\n${checkpoint}`,
      `old 30\nAAAA\n\n${checkpoint}`,
      checkpoint,
    ])
      expect((await post(body)).status).toBe(400);
    expect((await post(`old 30\n${`${'A'.repeat(43)}=\n`.repeat(64)}\n${checkpoint}`)).status).toBe(400);
  });

  test('refuses a trail that was rewritten by somebody who has the key as well', async () => {
    const before = readFileSync(file, 'utf8');
    await tamper(
      db,
      `update audit set type = 'y' where id = 3; delete from audit_tree; delete from audit_seals; delete from audit_checkpoints`,
    );
    await seal();
    await write(5);
    expect(await verifyAudit(db, { keys: logKeysOf(key)() })).toMatchObject({ signed: 35 });
    await ask();
    expect(signed(await note())).toEqual([ORIGIN]);
    expect(said).toMatchObject([{ why: expect.stringMatching(/422: it contradicts the 30 entries/) }]);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('does not start without what it had seen', async () => {
    writeFileSync(file, '{"latchkey');
    const next = createServer({ log: pino({ level: 'silent' }) });
    expect(() => witnessRoutes(next, { logs: [ours.verifier], signer, file })).toThrow();
    await next.close();
  });
});
