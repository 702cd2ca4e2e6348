import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCheckpoints } from '../../src/audit/checkpoints.ts';
import { logKeysOf } from '../../src/audit/log-keys.ts';
import { newSigningKey } from '../../src/audit/note.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { auditCommands } from '../../src/cli/audit-command.ts';
import { evidenceCommand } from '../../src/cli/evidence-command.ts';
import { whoCommand } from '../../src/cli/who-command.ts';
import type { Catalogue } from '../../src/core/policy/catalogue.ts';
import { archiveBefore, restoreArchive } from '../../src/flow/audit/archive.ts';
import { unsealedAudit } from '../../src/store/audit-seals.ts';
import { entitlement } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';

const keys = logKeysOf(newSigningKey('latchkey.example/audit'))();
let fresh: FreshDatabase;
let folder: string;

beforeAll(async () => {
  fresh = await freshDatabase();
  folder = await mkdtemp(join(tmpdir(), 'archived-'));
  const { db } = fresh.database;
  await sql`insert into audit (at, type, actor, data)
    select timestamptz '2026-01-05T09:00:00Z' + n * interval '1 hour', 'digestMade', '{"part":"latchkey"}', jsonb_build_object('kind', 'personal', 'n', n)
    from generate_series(1, 600) n`.execute(db);
  await eventually('all is sealed', async () => {
    await sealAudit(db);
    return (await unsealedAudit(db)).entries === 0;
  });
  await createCheckpoints(() => keys)(db);
});
afterAll(async () => {
  await fresh.close();
  await rm(folder, { recursive: true });
});

async function run(...words: string[]): Promise<string> {
  const lines: string[] = [];
  const { db } = fresh.database;
  const tools = {
    withDatabase: (work: (to: typeof db, at: string) => Promise<void>) => work(db, fresh.url),
    vanta: async () => null,
    keys: async () => keys,
    catalogue: async () => ({ entitlements: [entitlement()] }) as unknown as Catalogue,
    say: (said: string) => void lines.push(said),
    fail: () => {},
  };
  const program = new Command('latchkey').exitOverride();
  evidenceCommand(program, tools);
  whoCommand(program, tools);
  auditCommands(program, tools);
  await program.parseAsync(words, { from: 'user' });
  return lines.join('\n');
}

let packs = 0;
const pack = () => {
  packs += 1;
  return run(...'evidence --from 2026-01-10 --to 2026-01-31 --out'.split(' '), join(folder, `pack-${packs}`));
};
const who = (at: string, ...more: string[]) => run('who', '--at', at, '--entitlement', 'orders', ...more);

test('before anything is archived, only what the record does not reach back to is said', async () => {
  expect(await pack()).not.toContain('are in an archive');
  expect(await who('2026-01-20')).not.toContain('It can’t tell all');
  expect(await who('2026-01-02')).toContain(
    'It can’t tell all: the record begins at 2026-01-05 10:00:00 UTC, after that moment',
  );
  expect(JSON.parse(await who('2026-01-02', '--json'))).toEqual({
    limits: [expect.stringContaining('the record begins at')],
  });
});

test('what is in an archive is said by the pack, by who and by audit verify; put back, it is at hand again', async () => {
  const { db } = fresh.database;
  const { archived } = await archiveBefore(db, { before: new Date('2026-01-28T00:00:00Z'), folder, keys });
  expect(archived).toMatchObject([{ first: 1, last: 512 }]);
  expect(await pack()).toContain(
    'It can’t show all: Audit entries from before 2026-01-26 18:00:00 UTC are in an archive and were not read.',
  );
  for (const at of ['2026-01-20', '2026-02-01'])
    expect(await who(at)).toContain(
      'It can’t tell all: audit entries from before 2026-01-26 18:00:00 UTC are in an archive and were not read',
    );
  const verified = await run('audit', 'verify');
  expect(verified).toContain(
    '512 of them are archived; what the tree keeps of them is right, and --archive computes the files.',
  );
  const [{ path = '' } = {}] = archived;
  expect(await run('audit', 'verify', '--archive', path)).toContain('entries 1 to 512, as they were sealed');
  expect(await restoreArchive(db, path, keys)).not.toHaveProperty('why');
  expect(await pack()).not.toContain('are in an archive');
  expect(await who('2026-01-20')).not.toContain('It can’t tell all');
});
