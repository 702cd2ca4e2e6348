const NAMED = 60;

/** Which statements are asked most, for each of so many. `TRIPS_SHOWN=1 npm run bench -- road` */
export function inWords(statements: Record<string, number>, count: number): string {
  return Object.entries(statements)
    .sort(([, a], [, b]) => b - a)
    .slice(0, NAMED)
    .map(([text, n]) => `${(n / count).toFixed(1).padStart(6)}  ${text}`)
    .join('\n');
}
