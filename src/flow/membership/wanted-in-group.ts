import { type Grant, isDesired } from '../../core/membership/desired.ts';
import { isInBaseline } from '../../store/baseline.ts';
import { unendedGrants } from '../../store/grants.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { Db, Tx } from '../../store/postgres/database.ts';

/** Desired membership: while any grant that needs it is live, or it was there before Latchkey. */
export async function isWanted(
  db: Db | Tx,
  pair: { personId: string; groupId: string },
  now: Date,
): Promise<boolean> {
  return await isWantedBy(await unendedGrants(db, pair), db, pair, now);
}

/** Desired membership, by the grants of the pair as they were just read. */
export async function isWantedBy(
  grants: readonly Grant[],
  db: Db | Tx,
  pair: { personId: string; groupId: string },
  now: Date,
): Promise<boolean> {
  return isDesired(grants, now) || (await isInBaseline(db, pair));
}

/** Desired membership by the clock of this moment, which is read in the same trip. */
export async function isWantedAtOnce(
  db: Db,
  pair: { personId: string; groupId: string },
): Promise<{ isWanted: boolean; now: Date }> {
  const [now, grants] = await Promise.all([databaseNow(db), unendedGrants(db, pair)]);
  return { now, isWanted: isDesired(grants, now) || (await isInBaseline(db, pair)) };
}
