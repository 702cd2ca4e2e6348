import type pg from 'pg';
import { credentials } from '../../src/sandbox/seed.ts';
import { type Figure, spreadOf } from './figure.ts';
import { setScene } from './scene.ts';
import { createScimClient, type ScimClient } from './scim-client.ts';
import { type Crowd, fillCrowd, GROUPS, SIZES, type Size, takeNewcomersOut } from './scim-crowd.ts';
import { abreast } from './traveller.ts';

/** Requests on their way at once, from every client. */
const WIDTH = 16;
const ROUNDS = 12;
const PER_ROUND = 480;
/** Who comes into each group in one round. */
const PER_GROUP = PER_ROUND / GROUPS;
/** How long scimmy-routers is given for each size: with large groups it answers few. */
const SCIMMY_MS = 6_000;
/** The rounds are looked at in so many runs, for the spread. */
const RUNS = 3;
const OF_BARE = 0.6;
const CREATE_OF_BARE = 0.8;
const FLAT = 0.8;
const TIMES_SCIMMY = 100;

const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const CORE_USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

const addMember = (id: string) => ({
  schemas: [PATCH_OP],
  Operations: [{ op: 'add', path: 'members', value: [{ value: id, display: 'New Person' }] }],
});
let serial = 0;
const newUser = () => {
  const userName = `bench${serial++}@acme.example`;
  return {
    schemas: [CORE_USER],
    userName,
    externalId: `00u${serial}`,
    active: true,
    name: { givenName: 'Bench', familyName: `Person ${serial}` },
    emails: [{ value: userName, type: 'work', primary: true }],
  };
};

/**
 * Three servers, each a process of its own, asked by this one:
 * - Latchkey as `npm start` runs it
 * - a bare route that commits one row in the same PostgreSQL
 * - scimmy-routers over memory
 *
 * Rounds take turns, so that whatever else the machine does meets all of them.
 */
export async function scim(say: (line: string) => void): Promise<Figure[]> {
  const scene = await setScene();
  try {
    say('groups of 10 to 100,000…');
    const crowd = await fillCrowd(scene.db, PER_GROUP * (ROUNDS + 1));
    const bareUrl = await scene.run('./scim-bare.ts', scene.databaseUrl);
    const latchkey = createScimClient(scene.latchkeyUrl, credentials.scimToken);
    const bare = createScimClient(bareUrl, credentials.scimToken);
    say('Latchkey and the bare route…');
    const rates = await takeTurns(scene.db, latchkey, bare, crowd);
    say('scimmy-routers…');
    const scimmyUrl = await scene.run('./scim-scimmy.ts', SIZES.join(','), String(GROUPS));
    const scimmy = createScimClient(scimmyUrl, credentials.scimToken);
    const theirs = await scimmyRates(scimmy);
    for (const client of [latchkey, bare, scimmy]) client.close();
    return figures(rates, theirs);
  } finally {
    await scene.close();
  }
}

const numbers = (length: number) => Array.from({ length }, (_, n) => n);

type Rates = { patch: Record<Size, number>; create: number };
type BesideBare = {
  barePatch: number;
  bareCreate: number;
  /** Of the ratio, over the runs. */
  spreads: { patch: Record<Size, string>; create: string };
};
type Turn = { name: string; ms: number[]; run(round: number): Promise<void> };

