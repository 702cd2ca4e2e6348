import { type Acting, actingIn } from './acting.ts';
import { ordinaryScenes } from './ordinary-scenes.ts';
import { peopleScenes } from './people-scenes.ts';
import { plantedScenes } from './planted-scenes.ts';
import { type PlayedWorld, playedWorld } from './played-world.ts';
import { agreedTo, policyScenes } from './policy-scenes.ts';
import { reviewScenes } from './review-scenes.ts';
import type { Planted } from './scene.ts';

const DAY_MS = 86_400_000;

export type PlayedQuarter = {
  world: PlayedWorld;
  /** The first and the last day, as the command takes them. */
  from: string;
  to: string;
  planted: Planted;
  /** What the commands that made the pack and checked it have said. */
  said: string;
};

/**
 * A quarter that was lived: Latchkey, its database and the world around it, with the clock put forward between the
 * scenes. All that is on record was written by the product itself, at that time. It begins on the next Monday but one,
 * for its clock is ahead of ours.
 */
export async function playQuarter(out: string, { days = 91 } = {}): Promise<PlayedQuarter> {
  const from = mondayAfter(new Date(Date.now() + 7 * DAY_MS));
  // Installed on the Friday before.
  const world = await playedWorld(new Date(from.getTime() - 3 * DAY_MS + 8 * 3_600_000));
  try {
    const planted: Planted = {};
    const acting = actingIn(world, from);
    await opening(acting);
    const scenes = [
      ...ordinaryScenes,
      ...peopleScenes,
      ...plantedScenes,
      ...reviewScenes,
      ...policyScenes,
    ].filter(({ day }) => day < days);
    for (const { day, hour, play } of scenes.toSorted((a, b) => a.day - b.day || a.hour - b.hour)) {
      await acting.at(day, hour);
      await play(acting, planted);
    }
    await world.letPass(new Date(from.getTime() + days * DAY_MS + 9 * 3_600_000));
    const [first, last] = [dayOf(from), dayOf(new Date(from.getTime() + (days - 1) * DAY_MS))];
    const made = await world.latchkey(
      'evidence',
      '--from',
      first,
      '--to',
      last,
      '--sample',
      '5',
      '--seed',
      'spring',
      '--by',
      'Sam Whitaker',
      '--out',
      out,
    );
    const checked = await world.latchkey('evidence', 'verify', out, '--key', world.vkey);
    return { world, from: first, to: last, planted, said: `${made}\n${checked}` };
  } catch (error) {
    await world.close();
    throw error;
  }
}

function mondayAfter(moment: Date): Date {
  const day = new Date(Math.floor(moment.getTime() / DAY_MS) * DAY_MS);
  return new Date(day.getTime() + ((8 - day.getUTCDay()) % 7 || 7) * DAY_MS);
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/** The security officer agrees to the policy that Latchkey was installed with. */
async function opening(acting: Acting): Promise<void> {
  const { startLatchkey, settles, visitor } = acting;
  await startLatchkey();
  await settles();
  // Latchkey gets to know them when they look at its Home.
  for (const as of ['sam', 'sofia', 'tom', 'olga']) await visitor.request('POST', '/slack/sim/home', { as });
  await settles();
  await agreedTo(acting, 'sam@acme.example', 'minutes of the security board, item 4');
}
