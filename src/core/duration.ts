/** Durations as people write them in the catalogue: `90s`, `15m`, `8h`, `7d`. */
const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Seconds, or null when the text is no duration. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9]\d{0,5})([smhd])$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * unitSeconds[match[2] as keyof typeof unitSeconds];
}

/**
 * `1 day`, `8 hours`, `90 seconds`: in the largest unit that divides evenly. Where that are too many to picture, with
 * the rest beside it: `5 days 15 hours` instead of 135 hours.
 */
export function durationInWords(seconds: number): string {
  for (const [large, small] of pictured)
    if (seconds % large !== 0 && seconds % small === 0 && seconds > 2 * large) {
      const whole = Math.floor(seconds / large) * large;
      return `${durationInWords(whole)} ${durationInWords(seconds - whole)}`;
    }
  const [count, unit] =
    seconds % 86_400 === 0
      ? [seconds / 86_400, 'day']
      : seconds % 3_600 === 0
        ? [seconds / 3_600, 'hour']
        : seconds % 60 === 0
          ? [seconds / 60, 'minute']
          : [seconds, 'second'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const pictured = [
  [86_400, 3_600],
  [3_600, 60],
] as const;

/** `3 minutes`, `2 hours`: whole ones of the unit that says enough; for what nobody needs to the second. */
export function roughlyInWords(seconds: number): string {
  const unit = seconds < 120 ? 1 : seconds < 7_200 ? 60 : seconds < 172_800 ? 3_600 : 86_400;
  return durationInWords(Math.max(1, Math.floor(seconds / unit)) * unit);
}

/** `14 s` or, under ten seconds, `3.2 s`; for the time a change took to arrive. */
export function elapsedInWords(ms: number): string {
  return ms < 10_000 ? `${(Math.max(ms, 0) / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}

/** `two`, `three`; figures from ten on. */
export function countInWords(count: number): string {
  const words = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
  return words[count] ?? String(count);
}
