/** The sleep of the outbox worker between two looks. */
export type Sleep = {
  /** Until so many milliseconds have passed, something is due, or it is woken. */
  until(ms: number): Promise<void>;
  wake(): void;
  /** Something is due in so many milliseconds: it sleeps no longer, now or the next time. */
  dueIn(ms: number): void;
};

export function createSleep(): Sleep {
  let due = Number.POSITIVE_INFINITY;
  let sleeping: { till: number; timer: NodeJS.Timeout; end: () => void } | null = null;

  function wake(): void {
    if (sleeping === null) return;
    clearTimeout(sleeping.timer);
    const { end } = sleeping;
    sleeping = null;
    end();
  }

  return {
    async until(ms) {
      const now = performance.now();
      if (due <= now) due = Number.POSITIVE_INFINITY;
      const till = Math.min(now + ms, due);
      await new Promise<void>((end) => {
        sleeping = { till, timer: setTimeout(wake, till - now), end };
      });
    },
    wake,
    dueIn(ms) {
      const at = performance.now() + ms;
      due = Math.min(due, at);
      if (sleeping === null || sleeping.till <= at) return;
      clearTimeout(sleeping.timer);
      sleeping.till = at;
      sleeping.timer = setTimeout(wake, ms);
    },
  };
}
