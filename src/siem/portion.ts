/** What is sent at once: entries from the first on, as lines. */
export type Portion = { lines: string[]; bytes: number };

/** As many as go into `bytes` and are no more than `entries`; the first always. */
export function portionOf<T>(
  all: readonly T[],
  lineOf: (one: T) => string,
  { bytes: max, entries }: { bytes: number; entries: number },
): Portion {
  const lines: string[] = [];
  let bytes = 0;
  for (const one of all.slice(0, entries)) {
    const line = lineOf(one);
    const size = Buffer.byteLength(line) + 1;
    if (lines.length > 0 && bytes + size > max) break;
    lines.push(line);
    bytes += size;
  }
  return { lines, bytes };
}