async function takeTurns(
  db: pg.Pool,
  latchkey: ScimClient,
  bare: ScimClient,
  crowd: Crowd,
): Promise<Rates & BesideBare> {
  const patches = (client: ScimClient, size: Size) => async (round: number) => {
    const groups = crowd.groups[size];
    await abreast(numbers(PER_ROUND), WIDTH, async (n) => {
      // Each group takes them in an order of its own: at no time are all of them asked to take the same person.
      const group = n % GROUPS;
      const nth = (Math.floor(n / GROUPS) + 2 * group) % PER_GROUP;
      const id = crowd.newcomers[round * PER_GROUP + nth] as string;
      await client.send('PATCH', `/Groups/${groups[group]}`, addMember(id));
    });
  };
  const creations = (client: ScimClient) => async () =>
    await abreast(numbers(PER_ROUND), WIDTH, async () => {
      await client.send('POST', '/Users', newUser());
    });
  const turns: Turn[] = [
    ...SIZES.map((size) => ({ name: String(size), ms: [], run: patches(latchkey, size) })),
    { name: 'bare patch', ms: [], run: patches(bare, 10) },
    { name: 'create', ms: [], run: creations(latchkey) },
    { name: 'bare create', ms: [], run: creations(bare) },
  ];
  // The first round warms up and is not counted.
  for (let round = 0; round <= ROUNDS; round++)
    for (const turn of turns) {
      const startedAt = performance.now();
      await turn.run(round);
      if (round > 0) turn.ms.push(performance.now() - startedAt);
      await takeNewcomersOut(db, crowd);
    }
  const timesOf = (name: string) => turns.find((turn) => turn.name === name)?.ms ?? [];
  const rate = (name: string) => (ROUNDS * PER_ROUND * 1_000) / sum(timesOf(name));
  const spread = (name: string, bareName: string) =>
    spreadOf(
      numbers(RUNS).map((run) => {
        const ofRun = (times: number[]) => sum(times.filter((_, round) => round % RUNS === run));
        return ofRun(timesOf(bareName)) / ofRun(timesOf(name));
      }),
    );
  const bySize = <T>(of: (size: Size) => T) =>
    Object.fromEntries(SIZES.map((size) => [size, of(size)])) as Record<Size, T>;
  return {
    patch: bySize((size) => rate(String(size))),
    create: rate('create'),
    barePatch: rate('bare patch'),
    bareCreate: rate('bare create'),
    spreads: {
      patch: bySize((size) => spread(String(size), 'bare patch')),
      create: spread('create', 'bare create'),
    },
  };
}

const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0);

async function scimmyRates(scimmy: ScimClient): Promise<Rates> {
  const patch = {} as Record<Size, number>;
  for (const size of SIZES)
    patch[size] = await rateWithin(size, async (n) => {
      await scimmy.send('PATCH', `/Groups/g${size}-${n % GROUPS}`, addMember(`newcomer${n}`));
    });
  return { patch, create: await rateWithin(0, async () => await scimmy.send('POST', '/Users', newUser())) };
}

/**
 * Requests answered per second; those still on their way when the time is over are waited for and count too. With
 * the largest groups, one of which takes its single thread many seconds, they are sent one by one.
 */
async function rateWithin(size: number, send: (n: number) => Promise<void>): Promise<number> {
  const width = size === Math.max(...SIZES) ? 1 : WIDTH;
  const startedAt = performance.now();
  let sent = 0;
  await abreast(numbers(width), width, async () => {
    while (performance.now() - startedAt < SCIMMY_MS) await send(sent++);
  });
  return (sent * 1_000) / (performance.now() - startedAt);
}

function figures(ours: Awaited<ReturnType<typeof takeTurns>>, theirs: Rates): Figure[] {
  const against = (
    metric: string,
    value: number,
    baseline: string,
    baselineValue: number,
    atLeast: number | null,
    spread?: string,
  ): Figure => ({
    bench: 'scim',
    metric,
    value,
    baseline,
    baselineValue,
    ratio: value / baselineValue,
    ...(spread === undefined ? {} : { spread }),
    target: atLeast === null ? 'none' : `ratio >= ${atLeast}`,
    holds: atLeast === null || value / baselineValue >= atLeast,
  });
  const patch = (size: Size) => `add-member PATCH per second, group of ${size.toLocaleString('en')}`;
  const bare = 'bare route, one row';
  const rates = SIZES.map((size) => ours.patch[size]);
  return [
    ...SIZES.map((size) =>
      against(patch(size), ours.patch[size], bare, ours.barePatch, OF_BARE, ours.spreads.patch[size]),
    ),
    against('slowest size, PATCH per second', Math.min(...rates), 'fastest size', Math.max(...rates), FLAT),
    ...SIZES.map((size) =>
      against(
        patch(size),
        ours.patch[size],
        'scimmy-routers in memory',
        theirs.patch[size],
        size === 1_000 ? TIMES_SCIMMY : null,
      ),
    ),
    against(
      'create-user POST per second',
      ours.create,
      bare,
      ours.bareCreate,
      CREATE_OF_BARE,
      ours.spreads.create,
    ),
    against('create-user POST per second', ours.create, 'scimmy-routers in memory', theirs.create, null),
  ];
}
