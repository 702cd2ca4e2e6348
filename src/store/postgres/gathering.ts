/** How requests that come at the same time share a statement. */
export type Gathering<Asked, Answer> = {
  /** In one statement at most. */
  most: number;
  /** Two with the same key are not in one statement; null: any may be. */
  keyOf(asked: Asked): string | null;
  /**
   * Whoever has waited for so long, in milliseconds, for the statement before goes alone: a connection may have fallen
   * silent. Left out: it waits.
   */
  patienceMs?: number;
  /** Answers in the order asked; null for what could not be done together with others. */
  carryOut(together: readonly Asked[]): Promise<(Answer | null)[]>;
};

/**
 * Requests that come while another statement is on its way are committed together in the next one. They share the way
 * to PostgreSQL and the commit, and none waits for company. Answers null for what could not be done together: it is
 * done alone, which waits for others' locks and says what is wrong.
 */
export function gathering<Asked, Answer>({
  most,
  keyOf,
  patienceMs,
  carryOut,
}: Gathering<Asked, Answer>): (asked: Asked) => Promise<Answer | null> {
  type Waiting = { asked: Asked; answer(given: Answer | null): void; fail(error: unknown): void };
  let waiting: Waiting[] = [];
  let isUnderWay = false;

  function take(): Waiting[] {
    const keys = new Set<string>();
    const now: Waiting[] = [];
    const later: Waiting[] = [];
    for (const one of waiting) {
      const key = keyOf(one.asked);
      const goes = now.length < most && (key === null || !keys.has(key));
      (goes ? now : later).push(one);
      if (key !== null) keys.add(key);
    }
    waiting = later;
    return now;
  }

  async function work(): Promise<void> {
    isUnderWay = true;
    while (waiting.length > 0) {
      // What has arrived with it is read first.
      await new Promise((resolve) => setImmediate(resolve));
      const together = take();
      try {
        const answers = await carryOut(together.map(({ asked }) => asked));
        for (const [n, { answer }] of together.entries()) answer(answers[n] ?? null);
      } catch (error) {
        for (const { fail } of together) fail(error);
      }
    }
    isUnderWay = false;
  }

  /** What is on its way already may be stored: only who still waits can go alone. */
  function goesAlone(one: Waiting): void {
    if (!waiting.includes(one)) return;
    waiting = waiting.filter((other) => other !== one);
    one.answer(null);
  }

  return async (asked) => {
    const { promise, resolve: answer, reject: fail } = Promise.withResolvers<Answer | null>();
    const one = { asked, answer, fail };
    waiting.push(one);
    if (!isUnderWay) void work();
    else if (patienceMs !== undefined) {
      const timer = setTimeout(goesAlone, patienceMs, one);
      void promise.catch(() => {}).finally(() => clearTimeout(timer));
    }
    return await promise;
  };
}
