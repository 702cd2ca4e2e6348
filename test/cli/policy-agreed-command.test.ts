import { Command } from 'commander';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { policyAgreedCommand } from '../../src/cli/policy-agreed-command.ts';
import { keepPolicy } from '../../src/store/policies.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { somebody } from '../store/given.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  await somebody(db, 'olga');
  for (const fingerprint of ['4f0c2d81a9be', '4f0c99999999'])
    await db.transaction().execute((tx) => keepPolicy(tx, fingerprint, { 'policy.md': '' }));
});
afterAll(() => fresh.close());

let before = 0;
const agreements = async () => {
  const { rows } = await sql<{ actor: unknown; data: unknown }>`
    select actor, data from audit where type = 'policyAgreed' order by id`.execute(fresh.database.db);
  return rows;
};
beforeEach(async () => {
  before = (await agreements()).length;
});

async function run(...words: string[]): Promise<{ said: string; isWell: boolean }> {
  const lines: string[] = [];
  let isWell = true;
  const program = new Command('policy').exitOverride();
  policyAgreedCommand(program, {
    withDatabase: (work) => work(fresh.database.db),
    say: (line) => lines.push(line),
    fail: () => {
      isWell = false;
    },
  });
  await program.parseAsync(['agreed', ...words], { from: 'user' });
  return { said: lines.join('\n'), isWell };
}

const GIVEN = ['--by', 'olga@acme.example', '--on', '2026-01-02', '--where', 'minutes, item 4'];

test('who agreed to a policy is an entry of the audit, with who recorded it', async () => {
  expect(await run('4f0c2', ...GIVEN, '--recorded-by', 'Sam')).toMatchObject({ isWell: true });
  expect(await agreements()).toMatchObject([
    {
      actor: { part: 'operator Sam' },
      data: { fingerprint: '4f0c2d81a9be', name: 'olga', on: '2026-01-02', where: 'minutes, item 4' },
    },
  ]);
});

test.each([
  ['a policy that nobody knows', ['aaaa', ...GIVEN], 'no policy that was ever in force'],
  ['nothing is the beginning of every fingerprint', ['', ...GIVEN], 'no policy that was ever in force'],
  ['a sign that a search takes for anything', ['%', ...GIVEN], 'no policy that was ever in force'],
  ['the beginning of two', ['4f0c', ...GIVEN], 'several policies'],
  ['a person whom nobody knows', ['4f0c2', '--by', 'x@acme.example', ...GIVEN.slice(2)], 'nobody is known'],
  [
    'a day to come',
    ['4f0c2', ...GIVEN.slice(0, 2), '--on', '2999-01-01', ...GIVEN.slice(4)],
    'not there yet',
  ],
  ['no place', ['4f0c2', ...GIVEN.slice(0, 4), '--where', ' '], 'say with --where'],
])('%s is refused, and nothing is recorded', async (_what, words, why) => {
  expect(await run(...words)).toMatchObject({ isWell: false, said: expect.stringContaining(why) });
  expect(await agreements()).toHaveLength(before);
});
