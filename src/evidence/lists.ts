import type { RawBuilder } from 'kysely';
import type { ListName } from '../core/evidence/controls.ts';
import { utc } from '../core/evidence/words.ts';
import { archivedBefore, canaryDays, recordBegan, sourcesTelling } from '../store/evidence/coverage.ts';
import { rowsOf } from '../store/evidence/cursor.ts';
import {
  canaryRounds,
  canaryTotals,
  emergencies,
  type FlatRow,
  reviewLines,
  reviews,
  terminations,
} from '../store/evidence/other-lists.ts';
import { policiesInForce } from '../store/evidence/policies.ts';
import { databaseNow } from '../store/postgres/clock.ts';
import type { Tx } from '../store/postgres/database.ts';
import { type Counted, listChanges } from './change-lists.ts';
import { writeMembershipEvents } from './completeness.ts';
import { flatColumns } from './flat-columns.ts';
import type { Folder } from './folder.ts';
import { writeHeld } from './held-lists.ts';
import type { PackFacts, PackParts, PackPlan } from './plan.ts';
import { drawSamples, idsDrawn } from './samples.ts';
import { openQueried, type Writing } from './writing.ts';

type Drawn = Omit<Counted, 'givenOf'> &
  Pick<
    PackFacts,
    | 'lists'
    | 'samples'
    | 'told'
    | 'teamLog'
    | 'canary'
    | 'canaryDays'
    | 'sources'
    | 'recordBegan'
    | 'archivedBefore'
    | 'policies'
    | 'madeAt'
  >;

export async function writeLists(tx: Tx, folder: Folder, plan: PackPlan, parts: PackParts): Promise<Drawn> {
  const madeAt = await databaseNow(tx);
  const drawn = await idsDrawn(tx, plan);
  const noted = new Map(drawn.map((id): [string, string[]] => [id, []]));
  const writing: Writing = { tx, folder, plan, parts, lists: new Map(), noted };
  const { givenOf, ...counted } = await listChanges(writing);
  await writeFlat(writing, 'terminations', terminations(plan));
  await writeFlat(writing, 'reviews', reviews(plan));
  await writeFlat(writing, 'review-lines', reviewLines(plan));
  await writeFlat(writing, 'emergencies', emergencies(plan));
  await writeFlat(writing, 'canary', canaryRounds(plan));
  const { rows: rounds } = await canaryTotals(plan).execute(tx);
  const { told, teamLog } = await writeMembershipEvents(writing);
  const end = new Date(Math.min(plan.to.getTime(), madeAt.getTime()));
  await writeHeld(writing, { end, givenOf });
  const policies = await writePolicies(writing);
  const samples = await drawSamples(writing);
  return {
    madeAt,
    lists: writing.lists,
    samples,
    told,
    teamLog,
    policies,
    canary: rounds[0] ?? null,
    canaryDays: await canaryDays(tx, plan, madeAt),
    sources: await sourcesTelling(tx),
    recordBegan: await recordBegan(tx),
    archivedBefore: await archivedBefore(tx),
    ...counted,
  };
}

/** A list that is written as its query gives it. Its columns are those of the query. */
async function writeFlat(writing: Writing, name: ListName, query: RawBuilder<FlatRow>): Promise<void> {
  const list = await openQueried(writing, name, query, flatColumns[name] ?? []);
  for await (const row of rowsOf(writing.tx, query)) await list.add(row);
  writing.lists.set(name, await list.end());
}

async function writePolicies(writing: Writing): Promise<PackFacts['policies']> {
  const { tx, plan, lists } = writing;
  const query = policiesInForce(plan);
  const name: ListName = 'policies';
  const list = await openQueried(writing, name, query, [
    'fingerprint',
    'loadedAt',
    'inForce',
    'agreedBy',
    'agreedOn',
    'agreedWhere',
    'agreementRecorded',
    'file',
    'text',
  ]);
  const policies: PackFacts['policies'] = [];
  for await (const { fingerprint, loadedAt, inForce, agreed, texts } of rowsOf(tx, query)) {
    policies.push({ fingerprint, isAgreed: agreed.length > 0, text: texts['policy.md'] ?? null });
    const row = {
      fingerprint,
      loadedAt,
      inForce: inForce.map(({ from, to }) => `${momentOf(from)} to ${to === null ? 'now' : momentOf(to)}`),
      agreedBy: agreed.map((one) => one.name),
      agreedOn: agreed.map((one) => one.on),
      agreedWhere: agreed.map((one) => one.where),
      agreementRecorded: agreed.map((one) => `${momentOf(one.recordedAt)} by ${one.recordedBy}`),
    };
    for (const [file, text] of Object.entries(texts)) await list.add({ ...row, file, text });
  }
  lists.set(name, await list.end());
  return policies;
}

function momentOf(text: string): string {
  return utc(new Date(text));
}
