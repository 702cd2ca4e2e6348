import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../core/fault.ts';
import type { Page } from '../../ports/page.ts';
import type { Lane } from '../../queue/lanes.ts';
import { beginPlaceAgain, noteTrouble, type Place } from '../../store/reconcile/runs.ts';
import type { Stretch } from '../../store/reconcile/staging.ts';
import type { Context } from '../kernel/context.ts';

/** Longest wait that a vendor can impose; asked too early, it says so again. */
const WAIT_MAX_MS = 300_000;
/** A fault that passes is met this often in a row before the run is left for later. */
const TRIES = 3;
const FIRST_RETRY_MS = 500;

export type Listing<Row> = {
  lane: Lane;
  read: (place: Place, from: string | null) => Promise<Page<Row>>;
  /** Stores the rows and the place's new position, or neither. */
  store: (place: Place, rows: Row[], stretch: Stretch) => Promise<void>;
  /** Called when a list has come to its end, or can't be read. */
  ended: (place: Place) => Promise<void>;
};

/**
 * - `none`: any fault is thrown at once. The caller has its own way to come back to the place.
 * - `until`: faults that pass and the vendor's limits are waited for, until the signal says stop.
 */
export type Patience = 'none' | { until: AbortSignal };

type Fetched<Row> = { place: Place } & (
  | { page: Page<Row>; from: string | null }
  | { trouble: Fault }
  /** The vendor no longer knows the place where the list was left. */
  | { again: Fault }
);

/**
 * Reads lists to their ends, each from where it was left, the next page being fetched while the last is stored. The
 * reading is low in priority. It waits while the vendor's lane is paused and when the vendor's limit runs low. When
 * throttled it waits as told, and goes on at the same page. A list that the vendor does not know, or does not let us
 * see, is noted as such. Any other fault is thrown; each list stays where it was left.
 */
export async function readLists<Row>(
  context: Pick<Context, 'db' | 'pausedUntil' | 'log'>,
  places: readonly Place[],
  listing: Listing<Row>,
  patience: Patience,
): Promise<void> {
  const pages = fetchAll(context, places, listing, patience);
  let next = pages.next();
  for (;;) {
    const { value: fetched, done } = await next;
    if (done) return;
    const { place } = fetched;
    if (!('page' in fetched)) {
      if ('again' in fetched) await beginPlaceAgain(context.db, place);
      else {
        await noteTrouble(context.db, place, fetched.trouble.code);
        await listing.ended(place);
      }
      next = pages.next();
      continue;
    }
    next = pages.next();
    // It is awaited in its turn; until then nobody must take its failure for unhandled.
    next.catch(() => {});
    await listing.store(place, fetched.page.rows, { from: fetched.from, next: fetched.page.next });
    if (fetched.page.next === null) await listing.ended(place);
    if (patience !== 'none') patience.until.throwIfAborted();
  }
}

async function* fetchAll<Row>(
  context: Pick<Context, 'db' | 'pausedUntil' | 'log'>,
  places: readonly Place[],
  listing: Listing<Row>,
  patience: Patience,
): AsyncGenerator<Fetched<Row>, undefined> {
  let easeMs = 0;
  for (const place of places) {
    let from = place.position;
    let isAgain = false;
    for (let isAtEnd = place.isListed; !isAtEnd; ) {
      try {
        const read = () => listing.read(place, from);
        if (patience !== 'none') await ease(easeMs, patience);
        const page =
          patience === 'none' ? await read() : await patiently(context, listing.lane, patience, read);
        easeMs = page.easeMs;
        yield { place, page, from };
        from = page.next;
        isAtEnd = from === null;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (error.code.endsWith('.invalid') && from !== null && !isAgain) {
          yield { place, again: error };
          from = null;
          isAgain = true;
          context.log.warn(
            { place: place.name, err: error.message },
            'list is read from its beginning again',
          );
        } else if (patience !== 'none' && isOfPlace(error)) {
          context.log.warn({ place: place.name, code: error.code }, 'list can’t be read');
          yield { place, trouble: error };
          break;
        } else throw error;
      }
    }
  }
  return undefined;
}

function isOfPlace({ code }: Fault): boolean {
  return code.endsWith('.not_found') || code.endsWith('.forbidden') || code.endsWith('.invalid');
}

async function ease(ms: number, { until }: Exclude<Patience, 'none'>): Promise<void> {
  if (ms > 0) await sleep(Math.min(ms, WAIT_MAX_MS), null, { signal: until });
}

/** One read, for which more urgent work and the vendor's limits are waited for. */
async function patiently<T>(
  context: Pick<Context, 'pausedUntil'>,
  lane: Lane,
  patience: Exclude<Patience, 'none'>,
  read: () => Promise<T>,
): Promise<T> {
  for (let failed = 0; ; ) {
    await ease((context.pausedUntil.get(lane) ?? 0) - performance.now(), patience);
    patience.until.throwIfAborted();
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Fault) || !error.retryable) throw error;
      if (error.retryAfterMs !== undefined) {
        await ease(error.retryAfterMs, patience);
        continue;
      }
      failed += 1;
      if (failed === TRIES) throw error;
      await ease(FIRST_RETRY_MS * 2 ** failed, patience);
    }
  }
}
