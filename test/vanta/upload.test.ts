import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { logKeysOf } from '../../src/audit/log-keys.ts';
import { evidenceCommand } from '../../src/cli/evidence-command.ts';
import type { Catalogue } from '../../src/core/policy/catalogue.ts';
import { uploadPack } from '../../src/evidence/upload.ts';
import type { PackFolder } from '../../src/evidence/upload-files.ts';
import { startVanta, type VantaEmulator, vantaClient } from '../../src/sandbox/vanta/emulator.ts';
import { createVanta, type VantaSettings } from '../../src/vanta/vanta.ts';
import { entitlement } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { signingKey, smallPack } from './pack.ts';

const run = promisify(execFile);
let fresh: FreshDatabase;
let vanta: VantaEmulator;
let pack: PackFolder;
beforeAll(async () => {
  fresh = await freshDatabase();
  pack = await smallPack();
});
afterAll(() => fresh.close());
beforeEach(async () => {
  vanta = await startVanta();
});
afterEach(() => vanta.close());

const DOCUMENT = 'access-requests';
/** VANTA_CLIENT_SECRET and the rest, as the configuration reads them. */
const settings = (
  documents: VantaSettings['documents'] = [{ id: DOCUMENT, files: null }],
): VantaSettings => ({
  url: vanta.url,
  clientId: vantaClient.id,
  clientSecret: vantaClient.secret,
  documents,
  timing: { upload: 1_000, call: 1_000, waits: 0 },
});
const uploads = (document = DOCUMENT) => vanta.documents.get(document)?.uploads ?? [];
const named = (document = DOCUMENT) =>
  uploads(document).map(({ fileName }) =>
    fileName.replace(/^latchkey-2026-01-01-to-2026-03-31-[0-9a-f]{8}-/, ''),
  );

async function cli(given: VantaSettings | null, ...words: string[]) {
  const lines: string[] = [];
  let isWell = true;
  const program = new Command().exitOverride();
  evidenceCommand(program, {
    withDatabase: (work) => work(fresh.database.db),
    keys: async () => logKeysOf(signingKey)(),
    vanta: async () => given,
    catalogue: async () => ({ entitlements: [entitlement()] }) as unknown as Catalogue,
    say: (said) => lines.push(said),
    fail: () => {
      isWell = false;
    },
  });
  await program.parseAsync(['evidence', ...words], { from: 'user' });
  return { said: lines.join('\n'), isWell };
}
const audited = async () =>
  await fresh.database.db
    .selectFrom('audit')
    .select(['type', 'actor', 'data'])
    .where('type', 'in', ['evidenceUploadBegun', 'evidenceUploaded'])
    .orderBy('id')
    .execute();
const fresher = () =>
  fresh.database.db
    .selectFrom('audit')
    .select((eb) => eb.fn.countAll().as('n'))
    .executeTakeFirst();

test('a pack is put into its document and submitted; the audit tells who did it, before and after', async () => {
  const { said, isWell } = await cli(settings(), 'upload', pack.folder, '--by', 'olga');
  expect(said).toMatch(/^arrived {8}access-requests {2}latchkey-.*-pack\.zip, read back: the same bytes$/m);
  expect(said).toMatch(/^access-requests: submitted$/m);
  expect(said).toMatch(/4 of 4 files are in Vanta \(127\.0\.0\.1:\d+\)\.$/);
  expect(isWell).toBe(true);
  expect(named()).toEqual(['pack.zip', 'grants.csv', 'requests-not-granted.csv', 'removals.csv']);
  expect(uploads().every(({ isDraft }) => !isDraft)).toBe(true);
  expect(uploads()[1]).toMatchObject({ mimeType: 'text/csv', effectiveDate: '2026-03-31T00:00:00.000Z' });
  expect(uploads()[1]?.description).toContain(pack.manifestSha256);
  const [begun, done] = (await audited()).slice(-2);
  expect(begun).toMatchObject({
    type: 'evidenceUploadBegun',
    actor: { part: 'operator olga' },
    data: { sha256: pack.manifestSha256, documents: [DOCUMENT] },
  });
  expect(done).toMatchObject({
    type: 'evidenceUploaded',
    data: {
      arrived: 4,
      of: 4,
      submitted: [DOCUMENT],
      files: [{ is: 'arrived', id: uploads()[0]?.id }, {}, {}, {}],
    },
  });
});

