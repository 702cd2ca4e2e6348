import type { Change } from '../core/change/change.ts';
import {
  rightOf,
  rightOfDecision,
  secondsToSeen,
  type Violation,
  violationInWords,
  violationsOf,
} from '../core/evidence/checks.ts';
import { BY_RULE, deciderInWords, stateInWords } from '../core/evidence/words.ts';
import type { PersonId } from '../core/ids.ts';
import type { Author, PopulationRow } from '../store/evidence/populations.ts';
import type { Row } from './list.ts';
import type { PackParts } from './plan.ts';

/** The objective: seconds from the decision until it is seen in MuleSoft. */
const OBJECTIVE_SECONDS = 60;

/** Who holds what: the columns of it, in every list that has them. */
export const whoHoldsWhat = ['person', 'email', 'entitlement', 'tier', 'group', 'team'] as const;

const whatAndWho = ['change', ...whoHoldsWhat, 'cause', 'state'] as const;

export const grantColumns = [
  ...whatAndWho,
  'requestedAt',
  'requestedBy',
  'requestedByEmail',
  'reason',
  'ticket',
  'approvedAt',
  'approvedBy',
  'approvedByEmail',
  'byWhatRight',
  'signedInAfreshWith',
  'clauses',
  'policy',
  'modelLeaned',
  'writtenAt',
  'inGroupByLog',
  'pushedAt',
  'inEffectByLog',
  'seenInEffectAt',
  'secondsToEffect',
  'notCountedBecause',
  'endsAt',
  'endedAt',
  'endedBecause',
  'followedBy',
  'goneByLog',
  'seenGoneAt',
  'notAsItShouldBe',
];

export const refusedColumns = [
  ...whatAndWho,
  'requestedAt',
  'requestedBy',
  'requestedByEmail',
  'reason',
  'ticket',
  'decidedAt',
  'decidedBy',
  'why',
  'policy',
];

export const openColumns = [
  ...whatAndWho.filter((column) => column !== 'state'),
  'requestedAt',
  'requestedBy',
  'requestedByEmail',
  'reason',
  'ticket',
  'stateSince',
  'decidedSinceAt',
];

/** Of what was open at the end of the period: what became of it since, up to when the pack is made. */
export function openRow(row: PopulationRow, book: Book): Row {
  const { state, ...rest } = what(row, book);
  const { requestedAt, requestedBy, requestedByEmail, reason, ticket } = refusedRow(row, book);
  const decidedSinceAt = row.legs.decidedAt ?? row.decision?.at ?? null;
  return {
    ...rest,
    requestedAt,
    requestedBy,
    requestedByEmail,
    reason,
    ticket,
    stateSince: state,
    decidedSinceAt,
  } as Row;
}

export const removalColumns = [
  ...whatAndWho,
  'reason',
  'lookedAtIn',
  'requestedBy',
  'shouldHaveEndedAt',
  'decidedAt',
  'decidedBy',
  'writtenAt',
  'outOfGroupByLog',
  'goneByLog',
  'seenGoneAt',
  'secondsToGone',
  'lateAt',
  'lateBecause',
];

export type Book = Pick<PackParts, 'tierOf'>;

/** The names of who decided; where no person did, that. */
function decidersOf({ approvals, decision }: Pick<PopulationRow, 'approvals' | 'decision'>): Row[string] {
  return approvals.length > 0 ? approvals.map(({ name }) => name) : deciderInWords(decision);
}

