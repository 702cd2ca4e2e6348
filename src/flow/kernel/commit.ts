import { type Change, isCanary, isOnMassCard } from '../../core/change/change.ts';
import type { Actor, ChangeEvent } from '../../core/change/events.ts';
import type { Delegation, DelegationEvent } from '../../core/delegation/delegation.ts';
import {
  type ConcernedHomes,
  homesOfChange,
  homesOfDelegation,
  homesOfMassChange,
  homesOfNote,
  homesOfOffboarding,
  homesTogether,
  nobodysHome,
} from '../../core/home/concerned.ts';
import {
  campaignReactions,
  delegationReactions,
  type Job,
  massReactions,
  noteReactions,
  offboardingReactions,
  type Pair,
  reactions,
} from '../../core/jobs/reactions.ts';
import type { MassChange, MassChangeEvent } from '../../core/mass-change/mass-change.ts';
import type { OffboardingEvent } from '../../core/offboarding/events.ts';
import type { Offboarding } from '../../core/offboarding/offboarding.ts';
import type { Campaign, CampaignEvent } from '../../core/review/campaign.ts';
import { type AuditRow, auditEntries } from '../../store/audit.ts';
import { idsEndedBy, idsExtendedBy, lockChange, writeEvent } from '../../store/changes.ts';
import { lockDelegation, waitingFor, writeDelegationEvent } from '../../store/delegations.ts';
import { digestsShowing } from '../../store/digests.ts';
import { writeGrants } from '../../store/grants.ts';
import { lockMassChange, writeMassEvent } from '../../store/mass-changes.ts';
import { lockOffboarding, writeOffboardingEvent } from '../../store/offboardings.ts';
import { addJobs } from '../../store/outbox.ts';
import type { Db, Tx } from '../../store/postgres/database.ts';
import type { Bound } from '../../store/postgres/statement.ts';
import { runAtOnce, transact } from '../../store/postgres/transaction.ts';
import { partsShowing } from '../../store/review-progress.ts';
import { lockCampaign, writeCampaignEvent } from '../../store/reviews.ts';

export type AnyEvent = ChangeEvent | MassChangeEvent | OffboardingEvent | DelegationEvent | CampaignEvent;

/** Something worth an audit entry that is not a step of a change's life cycle. */
export type Note = {
  type:
    | 'adviceGiven'
    | 'baselineTaken'
    | 'groupReconciled'
    | 'teamReconciled'
    | 'reconciled'
    | 'membershipAccepted'
    | 'baselineEnded'
    | 'birthrightWithheld'
    | 'scimUserChanged'
    | 'scimGroupChanged'
    | 'scimMembersChanged'
    | 'scimPushRefused'
    | 'scimTokenCreated'
    | 'scimTokenRevoked'
    | 'mcpTokenCreated'
    | 'mcpTokenRevoked'
    | 'clickRefused'
    | 'signInRefused'
    | 'policyLoaded'
    | 'policyBroken'
    | 'policyMended'
    | 'queueAway'
    | 'queueBack'
    | 'canaryMissed'
    | 'canaryAlarmRaised'
    | 'canaryAlarmCleared'
    | 'digestMade'
    | 'accessReviewed'
    | 'pushOwed'
    | 'usualDelegateNamed'
    | 'usualDelegateDropped';
  at: Date;
  actor: Actor;
  changeId: string | null;
  data: Record<string, unknown>;
};

/** What the body of a commit works with: the transaction, the database's clock, and changes locked for it. */
export type Unit = {
  tx: Tx;
  /** The database's clock at the start of this commit. */
  now: Date;
  /** Reads a change and holds it until the commit ends. */
  change(id: string): Promise<Change | null>;
  /** Reads what is decided on one card and holds it until the commit ends. */
  massChange(id: string): Promise<MassChange | null>;
  /** Reads a leaver's case and holds it until the commit ends. */
  offboarding(id: string): Promise<Offboarding | null>;
  /** Reads who decides in somebody's stead and holds it until the commit ends. */
  delegation(id: string): Promise<Delegation | null>;
  /** Reads an access review campaign and holds it until the commit ends. */
  campaign(id: string): Promise<Campaign | null>;
};

export type Outcome<T> = {
  result: T;
  events?: readonly AnyEvent[];
  notes?: readonly Note[];
  /** Work beyond what the events call for by themselves. */
  jobs?: readonly Job[];
  /** For `changeReceived`: the key under which a duplicate finds the first. */
  idempotencyKey?: string;
};

