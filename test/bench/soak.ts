import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '../../src/sandbox/seed.ts';
import { scimUserOf } from '../journeys/scim-wire.ts';
import { drained } from './ack.ts';
import { CROWD, crowdPerson } from './crowd.ts';
import { absolute, type Figure, middle, percentile } from './figure.ts';
import { type Scene, setScene } from './scene.ts';
import { createScimClient } from './scim-client.ts';
import { type Bucket, growth, inWords, watch } from './soak-watch.ts';
import { stormPeople } from './storm-crowd.ts';
import { createTraveller, NotReceived, type Traveller } from './traveller.ts';

const PER_SECOND = 10;
/** Requests of the SCIM client each second, and how many of them make a new user. */
const SCIM_PER_SECOND = 10;
const CREATES_PER_SECOND = 1;
/** Changes under way at once. Where Latchkey is slower than asked, no more of them are begun. */
const UNDER_WAY_MAX = 24;
const ENTITLEMENT = 'payments-api-read';
const GROUP = 'anypoint-payments-read';
const TEAM = 'Payments API readers';
const TARGETS = { perSecond: 9.5, memory: 1.1, heap: 1.15, connections: 1.1, ageSeconds: 2 };

/**
 * Ten changes a second for minutes, with SCIM beside: half of them give somebody access, from the request until it is
 * seen, and half of them are given back. Whether anything grows is told by the last fifth of the time against the
 * second, the first being a start.
 */
export async function soak(say: (line: string) => void, minutes: number): Promise<Figure[]> {
  const seconds = Math.round(minutes * 60);
  const newcomers = seconds * CREATES_PER_SECOND;
  const scene = await setScene({ stormPeople: newcomers });
  const traveller = createTraveller(scene);
  const watching = watch(scene, say);
  try {
    const beside = scimBeside(scene, seconds, newcomers);
    const changes = await changesAt(traveller, seconds, watching.note);
    const scim = await beside;
    const buckets = await watching.stop();
    await drained(scene);
    say(inWords(buckets));
    const holders = changes.holders.map((n) => crowdPerson(n).key);
    const wrong = await notAsDecided(scene, holders);
    return figures({ changes, scim, buckets, wrong });
  } finally {
    await watching.stop();
    traveller.close();
    await scene.close();
  }
}

type Changes = {
  done: number;
  /** Not taken in, and answered so. */
  refused: number;
  lost: number;
  seconds: number;
  ms: number[];
  holders: number[];
};

/** Each person of the crowd asks, is given, and gives back, and so on. */
async function changesAt(
  traveller: Traveller,
  seconds: number,
  note: (ms: number) => void,
): Promise<Changes> {
  const idle = Array.from({ length: CROWD }, (_, n) => n);
  const holding: { n: number; id: string }[] = [];
  const underWay = new Set<Promise<void>>();
  const ms: number[] = [];
  let refused = 0;
  let lost = 0;

  async function goOne(work: () => Promise<void>): Promise<void> {
    const since = performance.now();
    try {
      await work();
      ms.push(performance.now() - since);
      note(performance.now() - since);
    } catch (error) {
      if (error instanceof NotReceived) refused += 1;
      else lost += 1;
      process.stderr.write(`a change: ${(error as Error).message}\n`);
    }
  }
  function next(): Promise<void> | null {
    const back = holding.length > CROWD / 3 ? holding.shift() : undefined;
    if (back !== undefined)
      return goOne(async () => {
        await traveller.giveBack(back.n, back.id);
        idle.push(back.n);
      });
    const n = idle.shift();
    if (n === undefined) return null;
    return goOne(async () => {
      const id = await traveller.ask(n, ENTITLEMENT).catch((error) => {
        if (error instanceof NotReceived) idle.push(n);
        throw error;
      });
      await traveller.approve(id);
      const state = await traveller.arrives(id);
      if (state !== 'inEffect') throw new Error(`a change is ${state}`);
      holding.push({ n, id });
    });
  }

  const startedAt = performance.now();
  for (let n = 0; n < PER_SECOND * seconds; n += 1) {
    const dueInMs = startedAt + (n * 1_000) / PER_SECOND - performance.now();
    if (dueInMs > 0) await sleep(dueInMs);
    if (performance.now() - startedAt > seconds * 1_000) break;
    while (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
    const one = next();
    if (one === null) continue;
    const kept: Promise<void> = one.finally(() => underWay.delete(kept));
    underWay.add(kept);
  }
  await Promise.all(underWay);
  const took = (performance.now() - startedAt) / 1_000;
  return { done: ms.length, refused, lost, seconds: took, ms, holders: holding.map(({ n }) => n) };
}

type Scim = { sent: number; failed: number; missing: number; ms: number[] };

/** What an identity provider pushes meanwhile: new users, changed ones, and members of a group that gives nothing. */
async function scimBeside(scene: Scene, seconds: number, newcomers: number): Promise<Scim> {
  const client = createScimClient(scene.latchkeyUrl, credentials.scimToken);
  const people = stormPeople(newcomers);
  const made: string[] = [];
  const ms: number[] = [];
  const sending: Promise<void>[] = [];
  let failed = 0;
  const { id: group } = await client.ask<{ id: string }>('POST', '/Groups', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'soak-everybody',
  });
  const patch = (path: string, op: Record<string, unknown>) =>
    client.send('PATCH', path, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [op],
    });
  const members: string[] = [];
  async function one(n: number): Promise<void> {
    const person = n % (SCIM_PER_SECOND / CREATES_PER_SECOND) === 0 ? people.shift() : undefined;
    if (person !== undefined) {
      const { id } = await client.ask<{ id: string }>('POST', '/Users', scimUserOf(person));
      made.push(id);
      return;
    }
    const id = made[n % Math.max(1, made.length)];
    if (id === undefined) return;
    if (n % 2 === 0)
      return await patch(`/Users/${id}`, { op: 'replace', path: 'title', value: `Engineer ${n}` });
    const gone = members.length > 20 ? members.shift() : undefined;
    if (gone !== undefined)
      return await patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${gone}"]` });
    members.push(id);
    await patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: id }] });
  }

  const startedAt = performance.now();
  for (let n = 0; n < SCIM_PER_SECOND * seconds; n += 1) {
    const dueInMs = startedAt + (n * 1_000) / SCIM_PER_SECOND - performance.now();
    if (dueInMs > 0) await sleep(dueInMs);
    const since = performance.now();
    sending.push(
      one(n).then(
        () => void ms.push(performance.now() - since),
        (error: Error) => {
          failed += 1;
          process.stderr.write(`SCIM: ${error.message}\n`);
        },
      ),
    );
  }
  await Promise.all(sending);
  client.close();
  const { rows } = await scene.db.query<{ n: number }>(
    'select count(*)::int as n from scim_users where id = any($1::uuid[])',
    [made],
  );
  return { sent: sending.length, failed, missing: made.length - (rows[0]?.n ?? 0), ms };
}

