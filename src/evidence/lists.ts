import type { RawBuilder } from 'kysely';
import type { ListName } from '../core/evidence/controls.ts';
import { couldReach } from '../core/evidence/reach.ts';
import { reachInWords, utc, whyInWords } from '../core/evidence/words.ts';
import { countOf, rowsOf, shownQuery } from '../store/evidence/cursor.ts';
import {
  type AlarmRow,
  alarms,
  alarmTypes,
  canaryRounds,
  canaryTotals,
  emergencies,
  type FlatRow,
  policiesInForce,
  reviewLines,
  reviews,
  terminations,
} from '../store/evidence/other-lists.ts';
import {
  type Author,
  authorsOf,
  type ChangePopulation,
  type PopulationRow,
  populationQuery,
  populationRows,
} from '../store/evidence/populations.ts';
import { reachAt } from '../store/evidence/reach.ts';
import { databaseNow } from '../store/postgres/clock.ts';
import type { Tx } from '../store/postgres/database.ts';
import { revive } from '../store/revive.ts';
import { entryInWords } from '../web/entry-words.ts';
import {
  approvedHow,
  exceptionColumns,
  exceptionsOf,
  grantColumns,
  grantRow,
  refusedColumns,
  refusedRow,
  removalColumns,
  removalRow,
  speedOf,
  violationColumns,
  violationRow,
  violationsIn,
} from './change-rows.ts';
import { writeMembershipEvents } from './completeness.ts';
import { flatColumns } from './flat-columns.ts';
import type { Folder } from './folder.ts';
import { type OpenList, openList, type Row, type WrittenList } from './list.ts';
import type { PackFacts, PackParts, PackPlan } from './plan.ts';
import { drawSamples } from './samples.ts';

type Lists = Map<ListName, WrittenList>;
/** What every list is written with. */
type Writing = { tx: Tx; folder: Folder; plan: PackPlan; parts: PackParts; lists: Lists };
type Counted = Pick<PackFacts, 'approved' | 'speed'>;
type Drawn = Counted & Pick<PackFacts, 'lists' | 'samples' | 'told' | 'teamLog' | 'canary' | 'madeAt'>;

export async function writeLists(tx: Tx, folder: Folder, plan: PackPlan, parts: PackParts): Promise<Drawn> {
  const madeAt = await databaseNow(tx);
  const writing: Writing = { tx, folder, plan, parts, lists: new Map() };
  const counted = await listChanges(writing);
  await writeFlat(writing, 'terminations', 'People who left', terminations(plan));
  await writeFlat(writing, 'reviews', 'Access reviews', reviews(plan));
  await writeFlat(writing, 'review-lines', 'Lines of access reviews', reviewLines(plan));
  await writeFlat(writing, 'emergencies', 'Break-glass: access taken in an emergency', emergencies(plan));
  await writeFlat(writing, 'canary', 'Rounds of the canary', canaryRounds(plan));
  const { rows: rounds } = await canaryTotals(plan).execute(tx);
  const { told, teamLog } = await writeMembershipEvents(writing);
  await writeHolders(writing, new Date(Math.min(plan.to.getTime(), madeAt.getTime())));
  await writePolicies(writing);
  const samples = await drawSamples(tx, folder, plan, parts);
  return { madeAt, lists: writing.lists, samples, told, teamLog, canary: rounds[0] ?? null, ...counted };
}

/** The three populations of changes, and what of them was not as it should be. */
async function listChanges(writing: Writing): Promise<Counted> {
  const { folder, plan, parts, tx } = writing;
  const violations = await openList(folder, {
    name: 'violations',
    title: 'Not approved before it was given, or not by somebody else',
    query: null,
    counted: null,
    columns: violationColumns,
  });
  const exceptions = await openList(folder, {
    name: 'exceptions',
    title: 'Exceptions',
    query: null,
    counted: null,
    columns: exceptionColumns,
  });
  // Of findings alone, so it is no long list.
  const authors = new Map<string, Author>();
  for await (const one of rowsOf(tx, authorsOf('grants', plan), { isHashed: true }))
    authors.set(one.changeId, one);
  const given = { name: 'grants', title: 'Access that was given', columns: grantColumns } as const;
  const approved = new Map<string, number>();
  const speed = {
    given: { what: 'Access given: in effect', within: 0, later: 0, unseen: 0 },
    removed: { what: 'Access taken away: gone', within: 0, later: 0, unseen: 0 },
  };
  await writeChangeList(writing, given, async (row, list) => {
    await list.add(grantRow(row, parts, authors.get(row.id) ?? null));
    speed.given[speedOf(row)] += 1;
    approved.set(approvedHow(row), (approved.get(approvedHow(row)) ?? 0) + 1);
    const author = authors.get(row.id) ?? null;
    for (const one of violationsIn(row, author)) await violations.add(violationRow(row, one, author));
    for (const one of exceptionsOf(row, 'grant')) await exceptions.add(one);
  });
  const refused = {
    name: 'requests-not-granted',
    title: 'Asked for or found, and not given',
    columns: refusedColumns,
  } as const;
  await writeChangeList(writing, refused, (row, list) => list.add(refusedRow(row, parts)));
  const removed = { name: 'removals', title: 'Access that was taken away', columns: removalColumns } as const;
  await writeChangeList(writing, removed, async (row, list) => {
    await list.add(removalRow(row, parts));
    speed.removed[speedOf(row)] += 1;
    for (const one of exceptionsOf(row, 'revoke')) await exceptions.add(one);
  });
  for await (const row of rowsOf<AlarmRow>(tx, alarms(plan))) await exceptions.add(alarmRow(row, parts));
  await close(writing, violations);
  await close(writing, exceptions);
  const byHow = [...approved].toSorted(([, a], [, b]) => b - a).map(([how, count]) => ({ how, count }));
  return { approved: byHow, speed: Object.values(speed) };
}

