import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceFile } from '../ports/evidence-store.ts';
import { MANIFEST_NOTE } from './manifest-note.ts';
import type { Manifest } from './pack.ts';
import { zipOf } from './zip.ts';

/** The whole pack as one file. */
const WHOLE = 'pack.zip';
/** What goes into a document that is not told otherwise: the whole, and what can be read there by itself. */
export const USUAL_FILES = [WHOLE, 'grants.csv', 'requests-not-granted.csv', 'removals.csv'];
/** More is sent to nobody in one piece. */
const BYTES_MAX = 100 * 1024 * 1024;
const DAY_MS = 86_400_000;

const types: Readonly<Record<string, string>> = {
  zip: 'application/zip',
  csv: 'text/csv',
  json: 'application/json',
  html: 'text/html',
};

export type PackFolder = { folder: string; manifest: Manifest; manifestSha256: string; isSigned: boolean };

/** What no pack has; it is told before anything is sent. */
export function notInPack({ manifest }: PackFolder, names: readonly string[]): string[] {
  const known = new Set([WHOLE, 'manifest.json', ...manifest.files.map(({ name }) => name)]);
  return names.filter((name) => !known.has(name));
}

/** A file of a pack as it is sent; a text says why it is not. */
export async function fileToSend(pack: PackFolder, name: string): Promise<EvidenceFile | string> {
  const { manifest, manifestSha256, isSigned } = pack;
  const bytes = await bytesOf(pack, name);
  if (bytes === null)
    return `it has more than ${BYTES_MAX / 1024 / 1024} MB: name other files in VANTA_DOCUMENTS, or a shorter period`;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const from = manifest.period.from.slice(0, 10);
  const last = new Date(Date.parse(manifest.period.to) - DAY_MS);
  const to = last.toISOString().slice(0, 10);
  return {
    name: `latchkey-${from}-to-${to}-${manifestSha256.slice(0, 8)}-${name}`,
    type: types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    bytes,
    sha256,
    description: `Latchkey evidence, ${from} to ${to}: ${name}. SHA-256 ${sha256}; of the manifest ${manifestSha256}, ${isSigned ? 'signed' : 'not signed'}.`,
    effectiveAt: last,
  };
}

async function bytesOf({ folder, manifest, isSigned }: PackFolder, name: string): Promise<Buffer | null> {
  if (name === WHOLE) {
    const rest = ['manifest.json', ...(isSigned ? [MANIFEST_NOTE] : [])];
    return await zipOf(folder, [...manifest.files.map((file) => file.name), ...rest], BYTES_MAX);
  }
  const path = join(folder, name);
  return (await stat(path)).size > BYTES_MAX ? null : await readFile(path);
}