/** Of the crowd: who should have it by now and has not, or the other way about, in the directory and in Anypoint. */
async function notAsDecided(scene: Scene, holders: readonly string[]): Promise<number> {
  type Listed = { name: string; members: { key: string | null }[] }[];
  const wanted = new Set(holders);
  const wrongIn = async (path: string, name: string) => {
    const found = (await scene.world<Listed>('GET', path)).find((one) => one.name === name)?.members ?? [];
    const keys = new Set(found.flatMap(({ key }) => (key?.startsWith('crowd') === true ? [key] : [])));
    return (
      [...wanted].filter((key) => !keys.has(key)).length + [...keys].filter((key) => !wanted.has(key)).length
    );
  };
  return (await wrongIn('/okta/sim/groups', GROUP)) + (await wrongIn('/anypoint/sim/teams', TEAM));
}

function figures({
  changes,
  scim,
  buckets,
  wrong,
}: {
  changes: Changes;
  scim: Scim;
  buckets: readonly Bucket[];
  wrong: number;
}): Figure[] {
  const figure = absolute('soak');
  const rate = changes.done / changes.seconds;
  const lost = changes.lost + scim.failed + scim.missing + wrong;
  const flat = (metric: string, of: (bucket: Bucket) => number, most: number): Figure => {
    const { before, after } = growth(buckets, of);
    const ratio = after / before;
    return {
      ...figure(metric, after, `ratio <= ${most}`, ratio <= most),
      baseline: 'in the second fifth of the time',
      baselineValue: before,
      ratio,
    };
  };
  const age = growth(buckets, ({ ageSeconds }) => ageSeconds);
  return [
    figure('changes per second', rate, `>= ${TARGETS.perSecond}`, rate >= TARGETS.perSecond),
    figure('a change, p50, ms', middle(changes.ms), 'none', true),
    figure('a change, p99, ms', percentile(changes.ms, 0.99), 'none', true),
    figure('SCIM requests per second', scim.sent / changes.seconds, 'none', true),
    figure('a SCIM request, p99, ms', percentile(scim.ms, 0.99), 'none', true),
    flat('memory, MB', ({ rssMb }) => rssMb, TARGETS.memory),
    flat('heap after collection, MB', ({ heapMb }) => heapMb, TARGETS.heap),
    flat('connections to PostgreSQL', ({ connections }) => connections, TARGETS.connections),
    {
      ...figure(
        'age of the oldest due work, s',
        age.after,
        `< ${TARGETS.ageSeconds}`,
        age.after < TARGETS.ageSeconds,
      ),
      baseline: 'in the second fifth of the time',
      baselineValue: age.before,
    },
    figure('requests not taken in, and answered so', changes.refused, '0', changes.refused === 0),
    figure('lost', lost, '0', lost === 0),
  ];
}
