import type { ApproverRule } from '../core/policy/catalogue.ts';

type Written = {
  onCall?: object | undefined;
  canary?: { entitlement: string } | undefined;
  entitlements: { key: string; owner: string; approvers: ApproverRule }[];
};

type Contradiction = { path: (string | number)[]; message: string };

/**
 * Pure: stages that none of the people whom the rule names can ever approve, whoever asks. Some cases depend on the
 * moment: an empty group, a leaver, a requester who is the only approver. `policy check` tells of those, and the ladder
 * mends them.
 */
export function neverFilled({ entitlements, canary, onCall }: Written): Contradiction[] {
  return entitlements.flatMap((e, i) => {
    // Written so wrongly that it could not be read: that is said by itself.
    const stages = (e.approvers as Partial<ApproverRule>).stages ?? [];
    if (e.key === canary?.entitlement) return [];
    return stages.flatMap((stage, n): Contradiction[] => {
      const path = ['entitlements', i, 'approvers'];
      const where = stages.length === 1 ? '' : `stage ${n + 1}: `;
      const { sources, quorum } = stage;
      if (onCall === undefined && sources.some((source) => 'onCall' in source))
        return [
          { path, message: `${where}nobody says who is on call: set \`onCall\`, or take the source out` },
        ];
      const most = mostOf(sources, e.owner);
      return most >= quorum
        ? []
        : [
            {
              path,
              message: `${where}its approvers can never be ${quorum}, they are ${most} at most: lower \`quorum\`, or name more sources`,
            },
          ];
    });
  });
}

/** How many different people the sources can be; a group may be as many as it likes. */
function mostOf(sources: ApproverRule['stages'][number]['sources'], owner: string): number {
  if (sources.some((s) => 'group' in s || 'onCall' in s || 'admins' in s)) return Number.POSITIVE_INFINITY;
  const named = new Set(
    sources
      .flatMap((s) => ('owner' in s ? [owner] : 'person' in s ? [s.person] : []))
      .map((p) => p.toLowerCase()),
  );
  return named.size + (sources.some((s) => 'manager' in s) ? 1 : 0);
}
