import type { UsageSource } from '../core/usage/usage.ts';

/** Somebody used Anypoint. */
export type Use = {
  /** The id of the account, in the system that the record is about. */
  account: string;
  at: Date;
  /** The act, in a few words; null where the record does not say. */
  what: string | null;
};

/** Somebody came into a team of Anypoint's, or left one. */
export type TeamEvent = {
  team: { id: string; name: string };
  /** The id of the account; null: the record does not say whose. */
  account: string | null;
  direction: 'added' | 'removed';
  /** Who did it. */
  actor: { id: string; name: string };
  at: Date;
};

export type UsePage = {
  uses: Use[];
  /** What it tells of teams' members; only Anypoint's own log does. */
  teamEvents?: TeamEvent[];
  /** Where to go on once this page is stored. */
  position: string;
  /** From when on nothing was left out, where the first look began; null: the record has it from the beginning. */
  since: Date | null;
  /** Whether this is the end of the record as it is now. A look may stop before it, and the next goes on. */
  isEnd: boolean;
};

/** A record of who used Anypoint when, that is read on from time to time. Faults of the party that keeps it. */
export interface UseRecord {
  readonly source: UsageSource;
  /** The system whose account ids it has, as the store names it: `anypoint`, or that of the IdP. */
  readonly system: string;
  /** What it is in sentences, e.g. `Anypoint’s audit log`. */
  readonly name: string;
  /** Page by page from this position to the end as it is now; null: from as far back as is worth it. Oldest first. */
  read(position: string | null): AsyncIterable<UsePage>;
}
