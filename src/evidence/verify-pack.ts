import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Verifier } from '../audit/note.ts';
import { checkProof } from '../audit/proof.ts';
import { checkManifestNote, MANIFEST_NOTE, type SignatureCheck } from './manifest-note.ts';
import type { Manifest } from './pack.ts';
import { safeName } from './safe-name.ts';

/** What is wrong with a pack; `mistakes` empty: each file is as the manifest has it, and every proof fits. */
export type CheckedPack = {
  mistakes: string[];
  manifest: Manifest | null;
  manifestSha256: string | null;
  signature: SignatureCheck;
  /** `signed`: those whose checkpoint a known key signed. */
  proofs: { count: number; signed: number };
  /** Keys that were known here, by name and id. */
  known: string[];
  /** What a known key signed of keys that follow others: whoever had it has named them. */
  named: { keys: string[]; at: string; proof: string }[];
};

/** A name with more folders in it, or with `..`, would lead out of the pack. */
const NAME = /^((samples|policies|keys)\/[\w-]+\/)?[\w%-][\w.%-]*$/;

/** Holds each file of a pack against the manifest (changed, missing, put in), and checks the signature and the proofs. */
export async function checkPack(path: string, verifiers: readonly Verifier[]): Promise<CheckedPack> {
  const read = (name: string) => readFile(join(path, name), 'utf8').catch(() => null);
  const document = await read('manifest.json');
  const manifest = document === null ? null : manifestOf(document);
  if (document === null || manifest === null) {
    const why = document === null ? `${path} has no manifest.json` : 'manifest.json is no manifest of a pack';
    return {
      mistakes: [why],
      manifest: null,
      manifestSha256: null,
      signature: { is: 'unsigned' },
      proofs: { count: 0, signed: 0 },
      known: [],
      named: [],
    };
  }
  const sha256 = createHash('sha256').update(document).digest('hex');
  const signature = checkManifestNote(await read(MANIFEST_NOTE), sha256, verifiers);
  const mistakes = await filesAgainst(path, manifest);
  const proofs = await proofsIn(path, manifest, verifiers);
  return {
    mistakes: [...mistakes, ...proofs.mistakes],
    manifest,
    manifestSha256: sha256,
    signature,
    proofs,
    known: verifiers.map(({ name, id }) => `${name}+${id}`),
    named: proofs.named,
  };
}

async function filesAgainst(path: string, { files }: Manifest): Promise<string[]> {
  const mistakes: string[] = [];
  const known = new Set(['manifest.json', MANIFEST_NOTE, ...files.map(({ name }) => name)]);
  for (const found of await readdir(path, { recursive: true, withFileTypes: true })) {
    const name = relative(path, join(found.parentPath, found.name)).split(sep).join('/');
    if (!found.isDirectory() && !known.has(name)) mistakes.push(`${name} is not in the manifest`);
  }
  for (const { name, sha256 } of files) {
    const found = await hashOf(join(path, name)).catch(() => null);
    if (found === null) mistakes.push(`${name} is missing`);
    else if (found !== sha256) mistakes.push(`${name} was changed`);
  }
  return mistakes;
}

/** Each proof, with the entry beside it. The entry has to be of what it is filed under, and of that number. */
async function proofsIn(
  path: string,
  { files }: Manifest,
  verifiers: readonly Verifier[],
): Promise<CheckedPack['proofs'] & Pick<CheckedPack, 'mistakes' | 'named'>> {
  const checked = { count: 0, signed: 0, mistakes: [] as string[], named: [] as CheckedPack['named'] };
  for (const { name } of files) {
    const [, of, about, number] = /^(\w+)\/([\w-]+)\/(\d+)(?:\.handover)?\.tlog-proof$/.exec(name) ?? [];
    if (of === undefined || about === undefined) continue;
    checked.count += 1;
    const [entry, proof] = await Promise.all(
      [`${of}/${about}/${number}.json`, name].map((one) =>
        readFile(join(path, one), 'utf8').catch(() => null),
      ),
    );
    // That one is missing was told.
    if (entry == null || proof == null) continue;
    const found = checkProof(entry, proof, verifiers);
    const fields = entryOf(entry);
    if (!found.isRight) checked.mistakes.push(`${name} ${found.why}`);
    else if (found.seq !== Number(number) || aboutWhat(of, fields) !== about)
      checked.mistakes.push(`${name} is the proof of another entry`);
    else {
      if (found.isSigned) checked.signed += 1;
      if (of === 'policies')
        checked.mistakes.push(...textsAgainst(`policies/${about}`, fields.data?.files, files));
      if (of === 'keys' && found.isSigned)
        checked.named.push({ keys: fields.data?.keys ?? [], at: fields.at ?? '', proof: name });
    }
  }
  return checked;
}

type EntryFields = {
  type?: unknown;
  at?: string;
  changeId?: unknown;
  data?: {
    fingerprint?: unknown;
    files?: unknown;
    keys?: string[];
    offboardingId?: unknown;
    campaignId?: unknown;
    reviewOf?: unknown;
  };
};

function entryOf(entry: string): EntryFields {
  try {
    return JSON.parse(entry) as EntryFields;
  } catch {
    return {};
  }
}

/** What an entry has to be about, to stand in a folder of this kind. */
function aboutWhat(of: string, { type, changeId, data }: EntryFields): unknown {
  if (of === 'keys') return type === 'auditKeysChanged' ? 'changes' : null;
  if (of === 'policies') return data?.fingerprint;
  return changeId ?? data?.offboardingId ?? data?.campaignId ?? data?.reviewOf;
}

/** The texts of a policy against the hashes that its entry in the audit has; entries of before have none. */
function textsAgainst(folder: string, hashes: unknown, files: Manifest['files']): string[] {
  if (typeof hashes !== 'object' || hashes === null) return [];
  return Object.entries(hashes).flatMap(([file, sha256]) => {
    const name = `${folder}/${safeName(file)}`;
    return files.some((one) => one.name === name && one.sha256 === sha256)
      ? []
      : [`${name} is not the text that was put in force, as the audit has it`];
  });
}

function manifestOf(document: string): Manifest | null {
  try {
    const manifest = JSON.parse(document) as Partial<Manifest>;
    const isOne =
      manifest.type === 'latchkey evidence' &&
      Array.isArray(manifest.files) &&
      manifest.files.every(({ name, sha256 }) => NAME.test(name) && typeof sha256 === 'string');
    return isOne ? (manifest as Manifest) : null;
  } catch {
    return null;
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
