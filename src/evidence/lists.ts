import type { RawBuilder } from 'kysely';
import type { ListName } from '../core/evidence/controls.ts';
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
import { databaseNow } from '../store/postgres/clock.ts';
import type { Tx } from '../store/postgres/database.ts';
import { type Counted, listChanges } from './change-lists.ts';
import { writeMembershipEvents } from './completeness.ts';
import { openDraws } from './draw.ts';
import { openExceptions } from './exceptions.ts';
import { flatColumns } from './flat-columns.ts';
import type { Folder } from './folder.ts';
import { writeHeld } from './held-lists.ts';
import { writeDeactivations } from './leavers.ts';
import { canaryExceptions } from './other-exceptions.ts';
import type { PackFacts, PackParts, PackPlan } from './plan.ts';
import { writePolicies } from './policy-files.ts';
import { openProofs } from './proofs.ts';
import { drawSamples } from './samples.ts';
import { writeSigningKeys } from './signing-keys.ts';
import { openTerms } from './terms.ts';
import { openQueried, type Writing } from './writing.ts';

type Drawn = Omit<Counted, 'givenOf'> &
  Pick<
    PackFacts,
    | 'lists'
    | 'samples'
    | 'told'
    | 'teamLog'
    | 'privileged'
    | 'deactivations'
    | 'canary'
    | 'canaryDays'
    | 'sources'
    | 'recordBegan'
    | 'archivedBefore'
    | 'policies'
    | 'signingKeys'
    | 'madeAt'
  >;

export async function writeLists(tx: Tx, folder: Folder, plan: PackPlan, parts: PackParts): Promise<Drawn> {
  const madeAt = await databaseNow(tx);
  const draws = openDraws(plan.sample);
  const proofs = await openProofs(tx, folder);
  const terms = await openTerms(tx, plan, parts);
  const exceptions = await openExceptions(folder, parts);
  const writing: Writing = { tx, folder, plan, parts, lists: new Map(), draws, proofs, terms, exceptions };
  const { givenOf, ...counted } = await listChanges(writing);
  await writeFlat(writing, 'terminations', terminations(plan));
  const kept = await writeDeactivations(writing);
  await writeFlat(writing, 'reviews', reviews(plan));
  await writeFlat(writing, 'review-lines', reviewLines(plan));
  await writeFlat(writing, 'emergencies', emergencies(plan));
  await writeFlat(writing, 'canary', canaryRounds(plan));
  const { rows: rounds } = await canaryTotals(plan).execute(tx);
  await canaryExceptions(writing, madeAt);
  const { told, teamLog } = await writeMembershipEvents(writing);
  const end = new Date(Math.min(plan.to.getTime(), madeAt.getTime()));
  const privileged = await writeHeld(writing, { end, givenOf });
  const policies = await writePolicies(writing);
  writing.lists.set('exceptions', await exceptions.end());
  const signingKeys = await writeSigningKeys(writing);
  const samples = await drawSamples(writing, draws);
  return {
    madeAt,
    lists: writing.lists,
    samples,
    told,
    teamLog,
    privileged,
    deactivations: kept,
    policies,
    signingKeys,
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
