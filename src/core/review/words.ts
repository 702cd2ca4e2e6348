import { durationInWords } from '../duration.ts';
import { figure } from '../mass-change/words.ts';
import { legName } from '../wording/legs.ts';
import type { Campaign, OverduePolicy, Prepared, Scope } from './campaign.ts';
import type { RevokeProgress } from './close.ts';
import type { Insight } from './insight.ts';
import type { CountedReview, LineFacts, LineKind, ReviewerChoice } from './line.ts';

/** `1 line`, `1,204 lines`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${figure(n)} ${n === 1 ? one : many}`;
}

/** What a campaign covers, in one phrase. `title`: of an entitlement, by its key. */
export function scopeInWords(scope: Scope, title: (key: string) => string): string {
  const parts = [
    scope.entitlements === null ? 'everything' : scope.entitlements.map(title).join(', '),
    scope.tiers === null ? null : `tier ${scope.tiers.join(' or ')}`,
    scope.departments === null ? null : `in ${scope.departments.join(', ')}`,
    scope.people === null ? null : `of ${scope.people.join(', ')}`,
    scope.sinceAt === null ? null : `held since ${scope.sinceAt.toISOString().slice(0, 10)} or later`,
    scope.unusedDays === null ? null : `not used for ${scope.unusedDays} days`,
    scope.ends === null ? null : scope.ends === 'temporary' ? 'with an end' : 'without an end',
  ];
  return parts.filter((part) => part !== null).join(', ');
}

/** The policy on lines that nobody decides in time, as it was written beforehand. */
export function overdueInWords(overdue: OverduePolicy, extendSeconds: number): string {
  switch (overdue) {
    case 'revoke':
      return 'What nobody decides in time is taken away.';
    case 'extend':
      return `Who does not decide in time gets ${durationInWords(extendSeconds)} more, once; after that the lines go to the fallback.`;
    case 'escalate':
      return 'Lines that nobody decides in time go to the fallback.';
    default:
      return overdue satisfies never;
  }
}

/** What the snapshot came to, a sentence each: the preview. */
export function preparedInWords(prepared: Prepared): string[] {
  const { lines, rules, byRule, counted: answered, withoutReviewer, reviewers, onCards } = prepared;
  return [
    `${counted(lines, 'line')} for ${counted(reviewers, 'reviewer')}.`,
    ...(rules === 0
      ? []
      : [
          `${counted(rules, 'rule')} ${rules === 1 ? 'is' : 'are'} reviewed as one line each; ${counted(byRule, 'person holds', 'people hold')} something by ${rules === 1 ? 'it' : 'them'}.`,
        ]),
    ...(answered === 0
      ? []
      : [
          `${counted(answered, 'line was', 'lines were')} reviewed by a card since the last campaign; nobody is asked again.`,
        ]),
    ...(onCards === 0
      ? []
      : [
          `${counted(onCards, 'membership is', 'memberships are')} being asked about on a card now, outside of this review.`,
        ]),
    ...(withoutReviewer === 0
      ? []
      : [
          `${counted(withoutReviewer, 'line has', 'lines have')} nobody who could review: the review can’t be started so.`,
        ]),
  ];
}

/** `keep 12, revoke 3`. */
export function choicesCounted(choices: readonly ReviewerChoice[]): string {
  const words = choiceWords;
  return (Object.keys(words) as ReviewerChoice[])
    .map((choice) => ({ choice, n: choices.filter((one) => one === choice).length }))
    .filter(({ n }) => n > 0)
    .map(({ choice, n }) => `${words[choice].verb} ${figure(n)}`)
    .join(', ');
}

/** A reviewer's choices, as they stand on the control and in a count. */
export const choiceWords: Record<ReviewerChoice, { label: string; verb: string }> = {
  keep: { label: 'Keep', verb: 'keep' },
  revoke: { label: 'Revoke', verb: 'revoke' },
  doNotRenew: { label: 'Do not renew', verb: 'let end' },
  object: { label: 'The rule is wrong', verb: 'object to' },
};

/** `by Olga on 2026-11-03, when it was found in the group`. */
export function countedInWords({ by, at, what }: CountedReview): string {
  const when = {
    finding: 'when it was found without a request',
    move: 'when they moved',
    unused: 'when it was unused',
  } satisfies Record<CountedReview['what'], string>;
  return `Kept by ${by} on ${at.toISOString().slice(0, 10)}, ${when[what]}`;
}

/** The evidence beside the one insight, in short phrases. `time`: a day, for the medium at hand. */
export function evidenceInWords(
  { facts, kind, insight }: { facts: LineFacts; kind: LineKind; insight: Insight },
  names: { time: (at: Date) => string; safe: (text: string) => string },
): string[] {
  const { sinceAt, endsAt, approved, lastUsedAt, peers } = facts;
  if (kind === 'rule') return [];
  return [
    ...(sinceAt === null
      ? []
      : [`${kind === 'baseline' ? 'there before Latchkey, seen' : 'held'} since ${names.time(sinceAt)}`]),
    endsAt === null ? 'no end' : `ends ${names.time(endsAt)}`,
    ...(lastUsedAt === undefined
      ? ['last use of Anypoint not known']
      : [lastUsedAt === null ? 'no use of Anypoint seen' : `last used Anypoint ${names.time(lastUsedAt)}`]),
    ...(approved === null
      ? ['nobody approved it here']
      : insight.kind === 'approved'
        ? []
        : [`approved by ${names.safe(approved.by)} ${names.time(approved.at)}`]),
    `${figure(peers.inDepartment)} of ${figure(peers.department)} others in the department hold it`,
  ];
}

/**
 * How far what was revoked is: `Revoked: 2 of 3 gone in MuleSoft; 1 late (Okta’s SCIM push).` Empty: nothing was
 * revoked.
 */
export function revokesInWords(revokes: RevokeProgress, idp: string): string {
  if (revokes.all + revokes.uncarried + revokes.unknown === 0) return '';
  const parts = [
    `Revoked: ${figure(revokes.seen)} of ${figure(revokes.all)} gone in MuleSoft`,
    ...revokes.late.map(
      ({ leg, delivery, count }) => `${figure(count)} late (${legName(leg, idp, delivery)})`,
    ),
    ...(revokes.failed === 0 ? [] : [`${figure(revokes.failed)} that ${idp} refuses to take away`]),
    ...(revokes.givenAgain === 0 ? [] : [`${figure(revokes.givenAgain)} given again since`]),
    ...(revokes.unknown === 0
      ? []
      : [
          `${figure(revokes.unknown)} of which the group or team can’t be told (\`latchkey check\` says why)`,
        ]),
    ...(revokes.uncarried === 0 ? [] : [`${figure(revokes.uncarried)} still to be set going`]),
  ];
  return `${parts.join('; ')}.`;
}

/** Where a campaign stands, in a word or two. */
export function campaignLabel(campaign: Campaign, now: { undecided: number; unanswered?: number }): string {
  switch (campaign.state) {
    case 'preparing':
      return 'being prepared';
    case 'ready':
      return 'prepared, not started';
    case 'open':
      return campaign.overdueAt === null
        ? `open, ${counted(now.undecided, 'line')} left`
        : `overdue, ${counted(now.undecided, 'line')} left`;
    case 'closing':
      return (now.unanswered ?? 0) === 0
        ? 'decided; waiting for MuleSoft'
        : `decided; waiting for an answer to ${counted(now.unanswered ?? 0, 'objection')}`;
    case 'closed':
      return 'closed';
    case 'cancelled':
      return 'cancelled';
    default:
      return campaign.state satisfies never;
  }
}
