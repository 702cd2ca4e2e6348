import { createHash } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSigningKey, readSigner, type Signer } from '../../src/audit/note.ts';
import { csvHead, csvLine } from '../../src/core/csv.ts';
import { newFolder } from '../../src/evidence/folder.ts';
import { MANIFEST_NOTE, manifestNote } from '../../src/evidence/manifest-note.ts';
import type { PackFolder } from '../../src/evidence/upload-files.ts';

export const signingKey = newSigningKey('latchkey.acme.example/audit');

/** A small pack on the disk, signed, as `evidence` writes one. */
export async function smallPack(person = 'José O’Neil'): Promise<PackFolder> {
  const path = await mkdtemp(join(tmpdir(), 'latchkey-pack-'));
  const folder = await newFolder(path);
  for (const name of ['grants', 'requests-not-granted', 'removals', 'reviews', 'review-lines'])
    await folder.write(`${name}.csv`, `${csvHead(['change', 'person'])}${csvLine(['1', person])}`);
  await folder.write('index.html', '<!doctype html><title>Evidence</title>');
  await folder.write('samples/c1/12.json', '{"changeId":"c1"}');
  const manifest = {
    type: 'latchkey evidence',
    version: 1,
    madeAt: '2026-04-01T08:00:00.000Z',
    madeBy: 'olga',
    tool: 'latchkey 0.1.0',
    period: { from: '2026-01-01T00:00:00.000Z', to: '2026-04-01T00:00:00.000Z' },
    controls: ['CC6.1'],
    sample: { size: 1, seed: 'spring', rule: '' },
    populations: [],
    files: [...folder.files],
  } as const;
  const document = `${JSON.stringify(manifest, null, 2)}\n`;
  await folder.write('manifest.json', document);
  const manifestSha256 = createHash('sha256').update(document).digest('hex');
  await folder.write(MANIFEST_NOTE, manifestNote(manifestSha256, [readSigner(signingKey) as Signer]));
  return { folder: path, manifest: manifest as never, manifestSha256, isSigned: true };
}
