import type { ChangeEvent } from '../../core/change/events.ts';
import type { GroupHint, Told } from '../../core/drift/observation.ts';
import { Fault } from '../../core/fault.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { keptFindings, pendingFindings } from '../../store/changes.ts';
import { ofPair } from '../../store/changes-held.ts';
import { cardOfPair } from '../../store/mass-changes.ts';
import {
  checkedSince,
  holdUnprocessed,
  msUntilUnprocessed,
  noteProcessed,
  type ObservedRow,
  type Outcome,
  peopleWaiting,
  processLater,
  unprocessed,
} from '../../store/observed.ts';
import type { Person } from '../../store/people.ts';
import type { Tx } from '../../store/postgres/database.ts';
import { evaluations } from '../joiner-mover/evaluate-person.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Parties, type Ran } from '../kernel/context.ts';
import { idpOfGroup } from '../membership/ready-targets.ts';
import { isWanted } from '../membership/wanted-in-group.ts';
import { isAboutOne } from '../people/resolve-person.ts';
import { type About, type AboutSomebody, lookUpPeople } from './look-up-people.ts';

/** Observations that are processed in one commit. */
const BATCH = 100;
/**
 * An observation that can't be told apart yet (the catalogue is not checked, the IdP does not answer) is looked at
 * again.
 */
const LATER_MS = 1_000;
/**
 * The longer it has not been told apart, the more seldom: an outage is over sooner than what the IdP refuses to answer.
 */
const LATER_MAX_MS = { passing: 15_000, refused: 600_000 };

/**
 * Makes something of what the event sources told, in the order in which it happened. An observation that agrees with
 * what is wanted is evidence. Any other is checked against the IdP itself. A group with many such is checked whole.
 * Nothing here is believed: an observation only says where to look. Safe to run twice; one run at a time.
 */
export async function processObservations(context: Context): Promise<Ran> {
  return await context.locks.withLock('processObservations', async () => {
    for (;;) {
      const processed = await processSome(context);
      if (processed < BATCH) break;
    }
    const ms = await msUntilUnprocessed(context.db);
    return ms === null ? done : { againInMs: Math.max(1, ms) };
  });
}

type Following = { events: ChangeEvent[]; jobs: Job[] };

/** The results of the observations of one commit, gathered while they are gone through. */
type Processed = {
  following: Following;
  /** Memberships that may differ from what is wanted, each once. */
  suspects: Map<string, Suspect>;
  outcomes: Outcome[];
};
type Round = { context: Context; unit: Unit; processed: Processed; cards: Cards };
/** By the id of an observation: the card that its pair is on. */
type Cards = ReadonlyMap<string, Awaited<ReturnType<typeof cardOfPair>>>;

/** The person whom each is about is looked up before the commit. So the commit waits for nobody outside. */
async function processSome(context: Context): Promise<number> {
  const rows = await unprocessed(context.db, BATCH);
  if (rows.length === 0) return 0;
  const about = await lookUpPeople(
    context,
    rows.filter((row) => needsPerson(context, row)),
  );
  await commit(
    context.db,
    async (unit, { held, cards }) => {
      const processed: Processed = { following: { events: [], jobs: [] }, suspects: new Map(), outcomes: [] };
      await inOrderOfEach(
        rows.filter(({ id }) => held.has(id)),
        personIn(about),
        async (row) => {
          const person = about.get(row.id) ?? null;
          // Its group became ours since: whom it is about is looked up at the next look, which is at once.
          if (!about.has(row.id) && needsPerson(context, row)) return;
          if (person instanceof Fault) await processAfter(unit, row, person);
          else await processOne({ context, unit, processed, cards }, row, person);
        },
      );
      await noteProcessed(unit.tx, processed.outcomes);
      const told = [...processed.suspects.values()];
      for (const alike of Map.groupBy(told, (s) => `${s.direction} ${s.groupId}`).values())
        await suspect(context, unit, alike, processed.following);
      return { result: null, ...processed.following };
    },
    context.nudge,
    {
      underway: concerned(context, rows, about).map(({ pair }) => pair),
      ahead: (tx: Tx) => readAhead(tx, context, rows, about),
    },
  );
  return rows.length;
}

function personIn(about: About): (row: ObservedRow) => string {
  return ({ id }) => {
    const person = about.get(id) ?? null;
    return person === null || person instanceof Fault ? id : person.id;
  };
}

