import { hash } from 'node:crypto';
import type { ListName } from '../core/evidence/controls.ts';
import type { Row } from './list.ts';

/**
 * The populations that samples are drawn of, each with what its cases are called by. `jq`: the same, for whoever draws
 * again by the list's JSON.
 */
export const sampled = {
  grants: { key: ({ change }) => change, jq: '.change' },
  removals: { key: ({ change }) => change, jq: '.change' },
  'requests-not-granted': { key: ({ change }) => change, jq: '.change' },
  terminations: { key: (row) => row.case, jq: '.case' },
  emergencies: { key: ({ change }) => change, jq: '.change' },
  'review-lines': { key: ({ campaign, line }) => `${campaign}/${line}`, jq: '"\\(.campaign)/\\(.line)"' },
  // What was there before Latchkey has no change.
  privileged: {
    key: ({ change, email, entitlement }) => change ?? `${email}/${entitlement}`,
    jq: '.change // "\\(.email)/\\(.entitlement)"',
  },
  'made-around-latchkey': { key: ({ event }) => event, jq: '.event' },
} as const satisfies { [K in ListName]?: { key(row: Row): Row[string] | undefined; jq: string } };
export type Sampled = keyof typeof sampled;

/** One case that was drawn, as its list has it. */
export type DrawnCase = { key: string; row: Row };

/** Keeps of all rows that it is shown those whose SHA-256 of `seed:key` is the lowest, in that order. */
export type Draw = { see(row: Row): void; drawn(): DrawnCase[] };
export type Draws = { readonly [K in ListName]?: Draw };

export function openDraws(sample: { size: number; seed: string }): Required<Pick<Draws, Sampled>> {
  const names = Object.keys(sampled) as Sampled[];
  const draws = names.map((name) => [name, openDraw(sampled[name].key, sample)] as const);
  return Object.fromEntries(draws) as Required<Pick<Draws, Sampled>>;
}

function openDraw(
  keyOf: (row: Row) => Row[string] | undefined,
  { size, seed }: { size: number; seed: string },
): Draw {
  const lowest: (DrawnCase & { hash: string })[] = [];
  return {
    see(row) {
      const key = String(keyOf(row));
      const own = hash('sha256', `${seed}:${key}`);
      if (lowest.length >= size && own >= (lowest.at(-1)?.hash ?? '')) return;
      const after = lowest.findIndex((one) => one.hash > own);
      lowest.splice(after < 0 ? lowest.length : after, 0, { key, row, hash: own });
      if (lowest.length > size) lowest.pop();
    },
    drawn: () => lowest.map(({ key, row }) => ({ key, row })),
  };
}
