import { type Cell, csvRow } from '../core/csv.ts';
import { shownQuery } from '../store/evidence/cursor.ts';
import { sampleQuery } from '../store/evidence/populations.ts';
import { policyTexts, storyOf } from '../store/evidence/stories.ts';
import type { Tx } from '../store/postgres/database.ts';
import type { Folder } from './folder.ts';
import type { PackFacts, PackParts, PackPlan } from './plan.ts';
import { type ToldStory, toldStory } from './story.ts';

/** A sample of each population of changes, with the whole story of each of it. */
export async function drawSamples(
  tx: Tx,
  folder: Folder,
  plan: PackPlan,
  parts: PackParts,
): Promise<PackFacts['samples']> {
  const samples: PackFacts['samples'] = [];
  for (const name of ['grants', 'removals', 'requests-not-granted'] as const) {
    const query = sampleQuery(name, plan, plan.sample);
    const { rows } = await query.execute(tx);
    const stories: ToldStory[] = [];
    for (const { id } of rows) {
      const story = await storyOf(tx, id);
      const policy = story?.change.verdict?.policy ?? null;
      const texts = policy === null ? null : await policyTexts(tx, policy);
      if (story !== null) stories.push(toldStory(story, texts, parts));
    }
    samples.push({ of: name, query: shownQuery(tx, query), stories });
  }
  const json = folder.open('samples.json');
  await json.write(`${JSON.stringify(samples, null, 1)}\n`);
  await json.end();
  const csv = folder.open('samples.csv');
  const cells: Cell[][] = samples.flatMap(({ of, stories }) =>
    stories.map(({ id, person, entitlement, title }) => [of, id, person, entitlement, title]),
  );
  await csv.write(
    [['population', 'change', 'person', 'entitlement', 'what'], ...cells]
      .map((row) => `${csvRow(row)}\r\n`)
      .join(''),
  );
  await csv.end();
  return samples;
}
