import { expect } from 'vitest';

type Shown = Record<string, unknown> & { id: string; meta: { version: string; lastModified: string } };

/**
 * Watches that versions change when the state does and not otherwise (RFC 7644 §3.14, §3.5.2.1). The state of a
 * user is what clients can write of it, so not `groups`; that of a group has its members but not their names.
 */
export class Versions {
  readonly #seen = new Map<string, { state: string; meta: string }>();

  /** `isOneStep` false: several changes came between, and may have led back to where it began. */
  look(resources: readonly Shown[], isOneStep = true): void {
    for (const one of resources) {
      const { meta, groups: _, members, ...own } = one;
      const ids = (members as { value: string }[] | undefined)?.map((m) => m.value).sort();
      const now = { state: JSON.stringify(sorted({ ...own, members: ids })), meta: JSON.stringify(meta) };
      const before = this.#seen.get(one.id);
      if (before !== undefined && (isOneStep || before.state !== now.state))
        expect(now.meta !== before.meta, `version of ${before.state}, now ${now.state}`).toBe(
          now.state !== before.state,
        );
      this.#seen.set(one.id, now);
    }
  }
}

function sorted(object: Record<string, unknown>): [string, unknown][] {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
}
