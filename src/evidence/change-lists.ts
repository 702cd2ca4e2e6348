import { rowsOf } from '../store/evidence/cursor.ts';
import {
  type AlarmRow,
  alarms,
  alarmTypes,
  type ReviewGap,
  reviewGaps,
} from '../store/evidence/other-lists.ts';
import {
  type Author,
  authorsOf,
  type ChangePopulation,
  type PopulationRow,
  populationQuery,
  populationRows,
} from '../store/evidence/populations.ts';
import { requestSums } from '../store/evidence/requests.ts';
import { revive } from '../store/revive.ts';
import { entryInWords } from '../web/entry-words.ts';
import {
  approvedHow,
  exceptionsOf,
  grantColumns,
  grantRow,
  openColumns,
  openRow,
  refusedColumns,
  refusedRow,
  removalColumns,
  removalRow,
  speedOf,
  violationColumns,
  violationRow,
  violationsIn,
} from './change-rows.ts';
import { countDuties, writeDuties } from './duties.ts';
import type { OpenList, Row } from './list.ts';
import type { PackFacts, PackParts } from './plan.ts';
import type { TermsBook } from './terms.ts';
import { openPicked, openQueried, type Writing } from './writing.ts';

/** What is counted of the whole populations. `givenOf`: how often each entitlement was given. */
export type Counted = Pick<PackFacts, 'approved' | 'speed' | 'violated' | 'requests'> & {
  givenOf: ReadonlyMap<string, number>;
};

/** The populations of changes, and what of them was not as it should be. */
export async function listChanges(writing: Writing): Promise<Counted> {
  const { parts, plan, tx, exceptions, terms } = writing;
  const violations = await openPicked(writing, 'violations', violationColumns);
  const authors = await authorsByChange(writing);
  const approved = new Map<string, number>();
  const givenOf = new Map<string, number>();
  const duties = countDuties();
  let violated = 0;
  const speed = {
    given: { what: 'Access given: in effect', within: 0, later: 0, unseen: 0, before: 0 },
    removed: { what: 'Access taken away: gone', within: 0, later: 0, unseen: 0, before: 0 },
  };
  await writeChangeList(writing, 'grants', grantColumns, async (row, list) => {
    const author = authors.get(row.id) ?? null;
    const wrong = violationsIn(row, author);
    await list.add(grantRow(row, parts, author));
    speed.given[speedOf(row)] += 1;
    countUp(approved, approvedHow(row, wrong));
    countUp(givenOf, row.entitlement);
    duties.note(row);
    if (wrong.length > 0) violated += 1;
    for (const one of wrong) await violations.add(violationRow(row, one, author));
    for (const one of exceptionsOf(row, 'grant')) await exceptions.add(one);
  });
  await writeChangeList(writing, 'requests-not-granted', refusedColumns, (row, list) =>
    list.add(refusedRow(row, parts)),
  );
  await writeChangeList(writing, 'requests-open', openColumns, (row, list) => list.add(openRow(row, parts)));
  await writeChangeList(writing, 'removals', removalColumns, async (row, list) => {
    await list.add(removalRow(row, parts));
    speed.removed[speedOf(row)] += 1;
    for (const one of exceptionsOf(row, 'revoke')) await exceptions.add(one);
  });
  for await (const row of rowsOf<ReviewGap>(tx, reviewGaps(plan))) await exceptions.add(gapRow(row, terms));
  for await (const row of rowsOf<AlarmRow>(tx, alarms(plan))) await exceptions.add(alarmRow(row, parts));
  writing.lists.set('violations', await violations.end());
  const byHow = [...approved].toSorted(([, a], [, b]) => b - a).map(([how, count]) => ({ how, count }));
  await writeDuties(writing, duties);
  const { rows: requests } = await requestSums(plan).execute(tx);
  return { requests, approved: byHow, speed: Object.values(speed), violated, givenOf };
}

/** Of findings alone, so it is no long list. */
async function authorsByChange({ tx, plan }: Writing): Promise<Map<string, Author>> {
  const authors = new Map<string, Author>();
  for await (const one of rowsOf(tx, authorsOf('grants', plan), { isHashed: true }))
    authors.set(one.changeId, one);
  return authors;
}

function countUp(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const gapKinds: Record<ReviewGap['kind'], string> = {
  undecided: 'review: a line was not decided on',
  unexplained: 'review: kept without a rationale',
  byHolder: 'review: decided by the person whose access it is',
  byApprover: 'duties: reviewed by who had approved it',
};

function gapRow(
  { kind, reviewer, reviewerEmail, review, line, approvers, ...row }: ReviewGap,
  { owners }: TermsBook,
): Row {
  const by = reviewer === null ? '' : `, decided by ${reviewer}`;
  const isOwner =
    reviewerEmail !== null && owners.get(row.entitlement)?.has(reviewerEmail.toLowerCase()) === true;
  const isAlone = kind === 'byApprover' && isOwner && approvers < 2;
  return {
    ...row,
    kind: isAlone ? 'duties: the owner alone approved it, and alone reviewed it' : gapKinds[kind],
    what: `line ${line} of the review “${review}”${by}`,
  };
}

function alarmRow(row: AlarmRow, parts: PackParts): Row {
  const { at, type, changeId, actor, data, person, email, entitlement, signer, signerEmail } = row;
  const { text } = entryInWords({ at, type, actor, data }, parts.idpName(null));
  // It is the approver who did not sign in, and not the one whom the access is for.
  if (signer !== null)
    return {
      kind: alarmTypes[type],
      at,
      change: changeId,
      person: signer,
      email: signerEmail,
      entitlement,
      what: `${text}; it was for ${person} <${email}>`,
    };
  return { kind: alarmTypes[type], at, change: changeId, person, email, entitlement, what: text };
}

async function writeChangeList(
  writing: Writing,
  name: ChangePopulation,
  columns: readonly string[],
  write: (row: PopulationRow, list: OpenList) => Promise<void>,
): Promise<void> {
  const { tx, plan } = writing;
  const list = await openQueried(writing, name, populationQuery(name, plan), columns);
  for await (const row of rowsOf(tx, populationRows(name, plan), { isHashed: true }))
    await write(revived(row), list);
  writing.lists.set(name, await list.end());
}

/** Times within documents are texts as JSON has them. */
export function revived(row: PopulationRow): PopulationRow {
  const { approvals, decision, legs, late, failure, ended, reopened } = row;
  const docs = revive({ approvals, decision, legs, late, failure, ended, reopened });
  return { ...row, ...docs };
}
