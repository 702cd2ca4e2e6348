import { auditOfNotes } from './audit.ts';
import { observedNow } from './observed.ts';
import { owedWhere } from './outbox.ts';
import { type Bound, statement, type Value } from './postgres/statement.ts';

/**
 * A commit as one statement, in a single trip. PostgreSQL carries it out whole or not at all. `changing` are CTEs that
 * write state. `notes` selects the audit entries that follow from them. Where `told` selects anything observed, that is
 * stored and a `processObservations` owed. `answer` is selected from all of it. For what comes by the thousand. The
 * statement begins as `with <changing>, noted as (<notes into audit>)`. With `told` it goes on
 * `, observed_now as (<told into observed>), owed as (<one row into outbox>)`. The answer ends it. `commitAtOnce`
 * (src/flow/kernel/commit.ts) runs it.
 */
export function wholeCommit(
  name: string,
  parts: { changing: string; notes: string; told?: string; answer: string },
): (...values: Value[]) => Bound {
  const observed =
    parts.told === undefined
      ? ''
      : `, observed_now as (${observedNow(parts.told)}), owed as (${owedWhere({ job: 'processObservations' }, 'exists (select from observed_now)')})`;
  return statement(
    name,
    `with ${parts.changing}, noted as (${auditOfNotes(parts.notes)})${observed} ${parts.answer}`,
  );
}
