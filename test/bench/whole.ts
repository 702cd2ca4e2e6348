import { anypointTeams, type Person } from '../../src/sandbox/seed.ts';
import { drained } from './ack.ts';
import { bareListener, bareLoop } from './bare-road.ts';
import { crowdPerson } from './crowd.ts';
import type { Figure } from './figure.ts';
import { countCalls } from './outside-calls.ts';
import type { ProcessorTime, Scene } from './scene.ts';
import { inWords } from './statements-in-words.ts';
import { abreast, type Traveller } from './traveller.ts';

/** Changes under way at once. */
const WIDTH = 16;
const RATIO = 0.5;
const TRIPS_MAX = 60;
const ENTITLEMENT = 'payments-api-read';
const GROUP = 'anypoint-payments-read';
const TEAM = 'Payments API readers';

/** Whole changes, each of another person, against a loop that makes the same calls for the same people. */
export async function whole(scene: Scene, traveller: Traveller, changes: number): Promise<Figure[]> {
  const numbers = Array.from({ length: changes }, (_, n) => n);
  const people = numbers.map(crowdPerson);
  await scene.world('DELETE', '/control/requests');
  await scene.trips();
  const before = await scene.processorTime();
  let inEffect = 0;
  const startedAt = performance.now();
  await abreast(numbers, WIDTH, async (n) => {
    const id = await traveller.ask(n, ENTITLEMENT);
    await traveller.approve(id);
    if ((await traveller.arrives(id)) === 'inEffect') inEffect += 1;
  });
  const perSecond = (changes * 1_000) / (performance.now() - startedAt);
  await drained(scene);
  const after = await scene.processorTime();
  const { trips, statements } = await scene.trips();
  if (process.env.TRIPS_SHOWN !== undefined) process.stderr.write(`${inWords(statements, changes)}\n`);
  const calls = await callsNow(scene);
  const proven = await provenIn(scene);

  const listener = await bareListener(scene);
  await takeAllOut(scene, people);
  await scene.world('DELETE', '/control/requests');
  const target = { group: GROUP, teamId: anypointTeams.find((t) => t.name === TEAM)?.id ?? '', width: WIDTH };
  const bareBefore = await scene.processorTime();
  const barePerSecond = await bareLoop(scene, people, { ...target, counts: calls.counts, listener });
  const bareAfter = await scene.processorTime();
  await listener.close();
  const bareCalls = await callsNow(scene);
  return [
    {
      bench: 'road',
      metric: 'whole changes per second',
      value: perSecond,
      baseline: 'bare loop, same calls, one commit a step',
      baselineValue: barePerSecond,
      ratio: perSecond / barePerSecond,
      target: `ratio >= ${RATIO}`,
      holds: perSecond / barePerSecond >= RATIO,
    },
    {
      bench: 'road',
      metric: 'outside calls per change',
      value: calls.all / changes,
      baseline: 'bare loop',
      baselineValue: bareCalls.all / changes,
      ratio: calls.all / bareCalls.all,
      target: 'the same within 2 %',
      holds: Math.abs(calls.all / bareCalls.all - 1) <= 0.02,
    },
    {
      bench: 'road',
      metric: 'SQL round trips per change',
      value: trips / changes,
      baseline: null,
      baselineValue: null,
      ratio: null,
      target: `<= ${TRIPS_MAX}`,
      holds: trips / changes <= TRIPS_MAX,
    },
    ...processorFigures({ before, after }, { before: bareBefore, after: bareAfter }, changes),
    {
      bench: 'road',
      metric: 'lost changes',
      value: changes - Math.min(inEffect, proven),
      baseline: null,
      baselineValue: null,
      ratio: null,
      target: '0',
      holds: inEffect === changes && proven === changes,
    },
  ];
}

type Span = { before: ProcessorTime; after: ProcessorTime };

/** What a change costs each process, which other work on the machine hardly shifts. */
function processorFigures(ours: Span, bare: Span, changes: number): Figure[] {
  const each = ({ before, after }: Span, of: keyof ProcessorTime) => (after[of] - before[of]) / changes;
  return (['latchkey', 'postgres', 'world', 'bench'] as const).map((of) => ({
    bench: 'road',
    metric: `processor time a change (ms): ${of}`,
    value: each(ours, of),
    baseline: 'bare loop',
    baselineValue: each(bare, of),
    ratio: null,
    target: 'shown only',
    holds: true,
  }));
}

/** Every outside call so far, and how many there are of each kind. */
async function callsNow(scene: Scene) {
  const seen = await scene.world<Parameters<typeof countCalls>[0]>('GET', '/control/requests');
  return { all: seen.length, counts: countCalls(seen, scene.idp) };
}

/** How many of the crowd Anypoint itself has in the team. */
async function provenIn(scene: Scene): Promise<number> {
  const teams = await scene.world<{ name: string; members: { key: string | null }[] }[]>(
    'GET',
    '/anypoint/sim/teams',
  );
  return teams.find((t) => t.name === TEAM)?.members.filter((m) => m.key?.startsWith('crowd')).length ?? 0;
}

/** Everybody out of group and team again, without a word to Latchkey. */
async function takeAllOut(scene: Scene, people: readonly Person[]): Promise<void> {
  const keys = people.map(({ key }) => key);
  await scene.idp.takeOut(scene.world, GROUP, keys);
  for (const key of keys)
    await scene.world('DELETE', `/anypoint/sim/teams/${encodeURIComponent(TEAM)}/members/${key}`);
}
