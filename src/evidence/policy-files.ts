import type { ListName } from '../core/evidence/controls.ts';
import { utc } from '../core/evidence/words.ts';
import { rowsOf } from '../store/evidence/cursor.ts';
import { type PolicyRow, policiesInForce } from '../store/evidence/policies.ts';
import { policyOf } from '../store/evidence/stories.ts';
import type { PackFacts } from './plan.ts';
import { agreementGaps } from './policy-agreement.ts';
import { safeName } from './safe-name.ts';
import { openQueried, type Writing } from './writing.ts';

type Texts = PolicyRow['texts'];

/**
 * The policies of the period, as a list and as files: all texts under a fingerprint stand in `policies/<fingerprint>/`,
 * beside the audit entries by which it was put in force and agreed to, with their proofs. So do the texts of the one
 * before, so that what differs can be read.
 */
export async function writePolicies(writing: Writing): Promise<PackFacts['policies']> {
  const { tx, plan, lists, proofs, exceptions } = writing;
  const query = policiesInForce(plan);
  const name: ListName = 'policies';
  const list = await openQueried(writing, name, query, [
    'fingerprint',
    'loadedAt',
    'inForce',
    'agreedBy',
    'agreedOn',
    'agreedWhere',
    'agreementRecorded',
    'before',
    'differs',
    'proofs',
    'file',
    'text',
  ]);
  const policies: PackFacts['policies'] = [];
  const written = new Map<string, Texts>();
  const write = async (fingerprint: string, texts: Texts) => {
    if (!written.has(fingerprint)) await writeTexts(writing, fingerprint, texts);
    written.set(fingerprint, texts);
  };
  for await (const policy of rowsOf(tx, query)) {
    const { fingerprint, loadedAt, inForce, agreed, texts, before, entries } = policy;
    await write(fingerprint, texts);
    const textsBefore =
      before === null ? null : (written.get(before) ?? (await policyOf(tx, before))?.texts ?? null);
    if (before !== null && textsBefore !== null) await write(before, textsBefore);
    for (const gap of agreementGaps(policy, plan)) await exceptions.add(gap);
    const proven = await proofs.write(`policies/${fingerprint}`, entries);
    policies.push({
      fingerprint,
      isAgreed: agreed.length > 0,
      isDated: inForce.length > 0,
      text: texts['policy.md'] ?? null,
      files: Object.keys(texts).map((file) => nameOf(fingerprint, file)),
      proofs: [...proven.values()],
    });
    const row = {
      fingerprint,
      loadedAt,
      inForce: inForce.map(({ from, to }) => `${momentOf(from)} to ${to === null ? 'now' : momentOf(to)}`),
      agreedBy: agreed.map((one) => one.name),
      agreedOn: agreed.map((one) => one.on),
      agreedWhere: agreed.map((one) => one.where),
      agreementRecorded: agreed.map((one) => `${momentOf(one.recordedAt)} by ${one.recordedBy}`),
      before,
      differs: differenceInWords(before, textsBefore, texts),
      proofs: [...proven.values()],
    };
    for (const [file, text] of Object.entries(texts))
      await list.add({ ...row, file: nameOf(fingerprint, file), text });
  }
  lists.set(name, await list.end());
  return policies;
}

async function writeTexts({ folder }: Writing, fingerprint: string, texts: Texts): Promise<void> {
  for (const [file, text] of Object.entries(texts)) await folder.write(nameOf(fingerprint, file), text);
}

function nameOf(fingerprint: string, file: string): string {
  return `policies/${fingerprint}/${safeName(file)}`;
}

function differenceInWords(before: string | null, textsBefore: Texts | null, texts: Texts): string {
  if (before === null) return 'the first that the audit has';
  if (textsBefore === null) return `the texts of ${before} are not kept`;
  const said = [...new Set([...Object.keys(textsBefore), ...Object.keys(texts)])].sort().flatMap((file) => {
    if (texts[file] === textsBefore[file]) return [];
    if (textsBefore[file] === undefined) return [`${file} is new`];
    return [`${file} ${texts[file] === undefined ? 'is gone' : 'was changed'}`];
  });
  return said.join('; ');
}

function momentOf(text: string): string {
  return utc(new Date(text));
}
