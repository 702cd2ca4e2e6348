import { type Acting, actingIn } from './acting.ts';
import { type PlayedWorld, playedWorld } from './played-world.ts';

const DAY_MS = 86_400_000;

export type PlayedQuarter = {
  world: PlayedWorld;
  /** The first and the last day, as the command takes them. */
  from: string;
  to: string;
  /** Ids of the changes that are not as they should be, by what was planted. */
  planted: Record<string, string>;
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
    const planted: Record<string, string> = {};
    const acting = actingIn(world, from);
    await opening(acting);
    await play(acting, planted, days);
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
async function opening({ startLatchkey, settles, visitor, query, latchkey }: Acting): Promise<void> {
  await startLatchkey();
  await settles();
  // Latchkey gets to know them when they look at its Home.
  for (const as of ['sam', 'sofia', 'tom', 'olga']) await visitor.request('POST', '/slack/sim/home', { as });
  await settles();
  const [policy] = await query<{ fingerprint: string; on: string }>(
    `select fingerprint, (clock_timestamp() at time zone 'UTC')::date::text as on from policies order by loaded_at desc limit 1`,
  );
  await latchkey(
    'policy',
    'agreed',
    policy?.fingerprint ?? '',
    '--by',
    'sam@acme.example',
    '--on',
    policy?.on ?? '',
    '--where',
    'minutes of the security board, item 4',
  );
}

async function play(acting: Acting, planted: Record<string, string>, days: number): Promise<void> {
  await acting.at(1);
  planted.first = await acting.isGiven('ines', {
    entitlement: 'orders-api-read',
    seconds: 604_800,
    reason: 'Stuck orders',
  });
  void days;
}