test('the ZIP has the whole pack, which verifies when it is unpacked', async () => {
  await cli(settings(), 'upload', pack.folder);
  const place = await mkdtemp(join(tmpdir(), 'latchkey-unpacked-'));
  await writeFile(join(place, 'pack.zip'), uploads()[0]?.bytes ?? '');
  await run('python3', ['-m', 'zipfile', '-e', 'pack.zip', 'whole'], { cwd: place });
  expect(await cli(null, 'verify', join(place, 'whole'))).toMatchObject({
    isWell: true,
    said: expect.stringMatching(/^right: 7 files/),
  });
});

test('the same pack again is boring: nothing is sent, and nothing waits to be submitted', async () => {
  await cli(settings(), 'upload', pack.folder);
  const before = uploads().map(({ id }) => id);
  const { said, isWell } = await cli(settings(), 'upload', pack.folder);
  expect(uploads().map(({ id }) => id)).toEqual(before);
  expect(said.match(/^there already/gm)).toHaveLength(4);
  expect(said).toMatch(/nothing of it was waiting to be submitted/);
  expect(isWell).toBe(true);
});

test('a file of that name with other bytes is not taken for ours, nor is one that was deleted', async () => {
  await cli(settings(), 'upload', pack.folder);
  const [zip, grants] = uploads() as [
    typeof vanta.documents extends Map<string, { uploads: (infer U)[] }> ? U : never,
    { deletionDate: string | null },
  ];
  zip.bytes = Buffer.from('PK somebody else’s');
  grants.deletionDate = '2026-04-02T00:00:00Z';
  const { said, isWell } = await cli(settings(), 'upload', pack.folder);
  expect(named().slice(4)).toEqual(['pack.zip', 'grants.csv']);
  expect(said.match(/^there already/gm)).toHaveLength(2);
  expect(isWell).toBe(true);
});

test('where some is not taken the rest arrives, nothing is submitted, and it says how to go on', async () => {
  await vanta.close();
  vanta = await startVanta({ types: ['text/csv'] });
  const { said, isWell } = await cli(settings(), 'upload', pack.folder);
  expect(said).toMatch(
    /^NOT TAKEN .*pack\.zip: it answers 422: Unsupported file type: application\/zip: if it does not take this kind of file, name others in VANTA_DOCUMENTS/m,
  );
  expect(said).toMatch(/^access-requests: NOT SUBMITTED, as not every file is there$/m);
  expect(said).toContain(`3 of 4 files are in Vanta`);
  expect(said).toContain(`To go on: npm run latchkey -- evidence upload ${pack.folder}`);
  expect(isWell).toBe(false);
  expect(uploads().every(({ isDraft }) => isDraft)).toBe(true);
  expect((await audited()).at(-1)).toMatchObject({ data: { arrived: 3, of: 4, submitted: [] } });
  const chosen = settings([
    { id: DOCUMENT, files: ['grants.csv', 'requests-not-granted.csv', 'removals.csv'] },
  ]);
  expect(await cli(chosen, 'upload', pack.folder)).toMatchObject({ isWell: true });
  expect(uploads()).toHaveLength(3);
});

test('when it stops half-way, it says what is there and what is not; the next run sends only the rest', async () => {
  const at = /POST .*uploads$/;
  vanta.mishaps.push({
    at: /uploads$/,
    is: 'status',
    status: 200,
    body: { results: { data: [], pageInfo: {} } },
  });
  vanta.mishaps.push(
    { at, is: 'blank' },
    { at, is: 'status', status: 403, body: { message: 'Insufficient scope' } },
  );
  const first = await cli(settings(), 'upload', pack.folder);
  // What arrived empty is not what was sent (Vanta: “causing a blank document to be uploaded”).
  expect(first.said).toMatch(
    /^NOT TAKEN .*pack\.zip: what is kept there has other bytes than what was sent/m,
  );
  expect(first.said).toMatch(
    /^NOT SENT .*grants\.csv: it answers 403: Insufficient scope: make the application/m,
  );
  expect(first.said).toMatch(/^NOT SENT .*removals\.csv/m);
  expect(first.said).toMatch(/0 of 4 files are in Vanta/);
  expect(first.isWell).toBe(false);
  const second = await cli(settings(), 'upload', pack.folder);
  expect(second.isWell).toBe(true);
  expect(named()).toEqual(['pack.zip', 'pack.zip', 'grants.csv', 'requests-not-granted.csv', 'removals.csv']);
});

