import { type Figure, spreadOf } from './figure.ts';

const measured = (figure: Figure) => figure.ratio ?? figure.value;

/** Of each figure the run in the middle, with the spread over all of them. */
export function middleOf(runs: readonly (readonly Figure[])[]): Figure[] {
  const [first = []] = runs;
  if (runs.length === 1) return [...first];
  return first.map((figure) => {
    const same = runs.flatMap((run) => run.filter((one) => isSame(one, figure)));
    const sorted = same.sort((a, b) => measured(a) - measured(b));
    const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? figure;
    return { ...middle, spread: spreadOf(sorted.map(measured)) };
  });
}

export function isSame(a: Figure, b: Figure): boolean {
  return a.bench === b.bench && a.metric === b.metric && a.baseline === b.baseline;
}