/** What is told of one person in its order, and of different people side by side. */
async function inOrderOfEach(
  rows: readonly ObservedRow[],
  whose: (row: ObservedRow) => string,
  work: (row: ObservedRow) => Promise<void>,
): Promise<void> {
  const each = await Promise.allSettled(
    [...Map.groupBy(rows, whose).values()].map(async (some) => {
      for (const row of some) await work(row);
    }),
  );
  for (const one of each) if (one.status === 'rejected') throw one.reason;
}

/** Changes of these pairs may be what these observations are evidence for: they are held from the start, in one order. */
function concerned(
  context: Context,
  rows: readonly ObservedRow[],
  about: About,
): { id: string; pair: InGroup }[] {
  return rows.flatMap(({ id, payload }) => {
    const person = about.get(id) ?? null;
    if (payload.kind !== 'membership' || person === null || person instanceof Fault) return [];
    const groups = groupIdsOf(context, payload);
    return groups === 'unchecked'
      ? []
      : groups.map((groupId) => ({ id, pair: { personId: person.id, groupId } }));
  });
}

type InGroup = { personId: string; groupId: string };

/** With the trip that begins the commit: what nobody has processed meanwhile, and the cards that they are on. */
async function readAhead(
  tx: Tx,
  context: Context,
  rows: readonly ObservedRow[],
  about: About,
): Promise<{ held: Set<string>; cards: Cards }> {
  const [held, ...cards] = await Promise.all([
    holdUnprocessed(
      tx,
      rows.map(({ id }) => id),
    ),
    ...concerned(context, rows, about).map(async ({ id, pair }) => [id, await cardOfPair(tx, pair)] as const),
  ]);
  return { held, cards: new Map(cards) };
}

function needsPerson(context: Data, row: ObservedRow): row is AboutSomebody {
  if (row.payload.kind !== 'membership') return row.payload.kind === 'person';
  const groups = groupIdsOf(context, row.payload);
  return groups !== 'unchecked' && groups.length > 0;
}

async function processAfter(unit: Unit, row: ObservedRow, fault: Fault): Promise<void> {
  const atLeastMs = Math.min(fault.retryAfterMs ?? LATER_MS, LATER_MAX_MS.refused);
  const atMostMs = Math.max(atLeastMs, isAboutOne(fault) ? LATER_MAX_MS.refused : LATER_MAX_MS.passing);
  await processLater(unit.tx, row.id, atLeastMs, atMostMs);
}

/** Notes what came of one; all of a batch are stored in one statement. */
function cameOf({ outcomes }: Processed, { id }: ObservedRow) {
  return (outcome: Outcome['outcome'], about: Pick<Outcome, 'personId' | 'groupId'> = {}): void => {
    outcomes.push({ id, outcome, ...about });
  };
}

async function processOne(round: Round, row: ObservedRow, person: Person | null): Promise<void> {
  const { context, unit, processed } = round;
  const { jobs } = processed.following;
  const came = cameOf(processed, row);
  const { payload: told } = row;
  switch (told.kind) {
    case 'membership':
      return await processMembership(round, { row, told, person });
    case 'person': {
      if (person === null) return came('unknown person');
      jobs.push(...evaluations(context, person.id));
      return came('evaluated', { personId: person.id });
    }
    case 'group': {
      const groups = groupIdsOf(context, told);
      if (groups === 'unchecked') return await processLater(unit.tx, row.id, LATER_MS);
      for (const groupId of groups)
        jobs.push({ job: 'checkGroup', groupId, idp: idpOfGroup(context, groupId).system });
      return came(groups.length === 0 ? 'not ours' : 'group checked');
    }
    default:
      return told satisfies never;
  }
}

