import type { Change } from '../../core/change/change.ts';
import type { Actor } from '../../core/change/events.ts';
import type { Delegation } from '../../core/delegation/delegation.ts';
import { type ConcernedHomes, homesOfNote, homesTogether } from '../../core/home/concerned.ts';
import { type Job, noteReactions } from '../../core/jobs/reactions.ts';
import type { MassChange } from '../../core/mass-change/mass-change.ts';
import type { Offboarding } from '../../core/offboarding/offboarding.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import { type AuditRow, auditEntries } from '../../store/audit.ts';
import { changeHeld, lockingChange } from '../../store/changes-held.ts';
import { addJobs } from '../../store/outbox.ts';
import type { Db, Tx } from '../../store/postgres/database.ts';
import type { Bound } from '../../store/postgres/statement.ts';
import { type Begun, type Ending, runAtOnce, transact } from '../../store/postgres/transaction.ts';
import { type AnyEvent, heldIn } from './aggregates.ts';

/** Something worth an audit entry that is not a step of a change's life cycle. */
export type Note = {
  type:
    | 'adviceGiven'
    | 'baselineTaken'
    | 'groupReconciled'
    | 'teamReconciled'
    | 'reconciled'
    | 'membershipAccepted'
    | 'accountLost'
    | 'accountBack'
    | 'provisioningStopped'
    | 'provisioningResumed'
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
    | 'certificateSent'
    | 'signInRefused'
    | 'emergencyReviewed'
    | 'emergencyReviewOverdue'
    | 'policyLoaded'
    | 'policyBroken'
    | 'policyMended'
    | 'queueAway'
    | 'queueBack'
    | 'secretOld'
    | 'secretReplaced'
    | 'ticketsAway'
    | 'ticketsBack'
    | 'deliveryTroubled'
    | 'deliveryMended'
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

/**
 * The things that the body of a commit works with: the transaction, the database's clock, and changes locked for it.
 */
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

/** The events, jobs and notes that some piece of work calls for, to be committed with the rest. */
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
 * Resolves after the commit; `onCommitted` (the relay's nudge) is called then. `changes`: ids of those that the work
 * begins with. They are locked with the trip that begins the transaction, in this order.
 */
export async function commit<T>(
  db: Db,
  work: (unit: Unit) => Promise<Outcome<T>>,
  onCommitted?: () => void,
  { changes = [] }: { changes?: readonly string[] } = {},
): Promise<T> {
  const owed = { any: false };
  const whole = async (tx: Tx, now: Date, first: Begun['first']): Promise<Ending<T>> => {
    const held = heldIn(tx);
    for (const [n, id] of changes.entries()) held.change.know(id, changeHeld(first[n]));
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
  };
  const result = await transact<T>(
    db,
    whole,
    changes.map((id) => lockingChange(id)),
  );
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
