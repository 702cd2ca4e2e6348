import type { Approval, Cause, Decision } from '../change/change.ts';
import { durationInWords } from '../duration.ts';
import { approversTaken, type Entitlement } from '../policy/catalogue.ts';

/** What the catalogue asks of an entitlement, as far as a privileged access is held against it. */
export type Terms = Pick<
  Entitlement,
  'tier' | 'owner' | 'maxSeconds' | 'approvers' | 'breakGlass' | 'extensionApproval' | 'birthright'
>;

/** An access as it was granted. */
export type Granted = {
  cause: Cause;
  startsAt: Date | null;
  endsAt: Date | null;
  approvals: readonly Pick<Approval, 'by' | 'name'>[];
  decision: Pick<Decision, 'by' | 'byName'> | null;
};

export type BeyondTerms = { kind: 'tooLong' | 'tooFew'; what: string };

/** Times are stored to the millisecond, and a start and an end are not read at the same one. */
const ROUNDED_SECONDS = 1;

/** Where an access was granted for longer, or by fewer people, than the catalogue allows. Pure; empty: nowhere. */
export function beyondTerms(granted: Granted, terms: Terms): BeyondTerms[] {
  return [...tooLong(granted, terms), ...tooFew(granted, terms)];
}

function tooLong({ cause, startsAt, endsAt }: Granted, terms: Terms): BeyondTerms[] {
  if (startsAt === null || endsAt === null) return [];
  const seconds = (endsAt.getTime() - startsAt.getTime()) / 1_000;
  const longest = cause === 'breakGlass' ? (terms.breakGlass?.maxSeconds ?? 0) : terms.maxSeconds;
  if (seconds <= longest + ROUNDED_SECONDS) return [];
  const of = cause === 'breakGlass' ? 'the longest in an emergency is' : 'the longest is';
  const allowed = longest === 0 ? 'there is none in an emergency' : `${of} ${durationInWords(longest)}`;
  return [{ kind: 'tooLong', what: `granted for ${durationInWords(Math.round(seconds))}; ${allowed}` }];
}

/** What a rule gives is held against the catalogue too: it says where no person is asked. */
function tooFew({ cause, approvals, decision }: Granted, terms: Terms): BeyondTerms[] {
  // Nobody approves it before, by its own rules: it is an exception by itself.
  if (cause === 'breakGlass') return [];
  const people = new Map(approvals.map(({ by, name }): [string, string] => [by, name]));
  if (people.size === 0 && decision?.by != null) people.set(decision.by, decision.byName);
  if (people.size === 0 && needsNobody(cause, terms)) return [];
  const needed = approversTaken(terms.approvers);
  if (people.size >= needed) return [];
  const by = people.size === 0 ? 'no person' : [...people.values()].join(', ');
  return [
    {
      kind: 'tooFew',
      what: `approved by ${by}; it takes ${needed === 1 ? 'one person' : `${needed} people`}`,
    },
  ];
}

function needsNobody(cause: Cause, { birthright, extensionApproval = 'always' }: Terms): boolean {
  if (cause === 'birthright' || cause === 'renewal') return birthright !== null;
  return cause === 'extension' && extensionApproval !== 'always';
}
