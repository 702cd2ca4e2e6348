import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { type DocumentOutcome, type FileOutcome, uploadPack } from '../evidence/upload.ts';
import { notInPack, type PackFolder } from '../evidence/upload-files.ts';
import { checkPack } from '../evidence/verify-pack.ts';
import { commit } from '../flow/kernel/commit.ts';
import type { Db } from '../store/postgres/database.ts';
import { vantaAdvice } from '../vanta/advice.ts';
import { createVanta, type VantaSettings } from '../vanta/vanta.ts';
import type { EvidenceTools } from './evidence-command.ts';
import { signatureInWords } from './evidence-words.ts';

export const NO_VANTA =
  'there is nowhere to upload it: set VANTA_CLIENT_ID and VANTA_CLIENT_SECRET (docs/evidence.md)';

/** `evidence upload`: a pack that was made before, or that did not arrive whole. */
export function uploadCommand(evidence: Command, tools: EvidenceTools): void {
  const { withDatabase, vanta, say, fail } = tools;
  evidence
    .command('upload')
    .description('put a pack into its documents in Vanta; what is there already is not sent again')
    .argument('<folder>')
    .option('--draft', 'leave the documents drafts: somebody submits them in Vanta')
    .option('--by <name>', 'who does it; without, the user of this machine')
    .action(async (folder: string, _own: unknown, command: Command) => {
      // `evidence` has options of the same names, and reads them first.
      const given = command.optsWithGlobals<{ draft?: true; by?: string }>();
      const settings = await vanta();
      if (settings === null) {
        say(NO_VANTA);
        return fail();
      }
      await withDatabase(async (db) => {
        const by = given.by ?? userInfo().username;
        if (!(await uploaded(db, folder, { settings, isDraft: given.draft === true, by }, tools))) fail();
      });
    });
}

export type Upload = { settings: VantaSettings; isDraft: boolean; by: string };

/** Answers whether all of it is there. That something leaves is in the audit before it does. */
export async function uploaded(
  db: Db,
  folder: string,
  { settings, isDraft, by }: Upload,
  { keys, say }: Pick<EvidenceTools, 'keys' | 'say'>,
): Promise<boolean> {
  const pack = await whole(folder, keys, say);
  if (pack === null) return false;
  const names = settings.documents.flatMap(({ files }) => files ?? []);
  const absent = notInPack(pack, names);
  for (const name of absent)
    say(`VANTA_DOCUMENTS names ${name}, which is no file of the pack: nothing was sent`);
  if (absent.length > 0) return false;
  const store = createVanta(settings);
  const about = { to: store.called, sha256: pack.manifestSha256, period: pack.manifest.period };
  const documents = settings.documents.map(({ id }) => id);
  await noted(db, by, { type: 'evidenceUploadBegun', data: { ...about, documents } });
  const outcomes = await uploadPack(store, pack, { documents: settings.documents, isDraft });
  const files = outcomes.flatMap((one) => one.files);
  const there = files.filter(isThere);
  await noted(db, by, {
    type: 'evidenceUploaded',
    data: {
      ...about,
      arrived: there.length,
      of: files.length,
      files: files.map(({ document, name, is, sha256, id }) => ({ document, name, is, sha256, id })),
      submitted: outcomes.flatMap(({ document, submitted }) => (submitted === 'submitted' ? [document] : [])),
    },
  });
  for (const line of outcomes.flatMap((one) => inWords(one, isDraft))) say(line);
  const isDone = there.length === files.length && outcomes.every((one) => isHandedOver(one, isDraft));
  const rest = isDone ? '' : ` To go on: npm run latchkey -- evidence upload ${folder}`;
  say(`${there.length} of ${files.length} files are in ${store.called}.${rest}`);
  return isDone;
}

/** Only what is as it was made is handed on. */
async function whole(
  folder: string,
  keys: EvidenceTools['keys'],
  say: EvidenceTools['say'],
): Promise<PackFolder | null> {
  const checked = await checkPack(folder, (await keys()).verifiers);
  const { manifest, manifestSha256, signature, mistakes } = checked;
  const isSigned = signature.is !== 'unsigned';
  const wrong = [
    ...mistakes.map((one) => `NOT RIGHT: ${one}`),
    ...(isSigned ? signatureInWords(checked) : []),
  ];
  for (const why of wrong) say(why);
  if (wrong.length > 0 || manifest === null || manifestSha256 === null) {
    say('Nothing was sent.');
    return null;
  }
  return { folder, manifest, manifestSha256, isSigned };
}

type UploadNote = { type: 'evidenceUploadBegun' | 'evidenceUploaded'; data: Record<string, unknown> };

async function noted(db: Db, by: string, { type, data }: UploadNote): Promise<void> {
  await commit(db, async ({ now }) => ({
    result: null,
    notes: [{ type, at: now, actor: { part: `operator ${by}` }, changeId: null, data }],
  }));
}

function isThere({ is }: FileOutcome): boolean {
  return is === 'arrived' || is === 'there';
}

/** Where nothing was new, nothing may be waiting to be submitted. */
function isHandedOver({ files, submitted }: DocumentOutcome, isDraft: boolean): boolean {
  if (isDraft || submitted === 'submitted') return true;
  return submitted === 'nothing' && files.every(({ is }) => is === 'there');
}

const labels: Record<FileOutcome['is'], string> = {
  arrived: 'arrived',
  there: 'there already',
  refused: 'NOT TAKEN',
  unknown: 'UNKNOWN',
  unsent: 'NOT SENT',
};

function inWords(outcome: DocumentOutcome, isDraft: boolean): string[] {
  const { document, files } = outcome;
  return [
    ...files.map((file) => `${labels[file.is].padEnd(13)}  ${document}  ${file.name}${reason(file)}`),
    `${document}: ${submissionInWords(outcome, isDraft)}`,
  ];
}

function reason({ document, is, isSeen, why }: FileOutcome): string {
  if (is === 'arrived' || is === 'there')
    return isSeen ? ', read back: the same bytes' : ', which Vanta says; its bytes could not be read back';
  if (why === null) return '';
  if (typeof why === 'string') return `: ${why}`;
  const unknown = is === 'unknown' ? 'whether it is there could not be seen; ' : '';
  return `: ${why.message}: ${unknown}${vantaAdvice(why, document)}`;
}

function submissionInWords({ document, files, submitted }: DocumentOutcome, isDraft: boolean): string {
  if (submitted === 'submitted') return 'submitted';
  if (submitted === 'nothing')
    return files.every(({ is }) => is === 'there')
      ? 'nothing of it was waiting to be submitted'
      : 'NOT SUBMITTED: Vanta says that nothing is waiting; see the document there';
  if (submitted instanceof Fault)
    return `NOT SUBMITTED: ${submitted.message}: ${vantaAdvice(submitted, document)}`;
  return isDraft ? 'a draft: somebody submits it in Vanta' : 'NOT SUBMITTED, as not every file is there';
}
