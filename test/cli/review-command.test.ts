import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { reviewCommands } from '../../src/cli/review-command.ts';
import type { Catalogue } from '../../src/core/policy/catalogue.ts';
import { prepareCampaign } from '../../src/flow/review/prepare.ts';
import { rememberPerson } from '../../src/store/people.ts';
import { linkPerson } from '../../src/store/person-links.ts';
import { unfinishedCampaigns } from '../../src/store/reviews.ts';
import { target } from '../core/given.ts';
import { reviewScene } from '../flow/review/given.ts';
import { idpPerson } from '../store/given.ts';

const scene = reviewScene();
beforeEach(async () => {
  scene.book.birthright = null;
  scene.book.inIdp = [idpPerson('olga'), idpPerson('sam')];
  for (const { login } of scene.book.inIdp) await rememberPerson(scene.db, 'okta', idpPerson(login));
  const { id } = await rememberPerson(scene.db, 'okta', idpPerson('ines'));
  await linkPerson(scene.db, id, 'anypoint', 'anypoint-ines');
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${id}, ${target.groupId}, 'g', now()) on conflict do nothing`.execute(scene.db);
});

/** What a command says, and whether it ends well; what commander itself refuses is thrown. */
async function run(...words: string[]): Promise<{ said: string; isWell: boolean }> {
  const lines: string[] = [];
  let isWell = true;
  const program = new Command('latchkey').exitOverride();
  const quiet = { writeErr: () => {}, writeOut: () => {} };
  reviewCommands(program, {
    withDatabase: (work) => work(scene.db),
    catalogue: async () => scene.context().catalogue.current() as Catalogue,
    say: (said) => lines.push(said),
    fail: () => {
      isWell = false;
    },
  });
  const quieten = (command: Command): void => {
    command.exitOverride().configureOutput(quiet);
    command.commands.forEach(quieten);
  };
  quieten(program);
  await program.parseAsync(['review', ...words], { from: 'user' });
  return { said: lines.join('\n'), isWell };
}

/** A running Latchkey prepares what the command opened. */
async function runPreview(...words: string[]) {
  const running = run('preview', ...words);
  for (let i = 0; i < 100; i += 1) {
    const [waiting] = (await unfinishedCampaigns(scene.db)).filter(({ state }) => state === 'preparing');
    if (waiting !== undefined) {
      await prepareCampaign(scene.context(), { job: 'prepareCampaign', campaignId: waiting.id });
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return await running;
}

const counts = async () => (await sql`select count(*) from campaigns`.execute(scene.db)).rows[0];
const entries = async () => (await sql`select count(*) from audit`.execute(scene.db)).rows[0];

test('each command once: from the preview to the certificate', async () => {
  // given a fresh comparison
  await sql`insert into reconcile_runs (cause, started_at, finished_at, found)
    values ('everything', now(), now(), '{"allAgree": true}')`.execute(scene.db);

  const preview = await runPreview(
    '--name',
    'November',
    '--entitlement',
    'orders',
    '--person',
    'INES@acme.example',
  );
  expect(preview).toMatchObject({ isWell: true });
  expect(preview.said).toMatch(/November\n1 line for 1 reviewer\.[\s\S]*review start ([0-9a-f]{8})$/);
  const id = preview.said.slice(-8);

  expect((await run('show', id)).said).toContain('By reviewer:');
  expect(await run('certificate', id)).toEqual({
    said: 'it has not closed yet, so there is no certificate',
    isWell: false,
  });
  expect((await run('start', id)).said).toMatch(/^started; due \d{4}-/);
  expect(await run('start', id)).toMatchObject({
    isWell: false,
    said: expect.stringContaining('started already'),
  });
  expect((await run('show', id)).said).toMatch(/0 of 1 {2}olga/);
  expect((await run('list')).said).toContain('November: open, 1 line left; 1 lines');

  const [campaign] = await unfinishedCampaigns(scene.db);
  const olga = await rememberPerson(scene.db, 'okta', idpPerson('olga'));
  if (campaign === undefined) throw new Error('it is not open');
  await scene.decides(campaign.id, olga, ['keep']);
  expect(await scene.settled(campaign.id)).toBe('closed');

  expect((await run('certificate', id)).said).toMatch(/^November: started .* closed /);
  const file = join(await mkdtemp(join(tmpdir(), 'latchkey-')), 'november.json');
  await run('certificate', id, '--json', '--out', file);
  expect((await run('verify', file)).said).toMatch(/^right: November, 1 lines/);
  expect((await run('certificate', id, '--csv')).said).toContain('ines@acme.example');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"payload":"ey', '"payload":"eY'));
  expect(await run('verify', file)).toMatchObject({
    isWell: false,
    said: expect.stringContaining('NOT RIGHT'),
  });
  expect((await run('report')).said).toMatch(/1 +100 %.*olga <olga@acme.example>/);

  const second = await runPreview('--name', 'December');
  expect(await run('cancel', second.said.slice(-8))).toEqual({ said: 'cancelled', isWell: true });
  expect(await run('cancel', second.said.slice(-8))).toMatchObject({ isWell: false });
});

test.each([
  [
    ['preview', '--name', 'X', '--entitlement', 'order'],
    /there is no entitlement order; did you mean orders\?/,
  ],
  [['preview', '--name', 'X', '--person', 'nobody@acme.example'], /nobody is known as nobody@acme\.example/],
  [['preview', '--name', ' '], /needs a name/],
  [['start', 'ffffffff'], /no campaign has an id that begins with ffffffff/],
  [['cancel', 'ffffffff'], /no campaign/],
  [['show', '%'], /no campaign/],
  [['show', ''], /no campaign/],
  [['certificate', 'ffffffff'], /no campaign/],
  [['report', '--campaign', 'ffffffff'], /no campaign/],
  [['verify', '/no/such/file.json'], /\/no\/such\/file\.json can’t be read/],
  [['keep-rule', 'ffffffff', '1', '--by', 'sam@acme.example', '--why', 'x'], /no campaign/],
] as const)('%j says what is wrong, ends badly and changes nothing', async (words, says) => {
  const before = [await counts(), await entries()];
  const { said, isWell } = await run(...words);
  expect(said).toMatch(says);
  expect(isWell).toBe(false);
  expect([await counts(), await entries()]).toEqual(before);
});

test.each([
  [['preview'], /--name/],
  [['preview', '--name', 'X', '--tier', 'huge'], /Allowed choices are low, medium, high, critical/],
  [['preview', '--name', 'X', '--overdue', 'forget'], /Allowed choices/],
  [['preview', '--name', 'X', '--due', 'soon'], /a duration as 14d/],
  [['preview', '--name', 'X', '--due', '0d'], /a duration as 14d/],
  [['preview', '--name', 'X', '--granted-since', '2026-02-30'], /a day as 2026-01-31/],
  [['preview', '--name', 'X', '--unused', '-1'], /a whole number/],
  [['keep-rule', 'x', 'one', '--by', 'a', '--why', 'b'], /a whole number/],
  [['start'], /missing required argument/],
  [['strat', 'x'], /unknown command/],
] as const)('%j is refused before anything is looked at', async (words, says) => {
  const before = [await counts(), await entries()];
  await expect(run(...words)).rejects.toThrow(says);
  expect([await counts(), await entries()]).toEqual(before);
});
