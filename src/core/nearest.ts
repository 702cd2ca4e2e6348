/** The one of these words that somebody who wrote another probably meant; null when none is so near. */
export function nearest(
  word: string,
  known: readonly string[],
  stepsMax = Math.max(1, Math.floor(word.length / 3)),
): string | null {
  const [best] = known
    .map((other) => ({ other, steps: stepsBetween(word.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.steps - b.steps);
  return best !== undefined && best.steps <= stepsMax ? best.other : null;
}

/**
 * How many letters have to be put in, taken out, changed or swapped with their neighbour (Levenshtein distance with
 * transpositions, "optimal string alignment").
 */
function stepsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(
        Math.min(
          (row[j] as number) + 1,
          (next[j - 1] as number) + 1,
          (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
          isSwapped ? (before[j - 2] as number) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}
