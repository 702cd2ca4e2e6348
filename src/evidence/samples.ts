import { type Cell, csvHead, csvLine } from '../core/csv.ts';
import { caseEntries, policyOf, revokesOf, storyOf, toldElsewhere } from '../store/evidence/stories.ts';
import { type CaseStory, caseStory } from './case-story.ts';
import { type Draw, type Sampled, sampled } from './draw.ts';
import type { PackFacts } from './plan.ts';
import { type ToldStory, toldStory } from './story.ts';
import type { Writing } from './writing.ts';

/**
 * A sample of each population, with the whole story of each case of it. Each audit entry of a story is a file of its own,
 * with the proof beside it that it is in the audit.
 */
export async function drawSamples(
  writing: Writing,
  draws: { readonly [K in Sampled]: Draw },
): Promise<PackFacts['samples']> {
  const { folder, lists } = writing;
  const drawn = (Object.keys(sampled) as Sampled[]).map((of) => ({
    of,
    cases: draws[of].drawn().map((one) => ({ ...one, changes: changesOf(of, one.row) })),
  }));
  const ids = [...new Set(drawn.flatMap(({ cases }) => cases.flatMap(({ changes }) => changes)))];
  const tell = await openStories(writing, ids);
  const samples: PackFacts['samples'] = [];
  for (const { of, cases } of drawn) {
    const entries = await caseEntries(
      writing.tx,
      of,
      cases.map(({ row }) => row),
      writing.plan,
    );
    const stories: (ToldStory | CaseStory)[] = [];
    const columns = lists.get(of)?.columns ?? [];
    for (const [n, { key, row, changes }] of cases.entries()) {
      const told = (await Promise.all(changes.map(tell))).flatMap((story) => story ?? []);
      const [only] = told;
      if (isOfChanges(of) && only !== undefined) {
        stories.push(only);
        continue;
      }
      const own = entries[n] ?? [];
      const proofs = await writing.proofs.write(
        `samples/${folderOf(of, row)}`,
        own.map(({ id }) => id),
      );
      stories.push(caseStory({ of, key, row, columns, entries: own, proofs }, told, writing.parts));
    }
    samples.push({ of, size: lists.get(of)?.written ?? 0, keys: cases.map(({ key }) => key), stories });
  }
  await folder.write('samples.json', `${JSON.stringify(samples, null, 1)}\n`);
  const rows: Cell[][] = samples.flatMap(({ of, stories }) =>
    stories.map(({ id, person, entitlement, title }) => [of, id, person, entitlement, title]),
  );
  const head = csvHead(['population', 'change', 'person', 'entitlement', 'what']);
  await folder.write('samples.csv', `${head}${rows.map(csvLine).join('')}`);
  return samples;
}

function isOfChanges(of: Sampled): boolean {
  return of === 'grants' || of === 'removals' || of === 'requests-not-granted';
}

/** The changes that a case is about. */
function changesOf(of: Sampled, row: Record<string, unknown>): string[] {
  const { change, revoke, removals } = row;
  const all = of === 'terminations' ? (removals as string[]) : [change, revoke];
  return all.filter((id) => typeof id === 'string');
}

/** Entries of a case that are of no change. */
function folderOf(of: Sampled, row: Record<string, unknown>): string {
  return String(of === 'terminations' ? row.case : row.campaign);
}

/** Tells a change whole, the first time that it is asked for. */
async function openStories(
  writing: Writing,
  ids: readonly string[],
): Promise<(id: string) => Promise<ToldStory | null>> {
  const { tx, parts, proofs: proving } = writing;
  const noted = await notedOf(writing, [...ids, ...(await revokesOf(tx, ids))]);
  const elsewhere = Map.groupBy(await toldElsewhere(tx, ids), ({ changeId }) => changeId);
  const tell = async (id: string) => {
    const story = await storyOf(tx, id);
    if (story === null) return null;
    const fingerprint = story.change.verdict?.policy ?? null;
    const policy = fingerprint === null ? null : await policyOf(tx, fingerprint);
    const proofs = await proving.write(
      `samples/${id}`,
      story.entries.map((one) => one.id),
    );
    return toldStory(story, { ...parts, policy, proofs, noted, elsewhere: elsewhere.get(id) ?? [] });
  };
  // What was kept, and then put to somebody anew and denied, is in two populations.
  const told = new Map<string, Promise<ToldStory | null>>();
  return (id) => {
    const known = told.get(id) ?? tell(id);
    told.set(id, known);
    return known;
  };
}

/** What the lists say that was out of the ordinary about these changes. */
async function notedOf({ folder }: Writing, ids: readonly string[]): Promise<Map<string, string[]>> {
  const noted = new Map(ids.map((id): [string, string[]] => [id, []]));
  for (const name of ['violations', 'exceptions'] as const)
    for await (const line of folder.lines(`${name}.json`)) {
      if (!line.startsWith('{')) continue;
      const { change, kind, what } = JSON.parse(line.replace(/,$/, '')) as Record<string, string>;
      noted.get(String(change))?.push(name === 'violations' ? String(what) : `${kind}: ${what}`);
    }
  return noted;
}