function alarmRow(row: AlarmRow, parts: PackParts): Row {
  const { at, type, changeId, actor, data, person, email, entitlement } = row;
  const { text } = entryInWords({ at, type, actor, data }, parts.idpName(null));
  return { kind: alarmTypes[type], at, change: changeId, person, email, entitlement, what: text };
}

async function writeChangeList(
  writing: Writing,
  { name, title, columns }: { name: ChangePopulation; title: string; columns: readonly string[] },
  write: (row: PopulationRow, list: OpenList) => Promise<void>,
): Promise<void> {
  const { tx, folder, plan } = writing;
  const query = populationQuery(name, plan);
  const counted = await countOf(tx, query);
  const list = await openList(folder, { name, title, query: shownQuery(tx, query), counted, columns });
  for await (const row of rowsOf(tx, populationRows(name, plan))) await write(revived(row), list);
  await close(writing, list);
}

/** Times within documents are texts as JSON has them. */
function revived(row: PopulationRow): PopulationRow {
  const { approvals, decision, legs, late, failure, ended, reopened } = row;
  const docs = revive({ approvals, decision, legs, late, failure, ended, reopened });
  return { ...row, ...docs };
}

async function close({ lists }: Pick<Writing, 'lists'>, list: OpenList): Promise<void> {
  const written = await list.end();
  lists.set(written.name, written);
}

/** A list that is written as its query gives it. Its columns are those of the query. */
async function writeFlat(
  writing: Writing,
  name: ListName,
  title: string,
  query: RawBuilder<FlatRow>,
): Promise<void> {
  const { tx, folder } = writing;
  const counted = await countOf(tx, query);
  const columns = flatColumns[name] ?? [];
  const list = await openList(folder, { name, title, query: shownQuery(tx, query), counted, columns });
  for await (const row of rowsOf(tx, query)) await list.add(row);
  await close(writing, list);
}

const holderColumns = [
  'person',
  'email',
  'entitlement',
  'tier',
  'group',
  'team',
  'is',
  'couldUseIt',
  'since',
  'until',
  'why',
  'change',
];

async function writeHolders(writing: Writing, at: Date): Promise<void> {
  const { tx, folder, parts } = writing;
  const list = await openList(folder, {
    name: 'holders',
    title: `Who held what at ${utc(at)}`,
    query: null,
    counted: null,
    columns: holderColumns,
  });
  for await (const one of reachAt(tx, at, {}, { known: parts.known }))
    await list.add({
      person: one.name,
      email: one.email,
      entitlement: one.entitlementKey,
      tier: one.entitlementKey === null ? null : parts.tierOf(one.entitlementKey),
      group: one.target.groupName,
      team: one.target.teamName ?? one.target.teamId,
      is: reachInWords[one.is],
      couldUseIt: couldReach(one),
      since: one.since,
      until: one.until,
      why: whyInWords(one, one.requester),
      change: one.changeId,
    });
  await close(writing, list);
}

async function writePolicies(writing: Writing): Promise<void> {
  const { tx, folder, plan } = writing;
  const query = policiesInForce(plan);
  const list = await openList(folder, {
    name: 'policies',
    title: 'Policies that decided',
    query: shownQuery(tx, query),
    counted: await countOf(tx, query),
    columns: ['fingerprint', 'loadedAt', 'file', 'text'],
  });
  for await (const { fingerprint, loadedAt, texts } of rowsOf(tx, query))
    for (const [file, text] of Object.entries(texts)) await list.add({ fingerprint, loadedAt, file, text });
  await close(writing, list);
}
