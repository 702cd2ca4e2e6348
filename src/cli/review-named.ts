import type { Catalogue } from '../core/policy/catalogue.ts';
import type { Campaign } from '../core/review/campaign.ts';
import type { Db } from '../store/postgres/database.ts';
import { campaignsNamed } from '../store/reviews.ts';

/** What the commands are given by the program. */
export type ReviewTools = {
  withDatabase(work: (db: Db) => Promise<void>): Promise<void>;
  /** The policy as it is written now. */
  catalogue(): Promise<Catalogue>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

/** The one campaign whose id begins so; null: it is said that there is none, or that there are several. */
export async function named(db: Db, id: string, say: (line: string) => void): Promise<Campaign | null> {
  // Nothing is the beginning of every id.
  const [one, second] = id === '' ? [] : await campaignsNamed(db, id);
  if (one !== undefined && second === undefined) return one;
  say(
    one === undefined
      ? `no campaign has an id that begins with ${id}`
      : `several campaigns have an id that begins with ${id}`,
  );
  return null;
}
