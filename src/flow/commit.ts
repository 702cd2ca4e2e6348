import type { Actor, Change, ChangeEvent } from '../core/change.ts';
import { type Job, type Pair, reactions } from '../core/reactions.ts';
import { type AuditRow, auditEntries, auditOfNotes } from '../store/audit.ts';
import { idsEndedBy, lockChange, writeEvent } from '../store/changes.ts';
import type { Db, Tx } from '../store/database.ts';
import { writeGrants } from '../store/grants.ts';
import { observedNow } from '../store/observed.ts';
import { addJobs, owedWhere } from '../store/outbox.ts';
import { type Bound, statement, type Value } from '../store/statement.ts';
import { runAtOnce, transact } from '../store/transaction.ts';

/** Something worth an audit entry that is not a step of a change's life cycle. */
export type Note = {
  type:
    | 'adviceGiven'
    | 'baselineTaken'
    | 'groupReconciled'
    | 'teamReconciled'
    | 'reconciled'
    | 'membershipAccepted'
    | 'preexistingEnded'
    | 'scimUserChanged'
    | 'scimGroupChanged'
    | 'scimMembersChanged'
    | 'scimTokenCreated'
    | 'scimTokenRevoked'
    | 'clickRefused'
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
};

export type Outcome<T> = {
  result: T;
  events?: readonly ChangeEvent[];
  notes?: readonly Note[];
  /** Work beyond what the events call for by themselves. */
  jobs?: readonly Job[];
  /** For `changeReceived`: the key under which a duplicate finds the first. */
  idempotencyKey?: string;
};

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
    const locked = new Map<string, Change | null>();
    const change = async (id: string) => {
      if (!locked.has(id)) locked.set(id, await lockChange(tx, id));
      return locked.get(id) ?? null;
    };
    const outcome = await work({ tx, now, change });
    const events = outcome.events ?? [];
    const notes = outcome.notes ?? [];
    const jobs: Job[] = [...(outcome.jobs ?? [])];
    for (const event of events) {
      const before = event.type === 'changeReceived' ? null : await change(event.changeId);
      const after = await writeEvent(tx, before, event, outcome.idempotencyKey ?? null);
      locked.set(event.changeId, after);
      await writeGrants(tx, event, after);
      const shownOn = after.kind === 'grant' ? [after.id] : await idsEndedBy(tx, after.id);
      jobs.push(...reactions(event, pairOf(after), shownOn));
    }
    for (const note of notes)
      if (note.type === 'adviceGiven' && note.changeId !== null)
        jobs.push({ job: 'tell', changeId: note.changeId });
    await addJobs(tx, jobs);
    owed.any = jobs.length > 0;
    const entries = auditOf(events, notes);
    return { result: outcome.result, last: entries.length === 0 ? [] : [auditEntries(entries)] };
  });
  if (owed.any) onCommitted?.();
  return result;
}

/**
 * The same as one statement, which PostgreSQL commits whole or not at all, in a single trip: `changing` are CTEs that
 * write state, `notes` selects the audit entries that follow from what they did, and where `told` selects anything
 * observed, that is stored and a `heed` owed. `answer` is selected from all of it. For what comes by the thousand.
 */
export function wholeCommit(
  name: string,
  parts: { changing: string; notes: string; told?: string; answer: string },
): (...values: Value[]) => Bound {
  const heard =
    parts.told === undefined
      ? ''
      : `, heard as (${observedNow(parts.told)}), owed as (${owedWhere({ job: 'heed' }, 'exists (select from heard)')})`;
  return statement(
    name,
    `with ${parts.changing}, noted as (${auditOfNotes(parts.notes)})${heard} ${parts.answer}`,
  );
}

/** Runs such a statement. Answers its rows. */
export async function commitAtOnce<Row>(db: Db, whole: Bound): Promise<Row[]> {
  return await runAtOnce<Row>(db, whole);
}

function pairOf(change: Change): Pair | null {
  return change.target === null
    ? null
    : { personId: change.personId, groupId: change.target.groupId, teamId: change.target.teamId };
}

function auditOf(events: readonly ChangeEvent[], notes: readonly Note[]): AuditRow[] {
  return [
    ...events.map(({ type, at, actor, changeId, ...data }) => ({ type, at, actor, changeId, data })),
    ...notes.map(({ type, at, actor, changeId, data }) => ({ type, at, actor, changeId, data })),
  ];
}
