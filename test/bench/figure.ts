/** One measured number beside its baseline. `ratio` is value to baseline, or baseline to value where more is better. */
export type Figure = {
  bench: string;
  metric: string;
  value: number;
  /** What it is held against; null when the target is absolute. */
  baseline: string | null;
  baselineValue: number | null;
  ratio: number | null;
  /** The least and the greatest ratio, or value, of several runs. */
  spread?: string;
  target: string;
  holds: boolean;
};

/** Makes figures of one bench that are held against no baseline. */
export function absolute(bench: string) {
  return (metric: string, value: number, target: string, holds: boolean): Figure => ({
    bench,
    metric,
    value,
    baseline: null,
    baselineValue: null,
    ratio: null,
    target,
    holds,
  });
}

/** The value below which this share (0 to 1) of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The median. */
export function middle(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** The least and the greatest of several runs. */
export function spreadOf(runs: readonly number[]): string {
  return `${rounded(Math.min(...runs))} to ${rounded(Math.max(...runs))}`;
}

/** Two digits after the point where they mean something. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}

export function table(figures: readonly Figure[]): string {
  const rows = [
    ['metric', 'value', 'baseline', 'ratio', 'spread', 'target', 'holds'],
    ...figures.map((f) => [
      f.metric,
      String(rounded(f.value)),
      f.baselineValue === null ? '' : `${rounded(f.baselineValue)} (${f.baseline})`,
      f.ratio === null ? '' : String(rounded(f.ratio)),
      f.spread ?? '',
      f.target,
      f.holds ? 'yes' : 'NO',
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')).join('\n');
}
