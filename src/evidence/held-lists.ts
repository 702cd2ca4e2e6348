import { durationInWords } from '../core/duration.ts';
import { type ListName, listTitles } from '../core/evidence/controls.ts';
import { couldReach } from '../core/evidence/reach.ts';
import { reachInWords, utc, whyInWords } from '../core/evidence/words.ts';
import { isSameGroupName } from '../core/policy/catalogue.ts';
import { isPrivileged } from '../core/policy/privileged.ts';
import { rowsOf } from '../store/evidence/cursor.ts';
import { firstLooks } from '../store/evidence/first-looks.ts';
import { type HeldByLog, heldByLogs } from '../store/evidence/held-by-logs.ts';
import { heldWithin } from '../store/evidence/populations.ts';
import { type NamedReach, reachAt } from '../store/evidence/reach.ts';
import { revived } from './change-lists.ts';
import { whoHoldsWhat } from './change-rows.ts';
import { type OpenList, openList, type Row } from './list.ts';
import { endlessExceptions, privilegedExceptions } from './other-exceptions.ts';
import type { PackFacts, PackParts } from './plan.ts';
import { privilegedColumns, privilegedRow, type WithoutChange, withoutChangeRow } from './privileged-rows.ts';
import type { Writing } from './writing.ts';

const holderColumns = [...whoHoldsWhat, 'status', 'couldUseIt', 'since', 'until', 'why', 'change'];
const entitlementColumns = [
  'entitlement',
  'title',
  'tier',
  'privileged',
  'owner',
  'gives',
  'group',
  'team',
  'longest',
  'clauses',
  'heldAtStart',
  'givenInPeriod',
  'heldAtEnd',
];

/** Of an entitlement that is not offered: its group has no first look. Who is in it is not known. */
const NOT_LOOKED_AT = 'not looked at';

/** How many could use each entitlement at a moment. */
type HeldOf = ReadonlyMap<string, number>;

/** Who held what at the start and at the end, what there is to hold, and everybody who held something privileged. */
export async function writeHeld(
  writing: Writing,
  { end, givenOf }: { end: Date; givenOf: HeldOf },
): Promise<PackFacts['privileged']> {
  const { plan } = writing;
  // Nobody's change of Latchkey gave these. Who is there at the end too is told as they are then.
  const without = new Map<string, WithoutChange>();
  const start = await writeHolders(writing, { name: 'holders-at-start', at: plan.from, without });
  for (const one of without.values()) one.isThereAtEnd = false;
  const atEnd = await writeHolders(writing, { name: 'holders', at: end, without });
  await writeEntitlements(writing, { start, givenOf, atEnd, end });
  return await writePrivileged(writing, end, without.values());
}

async function writeHolders(
  writing: Writing,
  { name, at, without }: { name: ListName; at: Date; without: Map<string, WithoutChange> },
): Promise<HeldOf> {
  const { tx, folder, parts, lists } = writing;
  const list = await openList(folder, {
    name,
    title: `${listTitles[name]}, ${utc(at)}`,
    query: null,
    counted: null,
    columns: holderColumns,
  });
  const held = new Map<string, number>();
  const count = (key: string) => held.set(key, (held.get(key) ?? 0) + 1);
  for await (const one of reachAt(tx, at, {}, { known: parts.known })) {
    await list.add(holderRow(one, parts));
    const { entitlementKey: key } = one;
    if (key === null || !couldReach(one)) continue;
    count(key);
    if (one.changeId === null && isPrivileged(parts.tierOf(key)))
      without.set(`${one.personId} ${one.target.groupId ?? one.target.teamId}`, {
        row: holderRow(one, parts),
        is: one.is === 'before' ? 'before' : 'found',
        isThereAtEnd: true,
      });
  }
  await addByLogs(writing, { at, list, without, count });
  lists.set(name, await list.end());
  return held;
}

/**
 * Whom another system's log has in a group or a team, and of whom the record has nothing: somebody put them there around
 * Latchkey, and nobody has settled it. A log that is not read tells of nobody.
 */
async function addByLogs(
  { tx, parts }: Writing,
  {
    at,
    list,
    without,
    count,
  }: { at: Date; list: OpenList; without: Map<string, WithoutChange>; count(key: string): void },
): Promise<void> {
  const found: HeldByLog[] = [];
  for await (const one of rowsOf(tx, heldByLogs(at, parts.teams), { isHashed: true })) found.push(one);
  const people = [...new Set(found.flatMap(({ personId }) => personId ?? []))];
  const told = new Set<string>();
  if (people.length > 0)
    for await (const one of reachAt(tx, at, { personId: people }, { known: parts.known })) {
      if (!couldReach(one)) continue;
      told.add(`${one.personId} ${one.target.groupId}`).add(`${one.personId} ${one.target.teamId}`);
    }
  const counted = new Set<string>();
  for (const one of found) {
    if (told.has(`${one.personId} ${one.groupId ?? one.teamId}`)) continue;
    const row = byLogRow(one, parts);
    await list.add(row);
    const { entitlement } = one;
    if (entitlement === null) continue;
    // Somebody in the group and in its team holds it once.
    const who = `${one.personId ?? one.account} ${entitlement}`;
    if (!counted.has(who)) count(entitlement);
    counted.add(who);
    if (isPrivileged(parts.tierOf(entitlement)))
      without.set(`${who} by log`, { row, is: 'byLog', isThereAtEnd: true });
  }
}

