import { controlsOf, type ListName } from '../core/evidence/controls.ts';
import { atOneMoment } from '../store/evidence/cursor.ts';
import type { Db } from '../store/postgres/database.ts';
import type { Folder, WrittenFile } from './folder.ts';
import { writeLists } from './lists.ts';
import { packHtml } from './page.ts';
import { type PackFacts, type PackParts, type PackPlan, SAMPLE_RULE } from './plan.ts';

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
  files: WrittenFile[];
};

export type MadePack = { manifest: Manifest; manifestSha256: string; signedWith: string | null };

/**
 * Writes a pack of evidence into an empty folder. All of it is of one moment, and is read and written in pieces, so the
 * memory that it takes does not grow with the period.
 */
export async function makePack(db: Db, folder: Folder, plan: PackPlan, parts: PackParts): Promise<MadePack> {
  const facts = await atOneMoment(db, async (tx) => {
    const { lists, samples, told, madeAt } = await writeLists(tx, folder, plan, parts);
    const { madeBy, tool } = parts;
    return {
      plan,
      madeAt,
      madeBy,
      tool,
      controls: controlsOf(plan.frameworks),
      lists,
      samples,
      told,
      files: folder.files,
    };
  });
  const page = folder.open('index.html');
  await page.write(packHtml(facts));
  await page.end();
  return await writeManifest(folder, facts, parts);
}

async function writeManifest(folder: Folder, facts: PackFacts, { sign }: PackParts): Promise<MadePack> {
  const { plan, madeAt, madeBy, tool, controls, lists } = facts;
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
    files: folder.files.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
  const document = `${JSON.stringify(manifest, null, 2)}\n`;
  const file = folder.open('manifest.json');
  await file.write(document);
  const { sha256 } = await file.end();
  if (sign === null) return { manifest, manifestSha256: sha256, signedWith: null };
  const { jws, kid } = await sign(document);
  const signature = folder.open('manifest.jws');
  await signature.write(`${jws}\n`);
  await signature.end();
  return { manifest, manifestSha256: sha256, signedWith: kid };
}
