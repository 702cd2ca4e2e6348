import DataLoader from 'dataloader';
import type { Change } from '../../core/change/change.ts';
import type { Actor } from '../../core/change/events.ts';
import type { Delegation } from '../../core/delegation/delegation.ts';
import { invariant } from '../../core/fault.ts';
import { type ConcernedHomes, homesOfNote, homesTogether } from '../../core/home/concerned.ts';
import { type Job, noteReactions } from '../../core/jobs/reactions.ts';
import type { MassChange } from '../../core/mass-change/mass-change.ts';
import type { Offboarding } from '../../core/offboarding/offboarding.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import { type AuditRow, auditEntries } from '../../store/audit.ts';
import { changesHeld, lockingChanges, ofPair, type Pair } from '../../store/changes-held.ts';
import { type AddedRow, addingJobs } from '../../store/outbox.ts';
import { alike, type Db, type Tx } from '../../store/postgres/database.ts';
import type { Bound } from '../../store/postgres/statement.ts';
import { type Begun, boundOf, type Ending, runAtOnce, transact } from '../../store/postgres/transaction.ts';
import { type AnyEvent, heldIn } from './aggregates.ts';
import { followOn } from './follow-on.ts';

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
    | 'apiTokenCreated'
    | 'apiTokenRevoked'
    | 'clickRefused'
    | 'certificateSent'
    | 'signInRefused'
    | 'emergencyReviewed'
    | 'emergencyReviewOverdue'
    | 'policyLoaded'
    | 'policyAgreed'
    | 'policyBroken'
    | 'policyMended'
    | 'queueAway'
    | 'queueBack'
    | 'secretOld'
    | 'secretReplaced'
    | 'auditAnchored'
    | 'auditKeysChanged'
    | 'ticketsAway'
    | 'ticketsBack'
    | 'deliveryTroubled'
    | 'deliveryMended'
    | 'canaryMissed'
    | 'canaryAlarmRaised'
    | 'canaryAlarmCleared'
    | 'digestMade'
    | 'accessReviewed'
    | 'evidenceMade'
    | 'evidenceUploadBegun'
    | 'evidenceUploaded'
    | 'pushOwed'
    | 'usualDelegateNamed'
    | 'usualDelegateDropped'
    | 'webSignedIn'
    | 'auditRead'
    | 'auditArchived'
    | 'auditRestored'
    | 'auditExported'
    | 'auditResent';
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
  /** The changes on their way that it began with, as they were locked; the oldest first. */
  underway: readonly Change[];
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
 * Resolves after the commit; `onCommitted` (the relay's nudge) is called then, if it has to look for what follows. `changes`: ids of those that the work
 * begins with. They are locked with the trip that begins the transaction, in this order. `underway`: so are those that
 * are on their way of these people and groups, or teams; nobody need look for them before. `ahead`: what the work reads or
 * writes whatever it finds. It is asked for with the same trip, after those are locked.
 */
export async function commit<T, Ahead = undefined>(
  db: Db,
  work: (unit: Unit, ahead: Ahead) => Promise<Outcome<T>>,
  onCommitted?: () => void,
  { changes = [], underway = [], ahead }: Beginning<Ahead> = {},
): Promise<T> {
  const asked = { work, changes, underway, ahead } as Asked<T>;
  const { result, isOwed } = await ((gatherers.get(db)?.load(asked as Asked<unknown>) as
    | Promise<Committed<T>>
    | undefined) ?? commitOne(db, asked));
  if (isOwed) onCommitted?.();
  return result;
}

/** What a commit begins with. */
type Beginning<Ahead> = {
  changes?: readonly string[];
  underway?: readonly Pair[];
  ahead?: ((tx: Tx) => Promise<Ahead>) | undefined;
};

type Asked<T> = Required<Omit<Beginning<unknown>, 'ahead'>> &
  Pick<Beginning<unknown>, 'ahead'> & { work: (unit: Unit, ahead: unknown) => Promise<Outcome<T>> };
/** `isOwed`: work follows that the outbox worker has to look for. */
type Committed<T> = { result: T; isOwed: boolean };

async function commitOne<T>(db: Db, asked: Asked<T>): Promise<Committed<T>> {
  const { results, isOwed } = await commitAll(db, [asked]);
  return { result: results[0] as T, isOwed };
}

/** All in one transaction, or nothing. The works run side by side: what they read goes out together. */
async function commitAll<T>(db: Db, asked: readonly Asked<T>[]): Promise<{ results: T[]; isOwed: boolean }> {
  let isOwed = false;
  const changes = [...new Set(asked.flatMap((one) => one.changes))];
  const whole = async (tx: Tx, { now, first }: Begun, ahead: readonly unknown[]): Promise<Ending<T[]>> => {
    const held = heldIn(tx);
    const known = changesHeld(first.flat());
    for (const id of changes) held.change.know(id, null);
    for (const [id, change] of known) held.change.know(id, change);
    const unit: Omit<Unit, 'underway'> = {
      tx,
      now,
      change: held.change.read,
      massChange: held.massChange.read,
      offboarding: held.offboarding.read,
      delegation: held.delegation.read,
      campaign: held.campaign.read,
    };
    const outcomes = await allOf(
      asked.map(({ work, underway }, n) =>
        work({ ...unit, underway: underway.flatMap((pair) => ofPair(known.values(), pair)) }, ahead[n]),
      ),
    );
    const events = outcomes.flatMap((outcome) => outcome.events ?? []);
    const notes = outcomes.flatMap((outcome) => outcome.notes ?? []);
    const [idempotencyKey = null, another] = outcomes.flatMap((one) => one.idempotencyKey ?? []);
    invariant(another === undefined, 'commits with keys of their own are not put together');
    const jobs: Job[] = outcomes.flatMap((outcome) => outcome.jobs ?? []);
    const homes: ConcernedHomes[] = notes.map(homesOfNote);
    for (const one of held.inOrder) {
      const following = await one.write(events, idempotencyKey);
      jobs.push(...following.jobs);
      homes.push(...following.homes);
    }
    jobs.push(...notes.flatMap(noteReactions));
    const following = followOn(db, jobs);
    const adding = addingJobs(tx, jobs, { homes: homesTogether(homes), leased: following.leased });
    const entries = [...held.inOrder.flatMap((one) => one.eventsOf(events).map(auditOfEvent)), ...notes];
    return {
      result: outcomes.map(({ result }) => result),
      last: [
        ...(adding === null ? [] : [boundOf(adding)]),
        ...(entries.length === 0 ? [] : [auditEntries(entries)]),
      ],
      committed([added = []]) {
        isOwed = following.committed(adding === null ? [] : (added as AddedRow[]));
      },
    };
  };
  const first = lockingChanges(
    changes,
    asked.flatMap((one) => one.underway),
  );
  const ahead = (tx: Tx) => allOf(asked.map(async (one) => await one.ahead?.(tx)));
  return { results: await transact<T[], unknown[]>(db, whole, first, ahead), isOwed };
}

/** Once all have ended: none goes on in a transaction that is over. */
async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const ended = await Promise.allSettled(works);
  return ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/** Commits that go together in one transaction, at most. */
const TOGETHER_MAX = 100;
/** So long others are waited for, in milliseconds: of what runs side by side, much ends within a moment. */
const GATHERED_MS = 2;

type Gatherer = DataLoader<Asked<unknown>, Committed<unknown>>;
const gatherers = new WeakMap<Db, Gatherer>();

/**
 * The same database, for pieces of work that run side by side: what they commit at the same time is one transaction,
 * with the state, the audit entries and the jobs of each. None holds up another: when it fails, each is committed by
 * itself. So a body may run twice here, the first time for nothing.
 */
export function committingTogether(db: Db): Db {
  const own = alike(db);
  const commitEach = async (asked: readonly Asked<unknown>[]) => {
    if (asked.length > 1)
      try {
        const { results, isOwed } = await commitAll(db, asked);
        return results.map((result) => ({ result, isOwed }));
      } catch {
        // Which of them it was shows when each is by itself.
      }
    return await Promise.all(asked.map((one) => commitOne(db, one).catch((error: Error) => error)));
  };
  gatherers.set(
    own,
    new DataLoader(commitEach, {
      cache: false,
      maxBatchSize: TOGETHER_MAX,
      batchScheduleFn: (go) => setTimeout(go, GATHERED_MS),
    }),
  );
  return own;
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
