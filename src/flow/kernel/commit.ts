import {
  type Actor,
  type Change,
  type ChangeEvent,
  isCanary,
  isOnMassCard,
} from '../../core/change/change.ts';
import {
  type Job,
  massReactions,
  offboardingReactions,
  type Pair,
  reactions,
} from '../../core/jobs/reactions.ts';
import type { MassChange, MassChangeEvent } from '../../core/mass-change/mass-change.ts';
import type { Offboarding, OffboardingEvent } from '../../core/offboarding/offboarding.ts';
import { type AuditRow, auditEntries } from '../../store/audit.ts';
import { idsEndedBy, lockChange, writeEvent } from '../../store/changes.ts';
import { writeGrants } from '../../store/grants.ts';
import { lockMassChange, writeMassEvent } from '../../store/mass-changes.ts';
import { lockOffboarding, writeOffboardingEvent } from '../../store/offboardings.ts';
import { addJobs } from '../../store/outbox.ts';
import type { Db, Tx } from '../../store/postgres/database.ts';
import type { Bound } from '../../store/postgres/statement.ts';
import { runAtOnce, transact } from '../../store/postgres/transaction.ts';

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
    | 'policyLoaded'
    | 'policyBroken'
    | 'policyMended'
    | 'queueAway'
    | 'queueBack'
    | 'canaryMissed'
    | 'canaryAlarmRaised'
    | 'canaryAlarmCleared'
    | 'pushOwed';
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
  /** The same for what is decided on one card. */
  massChange(id: string): Promise<MassChange | null>;
  /** The same for a leaver's case. */
  offboarding(id: string): Promise<Offboarding | null>;
};

export type Outcome<T> = {
  result: T;
  events?: readonly ChangeEvent[];
  massChangeEvents?: readonly MassChangeEvent[];
  offboardingEvents?: readonly OffboardingEvent[];
  notes?: readonly Note[];
  /** Work beyond what the events call for by themselves. */
  jobs?: readonly Job[];
  /** For `changeReceived`: the key under which a duplicate finds the first. */
  idempotencyKey?: string;
};

/** What some piece of work calls for, to be committed with the rest. */
export type Following = Omit<Outcome<null>, 'result' | 'idempotencyKey'>;

/** What several pieces of work call for, in their order. */
export function together(pieces: readonly Following[]): Required<Following> {
  return {
    events: pieces.flatMap((piece) => piece.events ?? []),
    massChangeEvents: pieces.flatMap((piece) => piece.massChangeEvents ?? []),
    offboardingEvents: pieces.flatMap((piece) => piece.offboardingEvents ?? []),
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
    const changes = heldBy((id) => lockChange(tx, id));
    const masses = heldBy((id) => lockMassChange(tx, id));
    const cases = heldBy((id) => lockOffboarding(tx, id));
    const outcome = await work({
      tx,
      now,
      change: changes.read,
      massChange: masses.read,
      offboarding: cases.read,
    });
    const events = outcome.events ?? [];
    const massEvents = outcome.massChangeEvents ?? [];
    const caseEvents = outcome.offboardingEvents ?? [];
    const notes = outcome.notes ?? [];
    const jobs: Job[] = [...(outcome.jobs ?? [])];
    for (const event of events) {
      const before = event.type === 'changeReceived' ? null : await changes.read(event.changeId);
      const after = await writeEvent(tx, before, event, outcome.idempotencyKey ?? null);
      changes.set(event.changeId, after);
      await writeGrants(tx, event, after);
      jobs.push(...reactions(event, pairOf(after), await shownOn(tx, after)));
    }
    for (const event of massEvents) {
      const before = event.type === 'massOpened' ? null : await masses.read(event.massChangeId);
      masses.set(event.massChangeId, await writeMassEvent(tx, before, event));
      jobs.push(...massReactions(event));
    }
    for (const event of caseEvents) {
      const before = event.type === 'offboardingStarted' ? null : await cases.read(event.offboardingId);
      cases.set(event.offboardingId, await writeOffboardingEvent(tx, before, event));
      jobs.push(...offboardingReactions(event));
    }
    for (const note of notes)
      if (note.type === 'adviceGiven' && note.changeId !== null)
        jobs.push({ job: 'updateMessages', changeId: note.changeId });
    await addJobs(tx, jobs);
    owed.any = jobs.length > 0;
    const entries = auditOf(events, [...massEvents, ...caseEvents], notes);
    return { result: outcome.result, last: entries.length === 0 ? [] : [auditEntries(entries)] };
  });
  if (owed.any) onCommitted?.();
  return result;
}

/** What a commit has locked, read once and then as its own events have left it. */
function heldBy<T>(lock: (id: string) => Promise<T | null>) {
  const held = new Map<string, T | null>();
  return {
    async read(id: string): Promise<T | null> {
      if (!held.has(id)) held.set(id, await lock(id));
      return held.get(id) ?? null;
    },
    set(id: string, value: T): void {
      held.set(id, value);
    },
  };
}

/**
 * Runs a commit that is one statement (`wholeCommit`, src/store/whole-commit.ts), in a single trip to the database.
 * Answers its rows.
 */
export async function commitAtOnce<Row>(db: Db, whole: Bound): Promise<Row[]> {
  return await runAtOnce<Row>(db, whole);
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

/** The changes whose messages show it; what is part of a mass change is on that one's card until it ends. */
async function shownOn(tx: Tx, change: Change): Promise<string[]> {
  if (isOnMassCard(change) || isCanary(change)) return [];
  return change.kind === 'grant' ? [change.id] : await idsEndedBy(tx, change.id);
}

function auditOf(
  events: readonly ChangeEvent[],
  cardEvents: readonly (MassChangeEvent | OffboardingEvent)[],
  notes: readonly Note[],
): AuditRow[] {
  return [
    ...events.map(({ type, at, actor, changeId, ...data }) => ({ type, at, actor, changeId, data })),
    ...cardEvents.map(({ type, at, actor, ...data }) => ({ type, at, actor, changeId: null, data })),
    ...notes.map(({ type, at, actor, changeId, data }) => ({ type, at, actor, changeId, data })),
  ];
}
