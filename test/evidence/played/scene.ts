import type { Acting } from './acting.ts';

/** Ids of the changes that are not as they should be, by what was planted. */
export type Planted = Record<string, string>;

/** What happens on a day of the quarter (0 is its first, a Monday), at an hour in UTC. */
export type Scene = { day: number; hour: number; play(acting: Acting, planted: Planted): Promise<void> };

export const DAY = 86_400;
export const HOUR = 3_600;