export function grantRow(row: PopulationRow, book: Book, author: Author | null): Row {
  const { approvals, decision, legs, stages, ended } = row;
  return {
    ...what(row, book),
    requestedAt: row.requestedAt,
    requestedBy: row.requester,
    requestedByEmail: row.requesterEmail,
    reason: row.reason,
    ticket: row.ticket,
    approvedAt: decision?.at ?? null,
    approvedBy: decidersOf(row),
    approvedByEmail: row.deciderEmails,
    byWhatRight:
      approvals.length > 0
        ? approvals.map((one) => rightOf(stages ?? [], one) ?? 'not kept')
        : decision === null
          ? null
          : rightOfDecision({ kind: 'grant', cause: row.cause, stages, decision }),
    signedInAfreshWith: approvals.flatMap(({ name, stepUp }) =>
      stepUp === undefined
        ? []
        : [`${name}: ${[stepUp.acr, ...stepUp.amr].filter((part) => part !== null).join(' ')}`],
    ),
    clauses: (row.clauses ?? []).filter((clause) => clause !== null),
    policy: row.policy,
    modelLeaned: row.lean,
    writtenAt: isThereBefore(row) ? null : (row.firstWrittenAt ?? legs.idpWrittenAt),
    inGroupByLog: row.byIdpLog,
    pushedAt: legs.scimPushedAt,
    inEffectByLog: row.byAnypointLog,
    seenInEffectAt: legs.seenAt,
    secondsToEffect: secondsOf(row),
    notCountedBecause: isThereBefore(row) ? 'it was there before: made around Latchkey, and kept' : null,
    endsAt: row.endsAt,
    endedAt: ended?.at ?? row.reopened?.at ?? null,
    endedBecause: ended?.cause ?? (row.reopened === null ? null : AUTHOR_DECIDED),
    followedBy: ended?.extendedBy ?? row.revokeId ?? row.askedAgainIn,
    goneByLog: row.goneByLog,
    seenGoneAt: row.seenGoneAt,
    notAsItShouldBe: violationsIn(row, author).map((one) => violationInWords[one]),
  };
}

export function violationsIn(row: PopulationRow, author: Author | null): Violation[] {
  return violationsOf({
    cause: row.cause,
    personId: row.personId as PersonId,
    requesterId: row.requesterId as PersonId | null,
    approvals: row.approvals,
    decision: row.decision,
    writtenAt: row.firstWrittenAt ?? row.legs.idpWrittenAt,
    authorId: (author?.id ?? null) as PersonId | null,
    reopenedBy: row.reopened?.by ?? null,
  });
}

/**
 * How an access of the population was approved, in words; `wrong` is what of it was not as it should be. Who was first
 * counts: what was there before is not counted as approved before.
 */
export function approvedHow(
  { cause, approvals, decision }: PopulationRow,
  wrong: readonly Violation[],
): string {
  if (cause === 'breakGlass') return 'taken in an emergency: by the policy nobody approves it before';
  if (cause === 'finding') return 'made around Latchkey, and kept by an owner when it was found';
  if (decision === null) return 'by nobody';
  if (wrong.includes('writtenBeforeApproval')) return 'approved only after it had been given';
  if (wrong.length > 0) return 'before it was given, but not by somebody else';
  if (approvals.length > 1) return 'by several people, before it was given';
  if (approvals.length === 1) return 'by a person, before it was given';
  if (decision.by === null) return 'by a rule of the written policy, before it was given';
  return cause === 'restore'
    ? 'given back to somebody who had left, by whoever may do so'
    : 'by a person on a card of many, before it was given';
}

/** Why a decision does not count any more that was made by whoever had made the membership. */
const AUTHOR_DECIDED = 'its author had decided; asked again';

/** What is found is there when somebody decides on it: nothing is written, and nothing takes any time. */
function isThereBefore({ cause }: PopulationRow): boolean {
  return cause === 'finding';
}

/** What was decided on only after the time was over is counted from when it should have ended. */
function secondsOf(row: PopulationRow): number | null {
  const { legs, signedInAt, dueAt } = row;
  return isThereBefore(row) ? null : secondsToSeen({ ...legs, signedInAt, dueAt });
}

/** How long the way took of a change, for the counts of a whole population. */
export function speedOf(row: PopulationRow): 'within' | 'later' | 'unseen' | 'before' {
  if (isThereBefore(row)) return 'before';
  const seconds = secondsOf(row);
  return seconds === null ? 'unseen' : seconds > OBJECTIVE_SECONDS ? 'later' : 'within';
}

