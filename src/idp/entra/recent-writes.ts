import type { RecentWrites } from '../../ports/identity-provider.ts';

/** For so long after a write another answer may come from a copy that does not have it yet. */
const RECENT_MS = 60_000;
/** More than a process writes in that time. */
const KEPT_MAX = 10_000;

/** What this process wrote, for a program without a database. */
export function recentWritesHere(): RecentWrites {
  const written = new Map<string, { isMember: boolean; at: number }>();
  return {
    async note(groupId, personId, isMember) {
      const key = keyOf(groupId, personId);
      written.delete(key);
      written.set(key, { isMember, at: performance.now() });
      const [oldest] = written.keys();
      if (written.size > KEPT_MAX && oldest !== undefined) written.delete(oldest);
    },
    async forget(groupId, personId, isMember) {
      const key = keyOf(groupId, personId);
      if (written.get(key)?.isMember === isMember) written.delete(key);
    },
    async of(groupId, personId) {
      const key = keyOf(groupId, personId);
      const last = written.get(key);
      if (last === undefined) return null;
      if (performance.now() - last.at < RECENT_MS) return last.isMember;
      written.delete(key);
      return null;
    },
  };
}

function keyOf(groupId: string, personId: string): string {
  return `${groupId}:${personId}`.toLowerCase();
}
