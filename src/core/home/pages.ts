/**
 * The parts of a Home tab that can be long, each with how many of it are shown at once. Slack takes 100 blocks in a
 * Home tab: a line takes at most three, and the property test over generated states counts them.
 */
export const pageSizes = { waiting: 6, reviews: 5, access: 8, requests: 5, past: 5, cases: 5 } as const;

export type HomeSection = keyof typeof pageSizes;
export const homeSections = Object.keys(pageSizes) as HomeSection[];

/** Which page of each section is looked at, from 0; left out: the first. */
export type HomePages = Partial<Record<HomeSection, number>>;

/** What of a list is shown. */
export type Paged<T> = {
  /** How many there are altogether. */
  all: number;
  /** How many stand before the first that is shown. */
  from: number;
  shown: T[];
};

/** Pure: the page of a list that is asked for; the last one where there are fewer. */
export function pageOf<T>(list: readonly T[], section: HomeSection, pages: HomePages): Paged<T> {
  const size = pageSizes[section];
  const last = Math.max(0, Math.ceil(list.length / size) - 1);
  const page = Math.min(Math.max(0, Math.trunc(pages[section] ?? 0)), last);
  const from = page * size;
  return { all: list.length, from, shown: list.slice(from, from + size) };
}