export function refusedRow(row: PopulationRow, book: Book): Row {
  return {
    ...what(row, book),
    requestedAt: row.requestedAt,
    requestedBy: row.requester,
    requestedByEmail: row.requesterEmail,
    reason: row.reason,
    ticket: row.ticket,
    decidedAt: row.decision?.at ?? null,
    decidedBy:
      row.decision === null && row.refusal !== null ? BY_RULE : decidersOf({ ...row, approvals: [] }),
    why: row.refusal ?? row.decision?.note ?? null,
    policy: row.policy,
  };
}

export function removalRow(row: PopulationRow, book: Book): Row {
  const { legs, decision, late } = row;
  return {
    ...what(row, book, 'revoke'),
    reason: row.reason,
    lookedAtIn: row.cause === 'review' ? (row.lookedAtIn ?? 'where is not kept') : null,
    requestedBy: row.requester,
    shouldHaveEndedAt: row.dueAt,
    decidedAt: legs.decidedAt,
    decidedBy: deciderInWords(decision),
    writtenAt: legs.idpWrittenAt,
    outOfGroupByLog: row.byIdpLog,
    goneByLog: row.byAnypointLog,
    seenGoneAt: legs.seenAt,
    secondsToGone: secondsOf(row),
    lateAt: late?.at ?? null,
    lateBecause: late?.why ?? null,
  };
}

export function what(row: PopulationRow, { tierOf }: Book, kind: Change['kind'] = 'grant'): Row {
  return {
    change: row.id,
    person: row.person,
    email: row.email,
    entitlement: row.entitlement,
    tier: tierOf(row.entitlement),
    group: row.target?.groupName ?? null,
    team: row.target?.teamName ?? null,
    cause: row.cause,
    state: stateInWords(kind, row.state),
  };
}

export const exceptionColumns = ['kind', 'at', 'change', 'person', 'email', 'entitlement', 'what'];

/** What was out of the ordinary about one change; none: nothing was. */
export function exceptionsOf(row: PopulationRow, kind: 'grant' | 'revoke'): Row[] {
  const { legs, late, failure, cause, approvals, lean, state } = row;
  const about = { change: row.id, person: row.person, email: row.email, entitlement: row.entitlement };
  const direction = kind === 'grant' ? 'in effect' : 'gone';
  const seconds = secondsOf(row);
  const found: Row[] = [];
  if (kind === 'grant' && cause === 'breakGlass')
    found.push({ ...about, kind: 'break-glass', at: row.requestedAt, what: `taken at once: ${row.reason}` });
  if (late !== null || (seconds !== null && seconds > OBJECTIVE_SECONDS))
    found.push({
      ...about,
      kind: kind === 'grant' ? 'access was late' : 'removal was late',
      at: late?.at ?? legs.seenAt,
      what:
        seconds === null
          ? `not seen ${direction} yet: ${late?.why ?? ''}`
          : `seen ${direction} after ${Math.round(seconds)} s${late === null ? '' : `: ${late.why}`}`,
    });
  if (state === 'failed')
    found.push({
      ...about,
      kind: kind === 'grant' ? 'access was not given' : 'removal failed',
      at: failure?.at ?? null,
      what: failure?.text ?? null,
    });
  if (kind === 'grant' && lean === 'deny' && approvals.length > 0)
    found.push({
      ...about,
      kind: 'overridden: approved against the model’s advice',
      at: row.decision?.at ?? null,
      what: `${approvals.map(({ name }) => name).join(', ')} approved; the model leaned to deny`,
    });
  return found;
}

export const violationColumns = [...exceptionColumns, 'decidedBy', 'madeBy', 'state'];

export function violationRow(row: PopulationRow, violation: Violation, author: Author | null): Row {
  return {
    kind: violation,
    at: row.legs.decidedAt,
    change: row.id,
    person: row.person,
    email: row.email,
    entitlement: row.entitlement,
    what: violationInWords[violation],
    decidedBy: decidersOf(row),
    madeBy: author?.name ?? null,
    state: row.state,
  };
}
