/** For so long after a write another answer may come from a copy that does not have it yet. */
const RECENT_MS = 60_000;
/** More than a process writes in that time. */
const KEPT_MAX = 10_000;

/** Memberships that this process wrote and Entra acknowledged a moment ago. */
export class RecentWrites {
  readonly #written = new Map<string, { isMember: boolean; at: number }>();

  note(groupId: string, personId: string, isMember: boolean): void {
    const key = keyOf(groupId, personId);
    this.#written.delete(key);
    this.#written.set(key, { isMember, at: performance.now() });
    const [oldest] = this.#written.keys();
    if (this.#written.size > KEPT_MAX && oldest !== undefined) this.#written.delete(oldest);
  }

  forget(groupId: string, personId: string): void {
    this.#written.delete(keyOf(groupId, personId));
  }

  /** What was written; null: nothing, or so long ago that what is read counts. */
  of(groupId: string, personId: string): boolean | null {
    const key = keyOf(groupId, personId);
    const written = this.#written.get(key);
    if (written === undefined) return null;
    if (performance.now() - written.at < RECENT_MS) return written.isMember;
    this.#written.delete(key);
    return null;
  }
}

function keyOf(groupId: string, personId: string): string {
  return `${groupId}:${personId}`.toLowerCase();
}
