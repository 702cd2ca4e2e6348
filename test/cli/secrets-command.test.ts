import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { secretLines, secretsCommand } from '../../src/cli/secrets-command.ts';
import { openSecrets } from '../../src/config/secrets.ts';
import {
  AWS_REGION,
  awsKeys,
  type SecretsManager,
  startSecretsManager,
} from '../../src/sandbox/secrets/emulator.ts';
import { SecretsError } from '../../src/sandbox/secrets/vault.ts';
import type { SecretBook } from '../../src/secrets/secret-book.ts';
import { noteSecrets } from '../../src/store/secret-settings.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

const DAY = 86_400;
const YEAR = 365 * DAY;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-command-'));
const file = join(folder, 'slack');
/** Every value that any of them has. */
const values = [
  'marked-okta-token',
  'xoxb-marked-bot-token',
  'marked-anypoint-secret',
  'marked-signing-secret',
  'marked-text-of-the-store',
];

let manager: SecretsManager;
let fresh: FreshDatabase;
let book: SecretBook;
beforeAll(async () => {
  manager = await startSecretsManager();
  fresh = await freshDatabase();
  manager.vault.create('latchkey/prod', {
    SecretString: JSON.stringify({ okta: 'marked-okta-token', anypoint: 'marked-anypoint-secret' }),
  });
  writeFileSync(file, 'xoxb-marked-bot-token\n');
  const madeAt = new Date(Date.now() - 2 * YEAR * 1_000);
  utimesSync(file, madeAt, madeAt);
});
afterAll(async () => {
  await fresh.close();
  await manager.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  manager.refuse(null);
  book = await openSecrets(
    {
      OKTA_API_TOKEN: 'secret://aws/latchkey/prod#okta',
      ANYPOINT_CLIENT_SECRET: 'secret://aws/latchkey/prod#anypoint',
      SLACK_BOT_TOKEN: `file://${file}`,
      SLACK_SIGNING_SECRET: 'marked-signing-secret',
    },
    { region: AWS_REGION, endpoint: manager.url, credentials: awsKeys },
  );
});

/** What the command says and whether it ends with 0. */
async function listed(): Promise<{ said: string; isWell: boolean }> {
  const said: string[] = [];
  let isWell = true;
  const program = new Command('latchkey').exitOverride();
  secretsCommand(program, {
    states: async () => ({ states: book.states(), maxAge: YEAR }),
    withDatabase: (work) => work(fresh.database.db),
    say: (line) => said.push(line),
    fail: () => {
      isWell = false;
    },
  });
  await program.parseAsync(['secrets'], { from: 'user' });
  return { said: said.join('\n'), isWell };
}
const holdsNoValue = (text: string) => {
  for (const value of values) expect(text).not.toContain(value);
};

test('`secrets` lists where each is read from, its version, its age and its last use by any replica', async () => {
  const okta = book.states().find(({ name }) => name === 'OKTA_API_TOKEN');
  await noteSecrets(fresh.database.db, [
    {
      name: 'OKTA_API_TOKEN',
      source: okta?.source ?? '',
      version: okta?.version ?? '',
      madeAt: null,
      lastUsedAt: new Date('2026-11-03T09:41:00Z'),
      trouble: null,
    },
  ]);
  const { said } = await listed();
  const rowOf = (name: string) =>
    said
      .split('\n')
      .find((line) => line.startsWith(`${name}  `))
      ?.split(/ {2,}/);
  expect(rowOf('setting')).toEqual(['setting', 'from', 'version', 'age', 'last used']);
  expect(rowOf('OKTA_API_TOKEN')).toEqual([
    'OKTA_API_TOKEN',
    'secret://aws/latchkey/prod#okta',
    okta?.version,
    expect.stringMatching(/second.* old$/),
    '2026-11-03 09:41 UTC',
  ]);
  expect(rowOf('SLACK_BOT_TOKEN')?.slice(1, 2)).toEqual([`file://${file}`]);
  expect(rowOf('SLACK_BOT_TOKEN')?.at(-1)).toBe('not known');
  expect(rowOf('SLACK_SIGNING_SECRET')?.slice(1)).toEqual([
    'the environment',
    '-',
    'age not known',
    'not known',
  ]);
  holdsNoValue(said);
});

test('`secrets` says what is wrong with one, and ends with 1 for that and not for an old one', async () => {
  const old = await listed();
  expect(old.said).toMatch(/^SLACK_BOT_TOKEN is 730 days old: make a new one, and put it into file:/m);
  expect(old.isWell).toBe(true);
  manager.refuse(new SecretsError('AccessDeniedException', values.join(' ')));
  await book.readAll();
  const away = await listed();
  for (const name of ['OKTA_API_TOKEN', 'ANYPOINT_CLIENT_SECRET'])
    expect(away.said).toMatch(
      new RegExp(
        `^${name} may not be read by Latchkey’s role in AWS: allow .*; what is known is used on$`,
        'm',
      ),
    );
  expect(away.isWell).toBe(false);
  holdsNoValue(away.said);
});

test('`check` has a line for each: well, old as a note, in trouble as a failure, and no value', async () => {
  const lineOf = (name: string) => secretLines(book.states(), YEAR).find((line) => line.name === name);
  expect(lineOf('OKTA_API_TOKEN')).toEqual({
    name: 'OKTA_API_TOKEN',
    trouble: null,
    detail: expect.stringMatching(/^ok: from secret:\/\/aws\/latchkey\/prod#okta, .* old$/),
  });
  expect(lineOf('SLACK_BOT_TOKEN')).toMatchObject({
    trouble: expect.stringMatching(/^is 730 days old/),
    isOptional: true,
  });
  expect(lineOf('secrets')).toEqual({
    name: 'secrets',
    trouble: null,
    detail: 'values in the environment, whose age nobody knows: SLACK_SIGNING_SECRET',
  });
  manager.vault.put('latchkey/prod', { SecretString: 'marked-text-of-the-store' });
  await book.readAll();
  const broken = lineOf('OKTA_API_TOKEN');
  expect(broken?.trouble).toMatch(/^holds no JSON.*the value before is used on$/);
  expect(broken?.isOptional).toBeUndefined();
  holdsNoValue(JSON.stringify(secretLines(book.states(), YEAR)));
});
