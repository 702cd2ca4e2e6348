import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Manifest } from './pack.ts';

/** What is wrong with a pack; `mistakes` empty: nothing. `jws`: its signature, which is checked elsewhere. */
export type CheckedPack = {
  mistakes: string[];
  manifest: Manifest | null;
  document: string;
  jws: string | null;
};

/** Holds each file of a pack against the manifest: changed, missing, and what is not in it. */
export async function checkPack(path: string): Promise<CheckedPack> {
  const document = await readFile(join(path, 'manifest.json'), 'utf8').catch(() => null);
  if (document === null)
    return { mistakes: [`${path} has no manifest.json`], manifest: null, document: '', jws: null };
  const jws = await readFile(join(path, 'manifest.jws'), 'utf8').catch(() => null);
  const manifest = manifestOf(document);
  if (manifest === null)
    return { mistakes: ['manifest.json is no manifest of a pack'], manifest: null, document, jws };
  const mistakes: string[] = [];
  const known = new Set(['manifest.json', 'manifest.jws', ...manifest.files.map(({ name }) => name)]);
  for (const name of await readdir(path))
    if (!known.has(name)) mistakes.push(`${name} is not in the manifest`);
  for (const { name, sha256 } of manifest.files) {
    const found = await hashOf(join(path, name)).catch(() => null);
    if (found === null) mistakes.push(`${name} is missing`);
    else if (found !== sha256) mistakes.push(`${name} was changed`);
  }
  return { mistakes, manifest, document, jws };
}

function manifestOf(document: string): Manifest | null {
  try {
    const manifest = JSON.parse(document) as Partial<Manifest>;
    const isOne =
      manifest.type === 'latchkey evidence' &&
      Array.isArray(manifest.files) &&
      // A name with a folder in it would lead out of the pack.
      manifest.files.every(({ name, sha256 }) => /^[\w.-]+$/.test(name) && typeof sha256 === 'string');
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
