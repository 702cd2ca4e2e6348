import type { System } from '../../src/sandbox/emulator.ts';
import { ack } from './ack.ts';
import { CROWD } from './crowd.ts';
import { decision } from './decision.ts';
import type { Figure } from './figure.ts';
import { setScene } from './scene.ts';
import { createTraveller } from './traveller.ts';
import { whole } from './whole.ts';

/** How many people ask, and how long clicks come at a steady rate. */
const WHOLE = { crowd: CROWD, seconds: 10 };
const SMALL = { crowd: 40, seconds: 3 };

/**
 * The road's first figures. Latchkey runs as a process of its own exactly as `npm start` does with real settings,
 * beside the world, PostgreSQL, and this process, which plays Slack and watches. `system`: whose groups give access;
 * `isOnRedis`: its queue is on a Redis, else on PostgreSQL.
 */
export async function road(
  say: (line: string) => void,
  isSmall: boolean,
  given: { system: System; isOnRedis: boolean },
): Promise<Figure[]> {
  const { crowd, seconds } = isSmall ? SMALL : WHOLE;
  const scene = await setScene(given);
  const traveller = createTraveller(scene);
  try {
    say('decisions…');
    const decisions = await decision(scene, traveller, crowd);
    say('acknowledgements…');
    const acks = await ack(scene, traveller, seconds);
    say('whole changes…');
    return [...acks, ...decisions, ...(await whole(scene, traveller, crowd))];
  } finally {
    traveller.close();
    await scene.close();
  }
}
