import { hash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createCheckpoints } from '../../src/audit/checkpoints.ts';
import { logKeysOf } from '../../src/audit/log-keys.ts';
import { newSigningKey } from '../../src/audit/note.ts';
import { proofOfEntry } from '../../src/audit/proof.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAtOnce } from '../../src/audit/verify-at-once.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { startEmbeddedPostgres } from '../../src/store/postgres/embedded.ts';
import { throwAwayFolder } from '../../src/store/postgres/guard.ts';
import { absolute, type Figure, middle } from './figure.ts';

const WHOLE = 500_000;
const SMALL = 50_000;
const VERIFIED_A_SECOND = 100_000;
const PROOFS = 200;
const PROOF_WITHIN_MS = 50;
/** The median of so many, by turns, so that both see the same machine. */
const ROUNDS = 3;

/**
 * Entries as changes leave them, sealed, verified on all processors and proven. The bare loop reads the same rows in one
 * process and hashes each as it comes: no canonical JSON, no tree, no seals.
 */
export async function audit(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const count = isSmall ? SMALL : WHOLE;
  const folder = throwAwayFolder('bench-audit');
  const postgres = await startEmbeddedPostgres(join(folder, 'postgres'), { throwAway: folder });
  const database = await openDatabase(postgres.url);
  try {
    say(`${count} entries are written…`);
    await fill(database, count);
    say('they are sealed…');
    const keys = logKeysOf(newSigningKey('latchkey.example/audit'));
    const sealing = await seconds(async () => {
      while ((await sealAudit(database.db)) > 0);
    });
    await createCheckpoints(keys)(database.db);
    await database.pool.query('vacuum analyze');
    say('they are verified…');
    const rates = { verified: [] as number[], bare: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      const bare = await seconds(() => hashRows(database, count));
      rates.bare.push(count / bare);
      const verified = await seconds(async () => {
        const check = await verifyAtOnce(database.db, postgres.url, { keys: keys() });
        if (!('entries' in check) || check.signed !== count) throw new Error(JSON.stringify(check));
      });
      rates.verified.push(count / verified);
    }
    say('and proven…');
    const proofs: number[] = [];
    for (let n = 0; n < PROOFS; n++) {
      const id = String(1 + Math.floor((n * count) / PROOFS));
      proofs.push(1_000 * (await seconds(async () => void (await proofOfEntry(database.db, id)))));
    }
    const [verified, bare] = [middle(rates.verified), middle(rates.bare)];
    const figure = absolute('audit');
    return [
      {
        bench: 'audit',
        metric: 'verified, entries a second',
        value: verified,
        baseline: 'rows read and hashed by one process',
        baselineValue: bare,
        ratio: bare / verified,
        target: `at least ${VERIFIED_A_SECOND}`,
        holds: verified >= VERIFIED_A_SECOND,
      },
      figure('sealed, entries a second', count / sealing, '', true),
      figure(
        'proof of an entry p50, ms',
        middle(proofs),
        `under ${PROOF_WITHIN_MS}`,
        middle(proofs) < PROOF_WITHIN_MS,
      ),
    ];
  } finally {
    await database.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The entries of one change are about 400 bytes of JSON each. */
async function fill({ pool }: Database, count: number): Promise<void> {
  await pool.query(
    `insert into audit (at, type, change_id, actor, data)
     select date_trunc('milliseconds', now() + n * interval '1 ms'), 'changeApproved', gen_random_uuid(),
       jsonb_build_object('person', md5((n % 3000)::text)::uuid, 'name', 'Person ' || n % 3000),
       jsonb_build_object('round', n % 3, 'seconds', 28800, 'why', 'the owner said yes to INC-' || n,
         'by', jsonb_build_object('rule', 'owner-approves', 'clauses', jsonb_build_array('AC-1', 'AC-3')),
         'target', jsonb_build_object('groupId', md5((n % 100)::text), 'teamId', md5((n % 77)::text)::uuid))
     from generate_series(1, $1::int) n`,
    [count],
  );
  await pool.query('analyze audit');
}

async function hashRows({ pool }: Database, count: number): Promise<void> {
  for (let from = 0; from < count; from += 16_384) {
    const { rows } = await pool.query<{ entry: string }>(
      'select a::text as entry from audit a where id > $1 and id <= $2',
      [from, from + 16_384],
    );
    for (const { entry } of rows) hash('sha256', entry);
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
