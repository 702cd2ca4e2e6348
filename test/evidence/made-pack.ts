import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newFolder } from '../../src/evidence/folder.ts';
import { makePack } from '../../src/evidence/pack.ts';
import type { CataloguedEntitlement } from '../../src/evidence/plan.ts';
import type { ToldStory } from '../../src/evidence/story.ts';
import { knownGroups } from '../../src/store/evidence/reach.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { QUARTER } from './quarter.ts';

type Row = Record<string, unknown>;

/** What a pack says, read from its files. */
export type MadePack = {
  page: string;
  limits: string[];
  samples: { of: string; stories: ToldStory[] }[];
  list(name: string): Promise<Row[]>;
  csv(name: string): Promise<string>;
};

/** A pack of the quarter, all of each population told as samples. Its folder is thrown away. */
export async function packOf(
  db: Db,
  {
    entitlements,
    period = QUARTER,
    size = 100,
  }: {
    entitlements: readonly CataloguedEntitlement[];
    period?: { from: Date; to: Date };
    size?: number;
  },
): Promise<MadePack> {
  const path = await mkdtemp(join(tmpdir(), 'evidence-made-'));
  const plan = { ...period, frameworks: ['soc2', 'iso27001'] as const, sample: { size, seed: 'made' } };
  const { manifest } = await makePack(db, await newFolder(path), plan, {
    tierOf: (key) => entitlements.find((one) => one.key === key)?.tier ?? null,
    known: knownGroups({ entitlements: entitlements as never }),
    entitlements,
    teams: entitlements.map(({ team }) => team),
    idpName: () => 'Okta',
    madeBy: 'Sam',
    tool: 'test',
    signers: [],
  });
  const texts = new Map<string, string>();
  for (const { name } of manifest.files) texts.set(name, await readFile(join(path, name), 'utf8'));
  await rm(path, { recursive: true });
  const text = (name: string) => texts.get(name) ?? '';
  return {
    page: text('index.html'),
    limits: manifest.limits,
    samples: JSON.parse(text('samples.json')),
    list: async (name) => JSON.parse(text(`${name}.json`)),
    csv: async (name) => text(`${name}.csv`),
  };
}
