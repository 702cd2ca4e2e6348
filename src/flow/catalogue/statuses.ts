import type { Catalogue, EntitlementStatus, Target } from '../../core/policy/catalogue.ts';

type Found = {
  of: Catalogue;
  /** Whether every entitlement was checked. */
  isWhole: boolean;
  /** Each group with each of its teams, once. */
  targets: readonly Target[];
  byGroup: ReadonlyMap<string, readonly Target[]>;
  byTeam: ReadonlyMap<string, readonly Target[]>;
};

export function targetIn(status: EntitlementStatus): Target | null {
  return status.status === 'unchecked' ? null : status.target;
}

/**
 * What is known of each entitlement. What follows from all of them is asked of each group and each person, and is
 * computed once until one of them changes: a catalogue of hundreds costs no more than one of ten.
 */
export class Statuses {
  readonly #statuses = new Map<string, EntitlementStatus>();
  #found: Found | null = null;

  of(key: string): EntitlementStatus {
    return this.#statuses.get(key) ?? { status: 'unchecked', why: 'not checked yet' };
  }

  set(key: string, status: EntitlementStatus): void {
    this.#statuses.set(key, status);
    this.#found = null;
  }

  delete(key: string): void {
    this.#statuses.delete(key);
    this.#found = null;
  }

  found(catalogue: Catalogue): Found {
    if (this.#found?.of === catalogue) return this.#found;
    const statuses = catalogue.entitlements.map(({ key }) => this.of(key));
    const all = statuses.flatMap((status) => targetIn(status) ?? []);
    this.#found = {
      of: catalogue,
      isWhole: statuses.every(({ status }) => status !== 'unchecked'),
      targets: [...new Map(all.map((target) => [`${target.groupId} ${target.teamId}`, target])).values()],
      byGroup: Map.groupBy(all, ({ groupId }) => groupId),
      byTeam: Map.groupBy(all, ({ teamId }) => teamId),
    };
    return this.#found;
  }
}
