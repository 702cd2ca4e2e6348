import { type Cell, csvHead, csvLine } from '../core/csv.ts';
import { shownQuery } from '../store/evidence/cursor.ts';
import { sampleQuery } from '../store/evidence/populations.ts';
import { policyOf, revokesOf, storyOf, toldElsewhere } from '../store/evidence/stories.ts';
import type { Tx } from '../store/postgres/database.ts';
import type { PackFacts, PackPlan } from './plan.ts';
import { type ToldStory, toldStory } from './story.ts';
import type { Writing } from './writing.ts';

const sampled = ['grants', 'removals', 'requests-not-granted'] as const;

/** The ids that are drawn of each population. */
export type Drawn = ReadonlyMap<(typeof sampled)[number], readonly string[]>;

/** Draws the samples: once, for a drawing goes through a whole population. */
export async function drawIds(tx: Tx, plan: PackPlan): Promise<Drawn> {
  const drawn = new Map<(typeof sampled)[number], string[]>();
  for (const name of sampled) {
    const { rows } = await sampleQuery(name, plan, plan.sample).execute(tx);
    drawn.set(
      name,
      rows.map(({ id }) => id),
    );
  }
  return drawn;
}

/** The changes that were drawn, and the revokes that ended them. */
export async function changesDrawn(tx: Tx, drawn: Drawn): Promise<string[]> {
  const ids = [...drawn.values()].flat();
  return [...ids, ...(await revokesOf(tx, ids))];
}

/**
 * A sample of each population of changes, with the whole story of each of it. Each audit entry of a story is a file of
 * its own, with the proof beside it that it is in the audit.
 */
export async function drawSamples({
  tx,
  folder,
  plan,
  parts,
  noted,
  drawn,
  proofs: proving,
}: Writing): Promise<PackFacts['samples']> {
  const samples: PackFacts['samples'] = [];
  // What was kept, and then put to somebody anew and denied, is in two populations.
  const proven = new Map<string, ReadonlyMap<string, string>>();
  for (const name of sampled) {
    const query = sampleQuery(name, plan, plan.sample);
    const ids = drawn.get(name) ?? [];
    const elsewhere = Map.groupBy(await toldElsewhere(tx, ids), ({ changeId }) => changeId);
    const stories: ToldStory[] = [];
    for (const id of ids) {
      const story = await storyOf(tx, id);
      if (story === null) continue;
      const fingerprint = story.change.verdict?.policy ?? null;
      const policy = fingerprint === null ? null : await policyOf(tx, fingerprint);
      const proofs =
        proven.get(id) ??
        (await proving.write(
          `samples/${id}`,
          story.entries.map((one) => one.id),
        ));
      proven.set(id, proofs);
      stories.push(toldStory(story, { ...parts, policy, proofs, noted, elsewhere: elsewhere.get(id) ?? [] }));
    }
    samples.push({ of: name, query: shownQuery(tx, query), stories });
  }
  await folder.write('samples.json', `${JSON.stringify(samples, null, 1)}\n`);
  const rows: Cell[][] = samples.flatMap(({ of, stories }) =>
    stories.map(({ id, person, entitlement, title }) => [of, id, person, entitlement, title]),
  );
  const head = csvHead(['population', 'change', 'person', 'entitlement', 'what']);
  await folder.write('samples.csv', `${head}${rows.map(csvLine).join('')}`);
  return samples;
}
