import type { EntitlementKey, PersonId } from '../ids.ts';
import type { Target, Tier } from '../policy/catalogue.ts';
import type { Insight } from './insight.ts';

/** `grant`: with an end; `baseline`: there before Latchkey; `rule`: a rule that gives it to whole departments. */
export type LineKind = 'grant' | 'baseline' | 'rule';

/**
 * What a reviewer can say. `doNotRenew`: it ends at its end, and no extension is offered. `object`: a rule is wrong.
 */
export const reviewerChoices = ['keep', 'revoke', 'doNotRenew', 'object'] as const;
export type ReviewerChoice = (typeof reviewerChoices)[number];

/** `gone`: it had ended by itself. `counted`: a card asked about it since the last campaign, and the answer counts. */
export type LineDecision = ReviewerChoice | 'gone' | 'counted';

/** A card that asked somebody about this membership already, and what came of it. */
export type CountedReview = {
  by: string;
  at: Date;
  what: 'finding' | 'move' | 'unused';
};

/** What is known of a membership when the snapshot was taken. Kept with the line: it is what was decided on. */
export type LineFacts = {
  person: {
    name: string;
    email: string;
    department: string | null;
    title: string | null;
    status: string;
  } | null;
  title: string;
  tier: Tier;
  group: string;
  /** Where a membership that no grant speaks for would be taken away; null: not known. */
  target: Target | null;
  /** Since when it is held; of what was there before Latchkey, since Latchkey first looked. */
  sinceAt: Date | null;
  /** Null: it has no end. */
  endsAt: Date | null;
  /** Who approved the grant, when and for what reason; null: nobody did. */
  approved: { by: string; at: Date; reason: string } | null;
  /** When it was last used; null: never, as far as can be told; left out: nobody can tell. */
  lastUsedAt?: Date | null;
  /** From when on a use can't be missing; null: one may be there that nobody has seen. */
  silentSinceAt?: Date | null;
  /** Titles of what must not be held together with it, and is. */
  conflicts: string[];
  /** Of so many others who hold it, so many in the same department, who are so many in all. */
  peers: { holders: number; inDepartment: number; department: number };
  /** Neither manager, nor department, nor title is known. */
  isNobodys: boolean;
  counted: CountedReview | null;
  /** For a rule: the departments, and how many hold it by the rule. */
  rule: { departments: string[]; people: number } | null;
};

export type Line = {
  n: number;
  kind: LineKind;
  personId: PersonId | null;
  entitlementKey: EntitlementKey;
  groupId: string;
  facts: LineFacts;
  insight: Insight;
};

/** The choices on a line. A rule is kept or objected to. An access without an end can't be let lapse. */
export function choicesOn(line: Pick<Line, 'kind'>): ReviewerChoice[] {
  switch (line.kind) {
    case 'grant':
      return ['keep', 'revoke', 'doNotRenew'];
    case 'baseline':
      return ['keep', 'revoke'];
    case 'rule':
      return ['keep', 'object'];
    default:
      return line.kind satisfies never;
  }
}

/** Together with others by one press: only what is of tier low, and nothing that calls for a look of its own. */
export function mayKeepInBulk(line: { tier: Tier; kind: LineKind; insight: Insight }): boolean {
  if (line.kind === 'rule' || line.tier !== 'low') return false;
  return line.insight.kind === 'approved' || line.insight.kind === 'none';
}