function byLogRow(one: HeldByLog, { tierOf }: Pick<PackParts, 'tierOf'>): Row {
  const { entitlement, source, madeBy } = one;
  return {
    person: one.name ?? one.account ?? 'somebody whom nobody knows',
    email: one.email,
    entitlement,
    tier: entitlement === null ? null : tierOf(entitlement),
    group: one.group ?? one.groupId,
    team: one.team,
    status: 'there by a log, and nothing in the record gives it',
    couldUseIt: true,
    since: one.since,
    why: `put there by ${madeBy ?? 'somebody whom the log does not name'}, as ${source} has it`,
  };
}

function holderRow(one: NamedReach, { tierOf }: Pick<PackParts, 'tierOf'>): Row {
  return {
    person: one.name,
    email: one.email,
    entitlement: one.entitlementKey,
    tier: one.entitlementKey === null ? null : tierOf(one.entitlementKey),
    group: one.target.groupName,
    team: one.target.teamName ?? one.target.teamId,
    status: reachInWords[one.is],
    couldUseIt: couldReach(one),
    since: one.since,
    until: one.until,
    why: whyInWords(one, one.requester),
    change: one.changeId,
  };
}

/** The catalogue as it is now, and what was given in the period and has left it since. */
async function writeEntitlements(
  { tx, folder, plan, parts, lists }: Writing,
  { start, givenOf, atEnd, end }: { start: HeldOf; givenOf: HeldOf; atEnd: HeldOf; end: Date },
): Promise<void> {
  const name: ListName = 'entitlements';
  const list = await openList(folder, {
    name,
    title: listTitles[name],
    query: null,
    counted: null,
    columns: entitlementColumns,
  });
  const looks = await firstLooks(tx);
  const counts = (key: string, group?: string) => {
    const look = looks.find((one) => group !== undefined && isSameGroupName(one.group, group));
    const isKnown = start.has(key) || givenOf.has(key) || atEnd.has(key);
    // Nobody is counted where nobody looked.
    const none = (at: Date) => ((look === undefined ? isKnown : look.at <= at) ? 0 : NOT_LOOKED_AT);
    return {
      heldAtStart: start.get(key) ?? none(plan.from),
      givenInPeriod: givenOf.get(key) ?? 0,
      heldAtEnd: atEnd.get(key) ?? none(end),
    };
  };
  const known = new Set<string>(parts.entitlements.map(({ key }) => key));
  for (const one of parts.entitlements)
    await list.add({
      entitlement: one.key,
      title: one.title,
      tier: one.tier,
      privileged: isPrivileged(one.tier),
      owner: one.owner,
      gives: one.gives,
      group: one.idpGroup,
      team: one.team,
      longest: durationInWords(one.maxSeconds),
      clauses: one.clauses,
      ...counts(one.key, one.idpGroup),
    });
  for (const key of new Set([...start.keys(), ...givenOf.keys(), ...atEnd.keys()]))
    if (!known.has(key))
      await list.add({ entitlement: key, title: 'not in the catalogue any more', ...counts(key) });
  lists.set(name, await list.end());
}

async function writePrivileged(
  { tx, folder, plan, parts, lists, terms, exceptions, draws }: Writing,
  end: Date,
  without: Iterable<WithoutChange>,
): Promise<PackFacts['privileged']> {
  const held = { byToday: 0, unknown: 0 };
  const name: ListName = 'privileged';
  const list = await openList(folder, {
    name,
    title: listTitles[name],
    query: null,
    counted: null,
    columns: privilegedColumns,
    draw: draws.privileged,
  });
  for await (const one of rowsOf(tx, heldWithin(plan, [...terms.privileged]), { isHashed: true })) {
    const row = revived(one);
    const found = await terms.termsOf(row.entitlement, { policy: row.policy, at: row.legs.decidedAt });
    if (found === null) held.unknown += 1;
    else {
      if (!found.isOfThen) held.byToday += 1;
      for (const exception of privilegedExceptions(row, found)) await exceptions.add(exception);
    }
    await list.add(privilegedRow(row, parts, { from: plan.from, until: end }));
  }
  for (const one of without) {
    await list.add(withoutChangeRow(one, { from: plan.from, until: end }));
    for (const exception of endlessExceptions(one)) await exceptions.add(exception);
  }
  lists.set(name, await list.end());
  return held;
}