async function processMembership(
  round: Round,
  { row, told, person }: { row: ObservedRow; told: Told & { kind: 'membership' }; person: Person | null },
): Promise<void> {
  const { context, unit, processed, cards } = round;
  const came = cameOf(processed, row);
  const groups = groupIdsOf(context, told);
  if (groups === 'unchecked') return await processLater(unit.tx, row.id, LATER_MS);
  const [groupId] = groups;
  if (groupId === undefined) return came('not ours');
  if (person === null) return came('unknown person');
  const pair = { personId: person.id, groupId };
  const isWorkedOn = noteEvidence(round, row, told, pair);
  const isAdded = told.direction === 'added';
  // A pair on one card with others is looked at again. It may agree now and drop out. If it is decided, it is about to
  // be made so.
  // Its group became ours since the commit began: its card was not read.
  const card = cards.has(row.id) ? (cards.get(row.id) ?? null) : await cardOfPair(unit.tx, pair);
  const isExpected =
    isWorkedOn ||
    card?.state === 'decided' ||
    (card === null && (await isWanted(unit.tx, pair, unit.now)) === isAdded);
  const { direction } = told;
  if (!isExpected)
    processed.suspects.set(`${pair.personId} ${groupId} ${direction}`, {
      ...pair,
      direction,
      group: told.group,
    });
  came(isExpected ? 'expected' : 'checked', pair);
  // Found already, by an event source that did not say who did it: they may be the one who was asked.
  if (row.actor !== null && card?.state === 'asking')
    processed.following.jobs.push({ job: 'assessMassChange', massChangeId: card.id });
  if (row.actor !== null)
    for (const changeId of (
      await Promise.all([
        pendingFindings(unit.tx, pair),
        // Or the one who kept it already.
        isAdded ? keptFindings(unit.tx, pair) : [],
      ])
    ).flat())
      processed.following.jobs.push({ job: 'assessRequest', changeId });
}

/** A push is work for the bridge and evidence for the changes that caused it. Whether one of those explains it. */
function noteEvidence(
  { context, unit, processed: { following } }: Round,
  row: ObservedRow,
  told: Told & { kind: 'membership' },
  pair: { personId: string; groupId: string },
): boolean {
  const kind = told.direction === 'added' ? 'grant' : 'revoke';
  if (row.eventSource === 'scim')
    for (const teamId of context.catalogue.teamsOfGroupId(pair.groupId))
      following.jobs.push({ job: 'deliverToTeam', personId: pair.personId, teamId });
  let isWorkedOn = false;
  for (const change of ofPair(unit.underway, pair)) {
    if (change.kind !== kind) continue;
    isWorkedOn = true;
    const isNoted = following.events.some((e) => e.type === 'scimPushed' && e.changeId === change.id);
    if (row.eventSource !== 'scim' || change.legs.scimPushedAt !== null || isNoted) continue;
    following.events.push({
      type: 'scimPushed',
      changeId: change.id,
      at: unit.now,
      actor: { part: told.idp ?? context.idps.first.system },
    });
  }
  return isWorkedOn;
}

/** `group`: as it was told. */
type Suspect = { personId: string; groupId: string; direction: 'added' | 'removed'; group: GroupHint };

/**
 * Observations of one group that tell alike are checked one by one as long as they are few. Many at once are one look
 * at the whole group. What was told and is not processed yet counts too: a storm that the end of a batch divides, or of
 * which the identity provider has named only the first few, would begin as findings of their own.
 */
async function suspect(
  context: Data & Parties,
  unit: Unit,
  alike: readonly Suspect[],
  following: Following,
): Promise<void> {
  const [first] = alike;
  if (first === undefined) return;
  const { groupId, direction } = first;
  const idp = idpOfGroup(context, groupId).system;
  const { memberships, windowSeconds } = context.catalogue.current().massGuard;
  const since = new Date(unit.now.getTime() - windowSeconds * 1_000);
  const checked = await checkedSince(unit.tx, groupId, direction, since);
  const waiting = async () =>
    await peopleWaiting(
      unit.tx,
      alike.map(({ group }) => group),
      direction,
    );
  if (checked > memberships || checked + (await waiting()) > memberships)
    following.jobs.push({ job: 'checkGroup', groupId, idp });
  else
    following.jobs.push(
      ...alike.map(({ personId }): Job => ({ job: 'checkMembership', personId, groupId, idp })),
    );
}

function groupIdsOf(
  context: Data,
  { group, idp }: { group: GroupHint; idp?: string },
): string[] | 'unchecked' {
  if ('name' in group)
    return context.catalogue.isUnchecked(group.name, idp)
      ? 'unchecked'
      : context.catalogue.groupIdsNamed(group.name, idp);
  if (context.catalogue.teamsOfGroupId(group.id).length > 0) return [group.id];
  return context.catalogue.isUnchecked() ? 'unchecked' : [];
}
