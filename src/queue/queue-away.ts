/** Since when, and what it says, in words that follow "the queue". */
export type QueueAway = { since: Date; why: string };
