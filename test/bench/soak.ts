import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '../../src/sandbox/seed.ts';
import { scimUserOf } from '../journeys/scim-wire.ts';
import { drained } from './ack.ts';
import { borneInWords, busyBetween } from './busy.ts';
import { CROWD, crowdPerson } from './crowd.ts';
import { absolute, type Figure, middle, percentile } from './figure.ts';
import { sealed } from './growth.ts';
import { type Scene, setScene } from './scene.ts';
import { createScimClient } from './scim-client.ts';
import { type Bucket, growth, inWords, watch } from './soak-watch.ts';
import { stormPeople } from './storm-crowd.ts';
import { createTraveller, NotReceived, type Traveller } from './traveller.ts';

/** For a change there is a request of the SCIM client, and each tenth of these makes a new user. */
const CREATES_ONE_IN = 10;
/** Changes under way at once. Where Latchkey is slower than asked, no more of them are begun. */
const UNDER_WAY_MAX = 24;
const ENTITLEMENT = 'payments-api-read';
const GROUP = 'anypoint-payments-read';
const TEAM = 'Payments API readers';
const TARGETS = { ofRate: 0.95, memory: 1.1, heap: 1.15, external: 1.15, connections: 1.1, ageSeconds: 2 };

/**
 * So many changes a second for minutes, with SCIM beside: half of them give somebody access, from the request until it
 * is seen, and half of them are given back. Whether anything grows is told by the last fifth of the time against the
 * second, the first being a start. A machine that can't bear the rate is told so, with what it was busy with. The rest
 * is then told of what it bore: no more than a few are under way at once.
 */
export async function soak(
  say: (line: string) => void,
  { minutes, rate }: { minutes: number; rate: number },
): Promise<Figure[]> {
  const seconds = Math.round(minutes * 60);
  const newcomers = Math.ceil((seconds * rate) / CREATES_ONE_IN);
  const scene = await setScene({ stormPeople: newcomers });
  const traveller = createTraveller(scene);
  const watching = watch(scene, say);
  try {
    const busy = await busyBetween(scene);
    const beside = scimBeside(scene, { seconds, rate, newcomers });
    const changes = await changesAt(traveller, { seconds, rate }, watching.note);
    const scim = await beside;
    const was = await busy();
    const buckets = await watching.stop();
    say(inWords(buckets));
    const done = changes.done / changes.seconds;
    say(borneInWords({ done, rate, least: TARGETS.ofRate * rate, underWay: UNDER_WAY_MAX, was }));
    await drained(scene);
    await sealed(scene.db);
    const holders = changes.holders.map((n) => crowdPerson(n).key);
    const wrong = await notAsDecided(scene, holders);
    const unproven = await withoutProof(scene, changes);
    return figures({ changes, scim, buckets, rate, wrong, unproven });
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
  /** The changes that were given, and of these the ones that were given back. */
  given: string[];
  back: string[];
};

/** Each person of the crowd asks, is given, and gives back, and so on. */
async function changesAt(
  traveller: Traveller,
  { seconds, rate }: { seconds: number; rate: number },
  note: (ms: number) => void,
): Promise<Changes> {
  const given: string[] = [];
  const ended: string[] = [];
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
        ended.push(back.id);
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
      given.push(id);
      holding.push({ n, id });
    });
  }

  const startedAt = performance.now();
  for (let n = 0; n < rate * seconds; n += 1) {
    const dueInMs = startedAt + (n * 1_000) / rate - performance.now();
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
  const holders = holding.map(({ n }) => n);
  return { done: ms.length, refused, lost, seconds: took, ms, holders, given, back: ended };
}

type Scim = { sent: number; failed: number; missing: number; ms: number[] };

/** What an identity provider pushes meanwhile: new users, changed ones, and members of a group that gives nothing. */
async function scimBeside(
  scene: Scene,
  { seconds, rate, newcomers }: { seconds: number; rate: number; newcomers: number },
): Promise<Scim> {
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
    const person = n % CREATES_ONE_IN === 0 ? people.shift() : undefined;
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
  for (let n = 0; n < rate * seconds; n += 1) {
    const dueInMs = startedAt + (n * 1_000) / rate - performance.now();
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

/** Of the changes that ended well: how many are not proven by an entry of the audit that is sealed. */
async function withoutProof({ db }: Scene, { given, back }: Changes): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `select count(*)::int as n from (
         select unnest($1::uuid[]) as id
         union all select revoke_id from unnest($2::uuid[]) given (id) left join changes using (id)
       ) ended where not exists (
         select from audit join audit_seals s on s.audit_id = audit.id
         where audit.change_id = ended.id and audit.type = 'changeSeen')`,
    [given, back],
  );
  return rows[0]?.n ?? given.length;
}

function figures({
  changes,
  scim,
  buckets,
  rate: asked,
  wrong,
  unproven,
}: {
  changes: Changes;
  scim: Scim;
  buckets: readonly Bucket[];
  rate: number;
  wrong: number;
  unproven: number;
}): Figure[] {
  const figure = absolute('soak');
  const rate = changes.done / changes.seconds;
  const least = TARGETS.ofRate * asked;
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
  const none = (metric: string, count: number) => figure(metric, count, '0', count === 0);
  const age = growth(buckets, ({ ageSeconds }) => ageSeconds);
  return [
    figure(`changes per second, of ${asked} asked for`, rate, `>= ${least}`, rate >= least),
    figure('a change, p50, ms', middle(changes.ms), 'none', true),
    figure('a change, p99, ms', percentile(changes.ms, 0.99), 'none', true),
    figure('SCIM requests per second', scim.sent / changes.seconds, 'none', true),
    figure('a SCIM request, p99, ms', percentile(scim.ms, 0.99), 'none', true),
    flat('memory, MB', ({ rssMb }) => rssMb, TARGETS.memory),
    flat('heap after collection, MB', ({ heapMb }) => heapMb, TARGETS.heap),
    flat('memory outside of the heap, MB', ({ externalMb }) => externalMb, TARGETS.external),
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
    none('requests not taken in, and answered so', changes.refused),
    none('lost: changes that never ended, or otherwise', changes.lost),
    none('lost: not as decided, in the directory or in Anypoint', wrong),
    none('lost: ended, without a sealed entry that it was seen', unproven),
    none('lost: SCIM requests refused, or users not there', scim.failed + scim.missing),
  ];
}
