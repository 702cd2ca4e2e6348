import type { System } from '../../src/sandbox/emulator.ts';
import { ack } from './ack.ts';
import { CROWD } from './crowd.ts';
import type { Figure } from './figure.ts';
import { setScene } from './scene.ts';
import { createTraveller } from './traveller.ts';
import { whole } from './whole.ts';

const WORKERS = 2;
const WHOLE = { crowd: CROWD, seconds: 10 };
const SMALL = { crowd: 40, seconds: 3 };
const COMPARED = ['whole changes per second', 'slack ack p50 (ms)', 'slack ack p99 (ms)'];

/**
 * The road with a process that answers and two that carry out what is owed, beside the road in one process, one after
 * the other. Every process has its own share of what the machine has: with fewer cores than processes it can't gain.
 */
export async function parted(
  say: (line: string) => void,
  isSmall: boolean,
  given: { system: System; isOnRedis: boolean },
): Promise<Figure[]> {
  const size = isSmall ? SMALL : WHOLE;
  say('one process…');
  const one = await figuresWith(size, { ...given, workers: 0 });
  say(`a web process and ${WORKERS} workers…`);
  const several = await figuresWith(size, { ...given, workers: WORKERS });
  return several.map((figure, n): Figure => {
    const baselineValue = one[n]?.value ?? Number.NaN;
    const ratio = figure.value / baselineValue;
    const isRate = figure.metric.endsWith('per second');
    return {
      ...figure,
      bench: 'parted',
      metric: `${figure.metric}, web and ${WORKERS} workers`,
      baseline: 'one process',
      baselineValue,
      ratio,
      target: isRate ? 'ratio >= 1' : 'ratio <= 1',
      holds: isRate ? ratio >= 1 : ratio <= 1,
    };
  });
}

async function figuresWith(
  { crowd, seconds }: typeof WHOLE,
  given: { system: System; isOnRedis: boolean; workers: number },
) {
  const scene = await setScene(given);
  const traveller = createTraveller(scene);
  try {
    const all = [...(await ack(scene, traveller, seconds)), ...(await whole(scene, traveller, crowd))];
    return all.filter(({ metric }) => COMPARED.includes(metric));
  } finally {
    traveller.close();
    await scene.close();
  }
}
