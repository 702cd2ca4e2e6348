import { anypointTeams, oktaGroups } from '../../src/sandbox/seed.ts';
import { drained } from './ack.ts';
import { bareLoop } from './bare-road.ts';
import { CROWD, crowdPerson } from './crowd.ts';
import type { Figure } from './figure.ts';
import { type Counts, countCalls } from './outside-calls.ts';
import type { Scene } from './scene.ts';
import { abreast, type Traveller } from './traveller.ts';

/** Changes under way at once. */
const WIDTH = 16;
const RATIO = 0.5;
const TRIPS_MAX = 60;
const TRIPS_NAMED = 60;
const ENTITLEMENT = 'payments-api-read';
const GROUP = 'anypoint-payments-read';
const TEAM = 'Payments API readers';

/** Whole changes, each of another person, against a loop that makes the same calls for the same people. */
export async function whole(scene: Scene, traveller: Traveller, changes: number = CROWD): Promise<Figure[]> {
  const numbers = Array.from({ length: changes }, (_, n) => n);
  const people = numbers.map(crowdPerson);
  await scene.world('DELETE', '/control/requests');
  await scene.trips();
  let inEffect = 0;
  const startedAt = performance.now();
  await abreast(numbers, WIDTH, async (n) => {
    const id = await traveller.ask(n, ENTITLEMENT);
    await traveller.approve(id);
    if ((await traveller.arrives(id)) === 'inEffect') inEffect += 1;
  });
  const perSecond = (changes * 1_000) / (performance.now() - startedAt);
  await drained(scene);
  const { trips, statements } = await scene.trips();
  if (process.env.TRIPS_SHOWN !== undefined) process.stderr.write(`${inWords(statements, changes)}\n`);
  const counts = await countsNow(scene);
  const proven = await provenIn(scene);

  await takeAllOut(scene, changes);
  await scene.world('DELETE', '/control/requests');
  const target = {
    groupId: oktaGroups.find((g) => g.name === GROUP)?.id ?? '',
    teamId: anypointTeams.find((t) => t.name === TEAM)?.id ?? '',
  };
  const barePerSecond = await bareLoop(scene, people, target, WIDTH, counts);
  const bareCounts = await countsNow(scene);
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
      value: total(counts) / changes,
      baseline: 'bare loop',
      baselineValue: total(bareCounts) / changes,
      ratio: total(counts) / total(bareCounts),
      target: 'the same within 2 %',
      holds: Math.abs(total(counts) / total(bareCounts) - 1) <= 0.02,
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

async function countsNow(scene: Scene): Promise<Counts> {
  return countCalls(await scene.world('GET', '/control/requests'));
}

/** Which statements are asked most, for each change. `TRIPS_SHOWN=1 npm run bench -- road` */
function inWords(statements: Record<string, number>, changes: number): string {
  return Object.entries(statements)
    .sort(([, a], [, b]) => b - a)
    .slice(0, TRIPS_NAMED)
    .map(([text, n]) => `${(n / changes).toFixed(1).padStart(6)}  ${text}`)
    .join('\n');
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
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
async function takeAllOut(scene: Scene, changes: number): Promise<void> {
  await scene.world('POST', '/okta/sim/push', { drop: 'all' });
  for (let n = 0; n < changes; n++) {
    const { key } = crowdPerson(n);
    await scene.world('DELETE', `/okta/sim/groups/${GROUP}/members/${key}`);
    await scene.world('DELETE', `/anypoint/sim/teams/${encodeURIComponent(TEAM)}/members/${key}`);
  }
  await scene.world('POST', '/okta/sim/push', { drop: 'none' });
}