/** What some piece of work calls for, to be committed with the rest. */
export type Following = Omit<Outcome<null>, 'result' | 'idempotencyKey'>;

/** A note of what Latchkey itself did, about no single change. */
export function noteByLatchkey(
  { now }: Pick<Unit, 'now'>,
  type: Note['type'],
  data: Record<string, unknown>,
): Note {
  return { type, at: now, actor: { part: 'latchkey' }, changeId: null, data };
}

/** What several pieces of work call for, in their order. */
export function together(pieces: readonly Following[]): Required<Following> {
  return {
    events: pieces.flatMap((piece) => piece.events ?? []),
    notes: pieces.flatMap((piece) => piece.notes ?? []),
    jobs: pieces.flatMap((piece) => piece.jobs ?? []),
  };
}

/**
 * The one way to write: what `work` decides becomes state, audit entries and outbox rows in one transaction,
 * or nothing does. `work` may run only once per call and must lock what it decides on through the unit.
 * Resolves after the commit; `onCommitted` (the relay's nudge) is called then.
 */
export async function commit<T>(
  db: Db,
  work: (unit: Unit) => Promise<Outcome<T>>,
  onCommitted?: () => void,
): Promise<T> {
  const owed = { any: false };
  const result = await transact<T>(db, async (tx, now) => {
    const held = heldIn(tx);
    const outcome = await work({
      tx,
      now,
      change: held.change.read,
      massChange: held.massChange.read,
      offboarding: held.offboarding.read,
      delegation: held.delegation.read,
      campaign: held.campaign.read,
    });
    const { events = [], notes = [], idempotencyKey = null } = outcome;
    const jobs: Job[] = [...(outcome.jobs ?? [])];
    const homes: ConcernedHomes[] = notes.map(homesOfNote);
    for (const one of held.inOrder) {
      const following = await one.write(events, idempotencyKey);
      jobs.push(...following.jobs);
      homes.push(...following.homes);
    }
    jobs.push(...notes.flatMap(noteReactions));
    await addJobs(tx, jobs, homesTogether(homes));
    owed.any = jobs.length > 0;
    const entries = [...held.inOrder.flatMap((one) => one.eventsOf(events).map(auditOfEvent)), ...notes];
    return { result: outcome.result, last: entries.length === 0 ? [] : [auditEntries(entries)] };
  });
  if (owed.any) onCommitted?.();
  return result;
}

/**
 * Runs a commit that is one statement (`wholeCommit`, src/store/whole-commit.ts), in a single trip to the database.
 * Answers its rows.
 */
export async function commitAtOnce<Row>(db: Db, whole: Bound): Promise<Row[]> {
  return await runAtOnce<Row>(db, whole);
}

function auditOfEvent({ type, at, actor, ...rest }: AnyEvent): AuditRow {
  if (!('changeId' in rest)) return { type, at, actor, changeId: null, data: rest };
  const { changeId, ...data } = rest;
  return { type, at, actor, changeId, data };
}

/** One kind of thing that a commit changes by events. */
type Aggregate<State, Event extends AnyEvent> = {
  isOf(event: AnyEvent): event is Event;
  idOf(event: Event): string;
  /** The event that makes it: before that there is nothing to lock. */
  firstEvent: Event['type'];
  lock(tx: Tx, id: string): Promise<State | null>;
  write(tx: Tx, before: State | null, event: Event, idempotencyKey: string | null): Promise<State>;
  reactions(tx: Tx, event: Event, after: State): Promise<Job[]>;
  /** On whose Home the event shows. */
  homes(before: State | null, after: State): ConcernedHomes;
};

const change: Aggregate<Change, ChangeEvent> = {
  isOf: (event) => 'changeId' in event,
  idOf: (event) => event.changeId,
  firstEvent: 'changeReceived',
  lock: lockChange,
  async write(tx, before, event, idempotencyKey) {
    const after = await writeEvent(tx, before, event, idempotencyKey);
    await writeGrants(tx, event, after);
    return after;
  },
  reactions: async (tx, event, after) => [
    ...reactions(event, pairOf(after), await shownOn(tx, after)),
    ...(await digestsOn(tx, after)),
  ],
  homes: homesOfChange,
};

const massChange: Aggregate<MassChange, MassChangeEvent> = {
  isOf: (event) => 'massChangeId' in event,
  idOf: (event) => event.massChangeId,
  firstEvent: 'massOpened',
  lock: lockMassChange,
  write: writeMassEvent,
  reactions: async (_, event) => massReactions(event),
  homes: homesOfMassChange,
};

