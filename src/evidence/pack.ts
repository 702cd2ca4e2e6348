import { readFile } from 'node:fs/promises';
import { controlsOf, type ListName } from '../core/evidence/controls.ts';
import { atOneMoment } from '../store/evidence/cursor.ts';
import type { Db } from '../store/postgres/database.ts';
import { caveatsOf } from './caveats.ts';
import type { Folder, WrittenFile } from './folder.ts';
import { writeLists } from './lists.ts';
import { MANIFEST_NOTE, manifestNote } from './manifest-note.ts';
import { packHtml } from './page.ts';
import { type PackFacts, type PackParts, type PackPlan, SAMPLE_RULE } from './plan.ts';

/** Shows that an entry of a sample is in the audit, with nothing but Node. */
const PROOF_PROGRAM = 'verify-proof.mjs';

export type Manifest = {
  type: 'latchkey evidence';
  version: 1;
  madeAt: string;
  madeBy: string;
  tool: string;
  period: { from: string; to: string };
  controls: string[];
  sample: { size: number; seed: string; rule: string };
  populations: { list: ListName; query: string | null; counted: number | null; written: number }[];
  /** How far the logs of others were read that it is held against; null: not to its end, or it is no log. */
  readTo: { source: string; from: string | null; to: string | null }[];
  /** What the pack can't show; empty: nothing is known of that kind. */
  limits: string[];
  files: WrittenFile[];
};

/** `signedWith`: the verifier keys of those who signed it; none: it is not signed. */
export type MadePack = { manifest: Manifest; manifestSha256: string; signedWith: string[] };

/**
 * Writes a pack of evidence into an empty folder. All of it is of one moment, and is read and written in pieces, so the
 * memory that it takes does not grow with the period.
 */
export async function makePack(db: Db, folder: Folder, plan: PackPlan, parts: PackParts): Promise<MadePack> {
  const facts = await atOneMoment(db, async (tx) => {
    const { madeAt, ...drawn } = await writeLists(tx, folder, plan, parts);
    const { madeBy, tool, signers } = parts;
    return {
      plan,
      madeAt,
      madeBy,
      tool,
      controls: controlsOf(plan.frameworks),
      ...drawn,
      files: folder.files,
      signers,
    };
  });
  await folder.write(PROOF_PROGRAM, await readFile(new URL(`./${PROOF_PROGRAM}`, import.meta.url), 'utf8'));
  await folder.write('index.html', packHtml(facts));
  return await writeManifest(folder, facts);
}

async function writeManifest(folder: Folder, facts: PackFacts): Promise<MadePack> {
  const { plan, madeAt, madeBy, tool, controls, lists, signers } = facts;
  const manifest: Manifest = {
    type: 'latchkey evidence',
    version: 1,
    madeAt: madeAt.toISOString(),
    madeBy,
    tool,
    period: { from: plan.from.toISOString(), to: plan.to.toISOString() },
    controls: controls.map(({ id }) => id),
    sample: { ...plan.sample, rule: SAMPLE_RULE },
    populations: [...lists.values()].map(({ name, query, counted, written }) => ({
      list: name,
      query,
      counted,
      written,
    })),
    readTo: [
      ...facts.sources.map(({ source, readFrom, readTo }) => ({
        source,
        from: readFrom?.toISOString() ?? null,
        to: readTo?.toISOString() ?? null,
      })),
      {
        source: 'anypointAudit',
        from: facts.teamLog.since?.toISOString() ?? null,
        to: facts.teamLog.checkedAt?.toISOString() ?? null,
      },
    ],
    limits: caveatsOf(facts),
    files: folder.files.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
  const document = `${JSON.stringify(manifest, null, 2)}\n`;
  const { sha256 } = await folder.write('manifest.json', document);
  if (signers.length > 0) await folder.write(MANIFEST_NOTE, manifestNote(sha256, signers));
  return { manifest, manifestSha256: sha256, signedWith: signers.map(({ verifier }) => verifier.vkey) };
}
