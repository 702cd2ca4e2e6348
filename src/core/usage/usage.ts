/**
 * The places where Latchkey learns when a person last used Anypoint:
 * - `anypointAudit`: Anypoint's audit log (who changed something)
 * - `anypointUsers`: Anypoint's own last sign-in of each user
 * - `idpSignIns`: the IdP's sign-ins to the Anypoint app
 */
export const usageSources = ['anypointAudit', 'anypointUsers', 'idpSignIns'] as const;
export type UsageSource = (typeof usageSources)[number];

/**
 * When a person last used Anypoint, in any way. No record says which of their accesses they used: reading leaves no
 * trace, and two teams may give the same right.
 */
export type Usage =
  | { known: 'used'; at: Date; source: UsageSource; what: string | null; checkedAt: Date | null }
  /** No sign-in since that day, and the record of sign-ins reaches back to it. */
  | { known: 'not since'; since: Date; checkedAt: Date }
  /** Could not be checked, which is not "unused". */
  | { known: 'unknown'; why: string };

/** What the store has about one person. */
export type UsageFacts = {
  last: { at: Date; source: UsageSource; what: string | null } | null;
  /** The records of sign-ins that can have this person in them, each with how far it was read. */
  signIns: { source: UsageSource; sinceAt: Date; checkedAt: Date }[];
  /** The records that can't be read now, each with the reason. */
  troubles: string[];
};

/** A record that was last read longer ago says nothing about today. In milliseconds. */
export const FRESH_MS = 24 * 3_600_000;

/** Pure: what those facts come to. */
export function usageOf({ last, signIns, troubles }: UsageFacts, now: Date): Usage {
  const fresh = signIns.filter(({ checkedAt }) => now.getTime() - checkedAt.getTime() <= FRESH_MS);
  const [widest] = fresh.toSorted((a, b) => a.sinceAt.getTime() - b.sinceAt.getTime());
  if (last !== null) return { known: 'used', ...last, checkedAt: widest?.checkedAt ?? null };
  if (widest !== undefined) return { known: 'not since', since: widest.sinceAt, checkedAt: widest.checkedAt };
  return { known: 'unknown', why: whyUnknown(signIns.length, troubles) };
}

function whyUnknown(stale: number, troubles: readonly string[]): string {
  if (troubles.length > 0) return troubles.join('; ');
  return stale > 0
    ? 'the sign-ins were last read more than a day ago'
    : 'nobody in Anypoint is known to be this person, or the sign-ins were not read yet';
}

/**
 * Whether somebody has not used Anypoint for so long. Null: it can't be said. To say "unused" needs a record of
 * sign-ins that was read within a day. Without such a record there may be a use that we have not seen.
 */
export function isUnusedFor(usage: Usage, seconds: number, now: Date): boolean | null {
  const limit = now.getTime() - seconds * 1_000;
  switch (usage.known) {
    case 'used':
      if (usage.at.getTime() > limit) return false;
      return usage.checkedAt === null ? null : true;
    case 'not since':
      return usage.since.getTime() <= limit ? true : null;
    case 'unknown':
      return null;
    default:
      return usage satisfies never;
  }
}
