import type { Absence } from '../../../src/core/delegation/delegates.ts';
import { away } from './given.ts';

/** Who approves: the names of `plans` in the test beside. */
export type PlanOfRow = 'either' | 'both' | 'twoOf' | 'inTurn';
export type Verdict =
  | 'approves'
  | 'counts'
  | 'denies'
  | 'selfApproval'
  | 'notAnApprover'
  | 'alreadyApprovedByYou'
  | 'notYourTurn'
  | 'alreadySettled';
export type Row = [
  who: string,
  verb: 'approve' | 'deny',
  plan: PlanOfRow,
  absences: Absence[],
  given: string[],
  Verdict,
];

export const tomToNadia = away('tom', 'nadia');
export const rows: Row[] = [
  ['nadia', 'approve', 'either', [], [], 'notAnApprover'],
  ['nadia', 'approve', 'either', [tomToNadia], [], 'approves'],
  ['nadia', 'deny', 'either', [tomToNadia], [], 'denies'],
  ['tom', 'approve', 'either', [tomToNadia], [], 'approves'],
  ['tom', 'deny', 'either', [tomToNadia], [], 'denies'],
  ['erik', 'approve', 'either', [tomToNadia], [], 'notAnApprover'],
  ['olga', 'approve', 'either', [tomToNadia], [], 'approves'],
  // The beneficiary, or the requester, decides on nothing by being named.
  ['ines', 'approve', 'either', [away('tom', 'ines')], [], 'selfApproval'],
  ['ines', 'deny', 'either', [away('tom', 'ines')], [], 'selfApproval'],
  // Kept from it by policy, left, or away too.
  ['nadia', 'approve', 'either', [away('tom', 'nadia', { whyNot: 'has left' })], [], 'notAnApprover'],
  ['nadia', 'deny', 'either', [away('tom', 'nadia', { whyNot: 'is away too' })], [], 'notAnApprover'],
  // Both are needed: a delegate is one of them.
  ['nadia', 'approve', 'both', [tomToNadia], [], 'counts'],
  ['olga', 'approve', 'both', [tomToNadia], ['nadia/tom'], 'approves'],
  ['tom', 'approve', 'both', [tomToNadia], ['nadia/tom'], 'counts'],
  ['olga', 'approve', 'both', [away('tom', 'olga')], [], 'counts'],
  ['olga', 'approve', 'both', [away('tom', 'olga')], ['olga'], 'alreadyApprovedByYou'],
  ['nadia', 'approve', 'both', [tomToNadia, away('olga', 'nadia')], [], 'counts'],
  ['nadia', 'approve', 'both', [tomToNadia, away('olga', 'nadia')], ['nadia/tom'], 'alreadyApprovedByYou'],
  // Two of a group: a delegate and who named them are one.
  ['nadia', 'approve', 'twoOf', [tomToNadia], ['tom'], 'counts'],
  ['tom', 'approve', 'twoOf', [tomToNadia], ['nadia/tom'], 'counts'],
  ['nadia', 'approve', 'twoOf', [tomToNadia], ['sam'], 'approves'],
  ['nadia', 'approve', 'twoOf', [tomToNadia, away('olga', 'erik')], ['erik/olga'], 'approves'],
  // A delegate's approval stands once the person who named them is back, and they decide no more.
  ['sam', 'approve', 'twoOf', [away('tom', 'nadia', { isOver: true })], ['nadia/tom'], 'approves'],
  ['tom', 'approve', 'twoOf', [away('tom', 'nadia', { isOver: true })], ['nadia/tom'], 'counts'],
  ['nadia', 'deny', 'twoOf', [away('tom', 'nadia', { isOver: true })], ['nadia/tom'], 'notAnApprover'],
  // In turn: a delegate has the turn of who named them.
  ['nadia', 'approve', 'inTurn', [tomToNadia], [], 'counts'],
  ['nadia', 'approve', 'inTurn', [away('olga', 'nadia')], [], 'notYourTurn'],
  ['nadia', 'approve', 'inTurn', [away('olga', 'nadia')], ['tom'], 'approves'],
  ['olga', 'approve', 'inTurn', [tomToNadia], ['nadia/tom'], 'approves'],
];
