import type { EntitlementKey } from '../ids.ts';
import type { Catalogue, Entitlement } from './catalogue.ts';

/** What a person has, or is about to have, of the catalogue. */
export type Holding = {
  entitlementKey: EntitlementKey;
  /** `scheduled`: approved, and to begin later. `inherited`: the team of what they hold stands below this one's team, and has its roles too. */
  how: 'held' | 'scheduled' | 'pending' | 'inherited';
  /** For `inherited`: what they hold that brings it. */
  through: EntitlementKey | null;
};

/** Everything about a person and an entitlement that separation of duties looks at. */
export type Duties = {
  holdings: Holding[];
  /** Entitlements whose teams stand above the one asked for, so that its members have their roles too. */
  brings: EntitlementKey[];
};

/** Two entitlements that one person should not have together, one of which is asked for. */
export type Conflict = {
  with: EntitlementKey;
  title: string;
  how: Holding['how'];
  because: string | null;
  /** In words, for people. */
  text: string;
};

/** Pure: what the entitlement asked for, with all that its team brings, must not be together with. Each once. */
export function conflictsOf(
  catalogue: Pick<Catalogue, 'entitlements'>,
  asked: Entitlement,
  duties: Duties,
): Conflict[] {
  const titleOf = (key: string) => catalogue.entitlements.find((e) => e.key === key)?.title ?? key;
  const found = new Map<string, Conflict>();
  for (const mine of [asked.key, ...duties.brings])
    for (const { with: other, because } of catalogue.entitlements.find((e) => e.key === mine)?.conflicts ??
      (mine === asked.key ? asked.conflicts : []))
      for (const holding of duties.holdings) {
        if (holding.entitlementKey !== other || other === asked.key || found.has(other)) continue;
        const title = titleOf(other);
        const brought = mine === asked.key ? '' : `, which its team brings the roles of: ${titleOf(mine)}`;
        found.set(other, {
          with: other,
          title,
          how: holding.how,
          because,
          text: `${howInWords(holding, title, titleOf)}; that must not come together with ${asked.title}${brought}${because === null ? '' : `: ${because}`}`,
        });
      }
  return [...found.values()];
}

function howInWords(holding: Holding, title: string, titleOf: (key: string) => string): string {
  switch (holding.how) {
    case 'held':
      return `holds ${title}`;
    case 'scheduled':
      return `is to get ${title} later`;
    case 'pending':
      return `has asked for ${title}`;
    case 'inherited':
      return `has the roles of ${title} through ${titleOf(holding.through ?? '')}`;
    default:
      return holding.how satisfies never;
  }
}

/** The holdings with what their teams inherit from the teams above. */
export function withInherited(
  holdings: readonly Holding[],
  brings: (key: EntitlementKey) => readonly EntitlementKey[],
): Holding[] {
  return [
    ...holdings,
    ...holdings.flatMap((h) =>
      brings(h.entitlementKey).map(
        (key): Holding => ({ entitlementKey: key, how: 'inherited', through: h.entitlementKey }),
      ),
    ),
  ];
}
