import type { Change, Decision } from '../change/change.ts';
import type { ChangeState } from '../change/life-cycle.ts';
import type { Reach, ReachState, ReachWhy } from './reach.ts';

/** What stands in the place of a person where none decided. */
export const BY_RULE = 'no person: a rule decided';

/** What is over without anybody's decision: no rule decided either. */
const undecided: { [O in Decision['outcome']]?: string } = {
  lapsed: 'nobody decided in time',
  closed: 'nobody: there was nothing left to decide on',
};

/** Who decided, by name. Where a rule did, its word for itself is no name; null: nobody and nothing has. */
export function deciderInWords(decision: Pick<Decision, 'by' | 'byName' | 'outcome'> | null): string | null {
  if (decision === null) return null;
  return decision.by === null ? (undecided[decision.outcome] ?? BY_RULE) : decision.byName;
}

/** The states of a removal of which the word alone would say the contrary. */
const removalStates: { [S in ChangeState]?: string } = {
  applying: 'being taken away',
  verifying: 'being taken away',
  awaitingSignIn: 'being taken away',
  late: 'being taken away, and late',
  inEffect: 'gone',
  failed: 'not taken away: it failed',
  superseded: 'not needed any more',
};

/** A state of a change, as lists have it: that a removal is in effect means that the access is not. */
export function stateInWords(kind: Change['kind'], state: ChangeState): string {
  return kind === 'grant' ? state : (removalStates[state] ?? state);
}

/** What explains a removal that a log tells of is a removal too; what was found missing is given again. */
const isRemovalOf = new Set(['change', 'wanted', 'correcting']);

/** The state of what explains an entry of another system's log, in the words of the lists of changes. */
export function stateOfEvent({
  direction,
  matched,
  state,
}: {
  direction: 'added' | 'removed';
  matched: string | null;
  state: string | null;
}): string | null {
  if (state === null) return null;
  const isRemoval = direction === 'removed' && matched !== null && isRemovalOf.has(matched);
  return stateInWords(isRemoval ? 'revoke' : 'grant', state as ChangeState);
}

/** `2026-03-03 14:05:09 UTC`. */
export function utc(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `2026-03-03T14:05:09.000Z` as `2026-03-03 14:05:09`; any other text as it is. */
export function timeInWords(text: string): string {
  // Hardly any text is one, and packs have millions.
  if (text[10] !== 'T' || !TIME.test(text)) return text;
  return `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

export const reachInWords: Record<ReachState, string> = {
  approved: 'approved, and not written yet',
  arriving: 'on its way in: written, and not seen in MuleSoft yet',
  held: 'held',
  leaving: 'on its way out: to be taken away, and not seen gone yet',
  found: 'there, and not decided on yet',
  missing: 'wanted, but found taken away',
  before: 'held: there when Latchkey first looked, or accepted so',
};

const causes: Record<ReachWhy['cause'], string> = {
  request: 'asked for',
  extension: 'an access that was extended',
  expiry: 'its time was over',
  release: 'given back',
  finding: 'found in the directory',
  loss: 'found to be missing',
  revert: 'found in the directory, and not kept',
  leaver: 'the person left',
  birthright: 'given to the department by rule',
  renewal: 'given to the department by rule, and renewed',
  move: 'the person moved',
  canary: 'a test of the way',
  lostApp: 'the MuleSoft app was switched off for the person',
  restore: 'given back to somebody who had left',
  breakGlass: 'taken at once in an emergency',
  review: 'taken away by a reviewer',
  ticketClosed: 'its ticket was closed',
  ticketGone: 'its ticket is gone',
  baseline: 'no change of Latchkey’s gave it',
};

/** Why somebody could reach it: how it came about, who asked, in what words, and who decided. */
export function whyInWords({ why }: Pick<Reach, 'why'>, requester: string | null): string {
  const asked = requester === null ? '' : ` by ${requester}`;
  const reason = why.reason === '' || why.cause === 'baseline' ? '' : `: “${why.reason}”`;
  return `${causes[why.cause]}${asked}${reason}${decidedInWords(why)}`;
}

function decidedInWords({ decision, approvals }: ReachWhy): string {
  if (decision === null) return '';
  const who = approvals.map(({ name, insteadOf }) =>
    insteadOf === undefined ? name : `${name} in the place of ${insteadOf}`,
  );
  const by =
    who.length > 0 ? who.join(', ') : decision.by === null ? 'a rule, and no person,' : decision.byName;
  return `; approved by ${by} at ${utc(decision.at)}`;
}