const offboarding: Aggregate<Offboarding, OffboardingEvent> = {
  isOf: (event) => 'offboardingId' in event,
  idOf: (event) => event.offboardingId,
  firstEvent: 'offboardingStarted',
  lock: lockOffboarding,
  write: writeOffboardingEvent,
  reactions: async (_, event) => offboardingReactions(event),
  homes: (_, after) => homesOfOffboarding(after),
};

const delegation: Aggregate<Delegation, DelegationEvent> = {
  isOf: (event) => 'delegationId' in event,
  idOf: (event) => event.delegationId,
  firstEvent: 'delegationNamed',
  lock: lockDelegation,
  write: writeDelegationEvent,
  // What waits for whoever is away is the delegate's to decide too, at once, and theirs alone again when it ends.
  reactions: async (tx, event, after) => delegationReactions(event, await waitingFor(tx, after.person.id)),
  homes: (_, after) => homesOfDelegation(after),
};

const campaign: Aggregate<Campaign, CampaignEvent> = {
  isOf: (event) => 'campaignId' in event,
  idOf: (event) => event.campaignId,
  firstEvent: 'campaignOpened',
  lock: lockCampaign,
  write: writeCampaignEvent,
  reactions: async (tx, event, after) =>
    campaignReactions(event, after.startedAt === null ? [] : await partsShowing(tx, event)),
  homes: () => ({ ...nobodysHome, admins: true }),
};

/** All that a commit can change, each held for its time; `inOrder`: as they are written, locked and audited. */
function heldIn(tx: Tx) {
  const held = {
    change: holdingOf(tx, change),
    massChange: holdingOf(tx, massChange),
    offboarding: holdingOf(tx, offboarding),
    delegation: holdingOf(tx, delegation),
    campaign: holdingOf(tx, campaign),
  };
  return {
    ...held,
    inOrder: [held.change, held.massChange, held.offboarding, held.delegation, held.campaign],
  };
}

/** What a commit has locked, read once and then as its own events have left it. */
function holdingOf<State, Event extends AnyEvent>(tx: Tx, aggregate: Aggregate<State, Event>) {
  const held = new Map<string, State | null>();

  async function read(id: string): Promise<State | null> {
    if (!held.has(id)) held.set(id, await aggregate.lock(tx, id));
    return held.get(id) ?? null;
  }

  return {
    read,
    /** Those events that are its own. */
    eventsOf: (events: readonly AnyEvent[]): AnyEvent[] => events.filter(aggregate.isOf),
    /** Writes those events that are its own. Answers the work that follows from them, and whose Homes they show on. */
    async write(
      events: readonly AnyEvent[],
      idempotencyKey: string | null,
    ): Promise<{ jobs: Job[]; homes: ConcernedHomes[] }> {
      const jobs: Job[] = [];
      const homes: ConcernedHomes[] = [];
      for (const event of events.filter(aggregate.isOf)) {
        const id = aggregate.idOf(event);
        const before = event.type === aggregate.firstEvent ? null : await read(id);
        const after = await aggregate.write(tx, before, event, idempotencyKey);
        held.set(id, after);
        jobs.push(...(await aggregate.reactions(tx, event, after)));
        homes.push(aggregate.homes(before, after));
      }
      return { jobs, homes };
    },
  };
}

function pairOf(change: Change): Pair | null {
  if (change.target === null) return null;
  const urgency =
    change.kind === 'grant'
      ? 'grant'
      : change.cause === 'leaver' || change.cause === 'lostApp'
        ? 'leaver'
        : 'revoke';
  return { personId: change.personId, groupId: change.target.groupId, teamId: change.target.teamId, urgency };
}

/** What a digest led to, or asked about, is shown there too as it goes on. */
async function digestsOn(tx: Tx, change: Change): Promise<Job[]> {
  if (change.cause !== 'review' && change.cause !== 'finding') return [];
  const ids = await digestsShowing(tx, change.id);
  return ids.map((id) => ({ job: 'updateCard', about: 'digest', id }));
}

/** The changes whose messages show it; what is part of a mass change is on that one's card until it ends. */
async function shownOn(tx: Tx, change: Change): Promise<string[]> {
  if (isOnMassCard(change) || isCanary(change)) return [];
  if (change.kind === 'revoke') return await idsEndedBy(tx, change.id);
  // The message of what is extended says whether its extension waits.
  return change.cause === 'extension' ? [change.id, ...(await idsExtendedBy(tx, change))] : [change.id];
}