test.each([
  ['arrived all the same is found, and not sent twice', 'lost', 1, 'arrived'],
  ['did not arrive is sent once more', 'silent', 1, 'arrived'],
  ['and can’t be looked for is unknown', 'silent', 0, 'unknown'],
] as const)('a file without an answer that %s', async (_, mishap, isListed, is) => {
  vanta.mishaps.push({ at: /POST .*uploads$/, is: mishap });
  if (isListed === 0) {
    vanta.mishaps.unshift({
      at: /GET .*uploads$/,
      is: 'status',
      status: 200,
      body: { results: { data: [], pageInfo: {} } },
    });
    vanta.mishaps.push({ at: /GET .*uploads$/, is: 'status', status: 500 });
  }
  const store = createVanta(settings());
  const documents = [{ id: DOCUMENT, files: ['grants.csv'] }];
  const [outcome] = await uploadPack(store, pack, { documents, isDraft: false, lookAfterMs: 10 });
  expect(outcome?.files).toMatchObject([{ is }]);
  expect(uploads()).toHaveLength(is === 'unknown' ? 0 : 1);
  expect(outcome?.submitted).toBe(is === 'unknown' ? null : 'submitted');
});

test('several documents get their own files; one that is not there holds up no other', async () => {
  const given = settings([
    { id: 'nowhere', files: ['grants.csv'] },
    { id: 'access-reviews', files: ['reviews.csv', 'review-lines.csv'] },
  ]);
  const { said, isWell } = await cli(given, 'upload', pack.folder, '--draft');
  expect(said).toMatch(
    /^NOT SENT .*nowhere {2}grants\.csv: it answers 404: Not found: see that there is a document nowhere/m,
  );
  expect(named('access-reviews')).toEqual(['reviews.csv', 'review-lines.csv']);
  expect(uploads('access-reviews').every(({ isDraft }) => isDraft)).toBe(true);
  expect(said).toMatch(/^access-reviews: a draft: somebody submits it in Vanta$/m);
  expect(isWell).toBe(false);
});

test('what is not as it was made, or names a file that no pack has, is not sent, and leaves no entry', async () => {
  const changed = await smallPack('Mallory');
  await appendFile(join(changed.folder, 'grants.csv'), '2,Eve\r\n');
  const before = await fresher();
  const spoilt = await cli(settings(), 'upload', changed.folder);
  expect(spoilt).toEqual({ isWell: false, said: 'NOT RIGHT: grants.csv was changed\nNothing was sent.' });
  const unknown = await cli(settings([{ id: DOCUMENT, files: ['secrets.csv'] }]), 'upload', pack.folder);
  expect(unknown).toMatchObject({
    isWell: false,
    said: expect.stringMatching(/names secrets\.csv, which is no file of the pack/),
  });
  expect((await cli(null, 'upload', pack.folder)).said).toMatch(
    /set VANTA_CLIENT_ID and VANTA_CLIENT_SECRET/,
  );
  expect(await fresher()).toEqual(before);
  expect(vanta.calls).toEqual([]);
});

test('--vanta makes a pack and uploads it; without the settings none is made', async () => {
  const out = join(await mkdtemp(join(tmpdir(), 'latchkey-made-')), 'q1');
  const words = ['--from', '2026-01-01', '--to', '2026-03-31', '--out', out, '--by', 'olga', '--vanta'];
  expect(await cli(null, ...words)).toMatchObject({
    isWell: false,
    said: expect.stringMatching(/VANTA_CLIENT_ID/),
  });
  expect(await cli(settings(), ...words.slice(0, -1), '--draft')).toMatchObject({ isWell: false });
  const { said, isWell } = await cli(settings(), ...words);
  expect(said).toMatch(/index\.html is the page[\s\S]*access-requests: submitted\n4 of 4 files/);
  expect(isWell).toBe(true);
});
