import DataLoader from 'dataloader';
import pLimit from 'p-limit';

/** Of calls that were asked for at the same time so many are under way at once. */
const ABREAST = 4;
/** What has ended within so long goes on together, in milliseconds: what it asks next is asked at the same time too. */
const WAVE_MS = 10;

/**
 * A call to a party, made by many pieces of work that run side by side. A few calls are made at once. Of many that are
 * asked for at the same time a few are under way, and none waits for all others. Once one of them is turned away
 * (`isTurnedAway`), those that have not begun are not made: they are answered likewise.
 */
export function sideBySide<What, Value>(
  call: (what: What) => Promise<Value>,
  isTurnedAway: (value: Value) => boolean,
): (what: What) => Promise<Value> {
  function begin(all: readonly What[]): Promise<Value>[] {
    if (all.length <= ABREAST) return all.map(call);
    const limit = pLimit(ABREAST);
    const wave = createWaves();
    let turnedAway: { value: Value } | null = null;
    return all.map((what) => {
      const value = limit(async () => {
        if (turnedAway !== null) return turnedAway.value;
        const answer = await call(what);
        if (isTurnedAway(answer)) turnedAway = { value: answer };
        return answer;
      });
      return value.finally(wave);
    });
  }

  const asked = new DataLoader<What, { value: Promise<Value> }>(
    async (all) =>
      begin(all).map((value) => {
        // It may fail before whoever asked has come to look.
        value.catch(() => {});
        return { value };
      }),
    { cache: false },
  );
  return async (what) => await (await asked.load(what)).value;
}

/** Resolves for all that wait, so many milliseconds after the first has begun to. */
function createWaves(): () => Promise<void> {
  let next: Promise<void> | null = null;
  return () => {
    next ??= new Promise((resolve) =>
      setTimeout(() => {
        next = null;
        resolve();
      }, WAVE_MS),
    );
    return next;
  };
}
