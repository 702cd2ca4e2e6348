import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Verifier } from '../audit/note.ts';
import { checkProof } from '../audit/proof.ts';
import { checkManifestNote, MANIFEST_NOTE, type SignatureCheck } from './manifest-note.ts';
import type { Manifest } from './pack.ts';

/** What is wrong with a pack; `mistakes` empty: each file is as the manifest has it, and every proof fits. */
export type CheckedPack = {
  mistakes: string[];
  manifest: Manifest | null;
  manifestSha256: string | null;
  signature: SignatureCheck;
  /** `signed`: those whose checkpoint a known key signed. */
  proofs: { count: number; signed: number };
};

/** A name with more folders in it, or with `..`, would lead out of the pack. */
const NAME = /^(samples\/[\w-]+\/)?[\w-][\w.-]*$/;

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

/** Each proof of a sample, with the entry beside it. The entry has to be of the sample, and of the number, that it is filed under. */
async function proofsIn(
  path: string,
  { files }: Manifest,
  verifiers: readonly Verifier[],
): Promise<CheckedPack['proofs'] & { mistakes: string[] }> {
  const checked = { count: 0, signed: 0, mistakes: [] as string[] };
  for (const { name } of files) {
    const [, change, number] = /^samples\/([\w-]+)\/(\d+)\.tlog-proof$/.exec(name) ?? [];
    if (change === undefined) continue;
    checked.count += 1;
    const [entry, proof] = await Promise.all(
      [name.replace(/tlog-proof$/, 'json'), name].map((one) =>
        readFile(join(path, one), 'utf8').catch(() => null),
      ),
    );
    // That one is missing was told.
    if (entry == null || proof == null) continue;
    const found = checkProof(entry, proof, verifiers);
    if (!found.isRight) checked.mistakes.push(`${name} ${found.why}`);
    else if (found.seq !== Number(number) || changeOf(entry) !== change)
      checked.mistakes.push(`${name} is the proof of another entry`);
    else if (found.isSigned) checked.signed += 1;
  }
  return checked;
}

function changeOf(entry: string): unknown {
  try {
    return (JSON.parse(entry) as { changeId?: unknown }).changeId;
  } catch {
    return null;
  }
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
