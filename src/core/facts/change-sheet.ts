import { type Change, isFound } from '../change/change.ts';
import type { Clause, Entitlement, Target } from '../policy/catalogue.ts';
import type { Verdict } from '../policy/verdict.ts';
import { findingSheet, plainFinding, type Told } from './finding-facts.ts';
import { type FactSheet, factSheet, plainSummary, type SheetSubject } from './request-facts.ts';

/** All that is known of one change when it is put to somebody. */
export type ChangeSubject = Pick<
  SheetSubject,
  'holders' | 'holdersInDepartment' | 'earlierGrants' | 'others' | 'isIn' | 'heldUntil'
> & {
  change: Change;
  entitlement: Entitlement;
  target: Target;
  beneficiary: { id: string; name: string; title: string | null; department: string | null; status: string };
  requester: { id: string; name: string } | null;
  requestedSeconds: number;
  telling: Omit<Told, 'actors'> & { actors: readonly { name: string }[] };
  /** How often it was found before; 0 for what is asked for. */
  foundBefore: number;
  /** What the rules say of giving it. */
  byRules: Verdict;
  /** The meaning of that for this change: a finding is asked about whatever rules say. */
  verdict: Verdict;
  /** The written policy, of which those clauses are shown that bear on it. */
  clauses: readonly Clause[];
};

/** Pure: the sheet on what was found, or on what is asked for, with the summary that needs no model. */
export function changeSheet(subject: ChangeSubject): { sheet: FactSheet; plain: string } {
  const { entitlement, verdict } = subject;
  const cited = [...entitlement.clauses, ...(verdict.holds ?? []).map((hold) => hold.clause)];
  const clauses = subject.clauses.filter((clause) => cited.includes(clause.id));
  if (isFound(subject.change)) {
    const sheet = foundSheet(subject, clauses);
    return { sheet, plain: plainFinding(sheet) };
  }
  const sheet = askedSheet(subject, clauses);
  return { sheet, plain: plainSummary(sheet) };
}

function foundSheet(subject: ChangeSubject, clauses: readonly Clause[]): FactSheet {
  const { telling } = subject;
  return findingSheet({
    cause: subject.change.cause === 'loss' ? 'loss' : 'finding',
    who: subject.beneficiary,
    entitlement: subject.entitlement,
    group: subject.target.groupName,
    told: { ...telling, actors: telling.actors.map((actor) => actor.name) },
    holders: subject.holders,
    ...(subject.others === undefined ? {} : { others: subject.others }),
    foundBefore: subject.foundBefore,
    policy: subject.byRules.grounds.map((ground) => ground.text).join('; '),
    clauses,
  });
}

function askedSheet(subject: ChangeSubject, clauses: readonly Clause[]): FactSheet {
  const { change, beneficiary, requester } = subject;
  return factSheet({
    ...subject,
    requester: requester === null || requester.id === beneficiary.id ? null : requester,
    reason: change.reason,
    ticket: change.ticket,
    clauses,
  });
}
