import { ack } from './ack.ts';
import { decision } from './decision.ts';
import type { Figure } from './figure.ts';
import { setScene } from './scene.ts';
import { createTraveller } from './traveller.ts';
import { whole } from './whole.ts';

/**
 * The road's first figures. Latchkey runs as a process of its own exactly as `npm start` does with real settings,
 * beside the world, PostgreSQL, and this process, which plays Slack and watches.
 */
export async function road(say: (line: string) => void): Promise<Figure[]> {
  const scene = await setScene();
  const traveller = createTraveller(scene);
  try {
    say('decisions…');
    const decisions = await decision(scene, traveller);
    say('acknowledgements…');
    const acks = await ack(scene, traveller);
    say('whole changes…');
    return [...acks, ...decisions, ...(await whole(scene, traveller))];
  } finally {
    traveller.close();
    await scene.close();
  }
}
