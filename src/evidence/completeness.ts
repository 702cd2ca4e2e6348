import { listTitles } from '../core/evidence/controls.ts';
import { stateOfEvent } from '../core/evidence/words.ts';
import { countOf, rowsOf } from '../store/evidence/cursor.ts';
import {
  type MembershipEvent,
  matchedEvents,
  membershipEvents,
} from '../store/evidence/membership-events.ts';
import { leftUnlogged } from '../store/evidence/removals-in-anypoint.ts';
import {
  type MatchedTeamEvent,
  matchedTeamEvents,
  otherTeamEvents,
  teamEvents,
  teamLogKnown,
} from '../store/evidence/team-events.ts';
import { type OpenList, openList, type Row } from './list.ts';
import type { MadeAround } from './other-exceptions.ts';
import { matchedInWords } from './page-populations.ts';
import type { PackFacts } from './plan.ts';
import { openQueried, type Writing } from './writing.ts';

const eventColumns = [
  'occurredAt',
  'source',
  'direction',
  'person',
  'email',
  'group',
  'entitlement',
  'madeBy',
  'matched',
  'change',
  'state',
  'event',
];
const teamEventColumns = eventColumns
  .map((column) => (column === 'group' ? 'team' : column))
  .toSpliced(5, 0, 'account');
const aroundColumns = eventColumns.toSpliced(6, 0, 'team', 'account');

const removedColumns = [
  'removedAt',
  'source',
  'person',
  'email',
  'account',
  'team',
  'entitlement',
  'madeBy',
  'because',
  'change',
];

type Told = PackFacts['told'][number];

/**
 * Every membership change that the identity provider told of, and every one that Anypoint's own log has. Beside them
 * stand those of both that Latchkey had not made.
 */
export async function writeMembershipEvents(writing: Writing): Promise<Pick<PackFacts, 'told' | 'teamLog'>> {
  const { lists, folder } = writing;
  const around = await openList(folder, {
    name: 'made-around-latchkey',
    title: listTitles['made-around-latchkey'],
    query: null,
    counted: null,
    columns: aroundColumns,
    draw: writing.draws['made-around-latchkey'],
  });
  const told = [...(await writeOfIdp(writing, around)), ...(await writeOfAnypoint(writing, around))];
  lists.set('made-around-latchkey', await around.end());
  return { told, teamLog: await teamLogOf(writing) };
}

async function writeOfIdp(writing: Writing, around: OpenList): Promise<Told[]> {
  const { tx, plan, lists } = writing;
  const query = membershipEvents(plan);
  const all = await openQueried(writing, 'membership-events', query, eventColumns);
  const told = tally();
  for await (const event of rowsOf<MembershipEvent>(tx, matchedEvents(plan), { isHashed: true })) {
    const { source, direction, matched, actor, changeId, group, groupId } = event;
    const row = {
      ...event,
      group: group ?? groupId,
      madeBy: actor,
      matched: matched ?? 'nothing',
      change: changeId,
      state: stateOfEvent(event),
      event: `${source}:${event.id}`,
    };
    await all.add(row);
    if (matched === null || matched === 'found')
      await addAround(writing, around, { ...row, place: row.group });
    told.count({ source, direction, matched: row.matched });
  }
  lists.set('membership-events', await all.end());
  return told.all();
}

async function writeOfAnypoint(writing: Writing, around: OpenList): Promise<Told[]> {
  const { tx, plan, parts, lists } = writing;
  const query = teamEvents(plan, parts.teams);
  const all = await openQueried(writing, 'team-events', query, teamEventColumns);
  const told = tally();
  const removed = await openList(writing.folder, {
    name: 'removals-in-anypoint',
    title: listTitles['removals-in-anypoint'],
    query: null,
    counted: null,
    columns: removedColumns,
  });
  for await (const event of rowsOf<MatchedTeamEvent>(tx, matchedTeamEvents(plan, parts.teams), {
    isHashed: true,
  })) {
    const { source, direction, matched, actor, changeId, entitlement, team } = event;
    const row = {
      ...event,
      entitlement: entitlement ?? entitlementOfTeam(parts, team),
      madeBy: actor,
      matched: matched ?? 'nothing',
      change: changeId,
      state: stateOfEvent(event),
      event: `${source}:${event.id}`,
    };
    await all.add(row);
    if (direction === 'removed' && matched !== 'change') await removed.add(removedRow(row));
    if (matched === null || matched === 'found' || matched === 'corrected')
      await addAround(writing, around, { ...row, place: row.team });
    told.count({ source, direction, matched: row.matched });
  }
  lists.set('team-events', await all.end());
  const because = 'a leaver’s case took them out; Anypoint’s log, as far as it is known, does not have it';
  for await (const { case: of, ...left } of rowsOf(tx, leftUnlogged(plan)))
    await removed.add({ ...left, source: 'latchkey', because, change: of });
  lists.set('removals-in-anypoint', await removed.end());
  return told.all();
}

/** By the catalogue, where no change tells it; null: several give that team, or none does. */
function entitlementOfTeam({ entitlements }: Writing['parts'], team: string): string | null {
  const [only, ...others] = entitlements.filter((one) => one.team === team);
  return only === undefined || others.length > 0 ? null : only.key;
}

/** Of what was removed and is no change of Latchkey's: such a removal is in no population of changes. */
function removedRow({ occurredAt, matched, ...rest }: Row & { matched: string }): Row {
  return { ...rest, removedAt: occurredAt, because: matchedInWords[matched] ?? matched } as Row;
}

/** What Latchkey had not made is an exception too. */
async function addAround(
  { exceptions }: Writing,
  around: OpenList,
  { place, ...row }: MadeAround & Row,
): Promise<void> {
  await around.add(row);
  await exceptions.addAround({ ...row, place });
}

/** For how much of the period Anypoint's log is known: what was not read is not complete. */
async function teamLogOf({ tx, plan, parts }: Writing): Promise<PackFacts['teamLog']> {
  const { rows } = await teamLogKnown().execute(tx);
  const { since = null, checkedAt = null, trouble = null } = rows[0] ?? {};
  return {
    since,
    checkedAt,
    trouble,
    isWhole: since !== null && checkedAt !== null && since <= plan.from && checkedAt >= plan.to,
    ofOtherTeams: await countOf(tx, otherTeamEvents(plan, parts.teams)),
  };
}

function tally() {
  const counts = new Map<string, Told>();
  return {
    count(of: Omit<Told, 'count'>): void {
      const key = `${of.source} ${of.direction} ${of.matched}`;
      counts.set(key, { ...of, count: (counts.get(key)?.count ?? 0) + 1 });
    },
    all: (): Told[] => [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one),
  };
}
