import { type Lane, placesIn } from '../../queue/lanes.ts';

/**
 * Rows of a lane that wait in the queue. Further rows wait in the outbox. In the queue their lease would run out before
 * their turn, and they would be handed out again and again. Under this share of it the lane is filled up.
 */
const LANE_MAX = 200;
const LANE_LOW = LANE_MAX / 2;
/** A lane that could run more and was handed nothing for so long, though work of ours waits in it, is stuck. */
const STUCK_AFTER_MS = 3_000;
/**
 * Our own work asks outside parties too: who somebody is, say. Where all that runs of it has waited for so long, in
 * milliseconds, further places are opened. So an identity provider that answers slowly holds up no other's changes.
 */
const SLOW_AFTER_MS = 1_000;
const FURTHER_MAX = 48;

export type Given = { id: string; delivery: number };

type LaneState = {
  /** By row: which delivery of it, since when, and until when its lease holds. */
  waiting: Map<string, { delivery: number; since: number; until: number }>;
  running: number;
  /** Places beyond the usual ones, while what runs is slow. */
  further: number;
  /** What waits in this process for a place, the most urgent first. */
  admission: { priority: number; admit: () => void }[];
  lastBegun: number;
  wasFull: boolean;
};

/**
 * The rows that this process has given to the queue, those that have come out of it, and those that run here without
 * it, lane by lane. Times as `performance.now()`.
 */
export type HandedOver = {
  give(lane: Lane, row: Given, until: number): void;
  /** A row came out. Answers whether its lane has just become free to be filled up. */
  comesOut(lane: Lane, id: string): boolean;
  /** Resolves when it has a place. The most urgent has the next one. */
  begins(lane: Lane, priority: number): Promise<void>;
  ends(lane: Lane): void;
  /** How many more could run. */
  free(lane: Lane): number;
  /** Some of the lane waits in the queue. What comes now goes there too, so that nothing is overtaken. */
  isQueued(lane: Lane): boolean;
  /** Those of which enough waits: in the queue, or in this process for the next places. */
  fullLanes(): Lane[];
  /** Nothing waits in the queue. */
  isIdle(): boolean;
  /** Takes the rows that wait in lanes that are stuck. They count as not given from now on. */
  takeStuck(): Given[];
  /** Everything that waits, likewise. */
  takeAll(): Given[];
};

export function createHandedOver(
  lanes: readonly Lane[],
  now: () => number = () => performance.now(),
): HandedOver {
  const all = new Map<Lane, LaneState>(
    lanes.map((lane) => [
      lane,
      { waiting: new Map(), running: 0, further: 0, admission: [], lastBegun: now(), wasFull: false },
    ]),
  );
  const of = (lane: Lane) => all.get(lane) as LaneState;

  function take(from: LaneState): Given[] {
    const taken = [...from.waiting].map(([id, { delivery }]) => ({ id, delivery }));
    from.waiting.clear();
    return taken;
  }

  /**
   * A row that was lost from the queue is handed out again once its lease has run out. It does not wait here any more.
   */
  function forgetRunOut(): void {
    for (const { waiting } of all.values())
      for (const [id, { until }] of waiting) if (until < now()) waiting.delete(id);
  }

  const free = (lane: Lane) => placesIn(lane) + of(lane).further - of(lane).running;

  function openFurther(lane: Lane): void {
    const state = of(lane);
    if (state.further >= FURTHER_MAX || free(lane) > 0 || now() - state.lastBegun < SLOW_AFTER_MS) return;
    state.further += placesIn(lane);
    state.lastBegun = now();
    for (const next of state.admission.splice(0, free(lane))) {
      state.running += 1;
      next.admit();
    }
  }

  return {
    give(lane, { id, delivery }, until) {
      of(lane).waiting.set(id, { delivery, since: now(), until });
    },
    comesOut(lane, id) {
      const state = of(lane);
      state.waiting.delete(id);
      state.lastBegun = now();
      if (!state.wasFull || state.waiting.size >= LANE_LOW) return false;
      state.wasFull = false;
      return true;
    },
    async begins(lane, priority) {
      const state = of(lane);
      if (free(lane) > 0) {
        state.running += 1;
        state.lastBegun = now();
        return;
      }
      // Its place is handed on by one that ends.
      await new Promise<void>((admit) => {
        const before = state.admission.findIndex((one) => one.priority > priority);
        state.admission.splice(before === -1 ? state.admission.length : before, 0, { priority, admit });
      });
    },
    ends(lane) {
      const state = of(lane);
      state.lastBegun = now();
      const next = state.admission.shift();
      if (next === undefined) state.running -= 1;
      else next.admit();
      if (state.running <= placesIn(lane)) state.further = 0;
    },
    free,
    isQueued: (lane) => of(lane).waiting.size > 0,
    fullLanes() {
      forgetRunOut();
      openFurther('core');
      for (const state of all.values()) state.wasFull = state.waiting.size >= LANE_MAX;
      return lanes.filter((lane) => of(lane).wasFull || of(lane).admission.length >= placesIn(lane));
    },
    isIdle: () => [...all.values()].every(({ waiting }) => waiting.size === 0),
    takeStuck() {
      const before = now() - STUCK_AFTER_MS;
      return lanes.flatMap((lane) => {
        const state = of(lane);
        const [oldest] = state.waiting.values();
        const isStuck =
          oldest !== undefined &&
          oldest.since < before &&
          state.lastBegun < before &&
          state.running < placesIn(lane);
        return isStuck ? take(state) : [];
      });
    },
    takeAll: () => lanes.flatMap((lane) => take(of(lane))),
  };
}
